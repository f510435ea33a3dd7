package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// InstanceRequest is what the topic "instance" is asked.
type InstanceRequest struct {
	// ID is the instance.
	ID string
	// Containers says that containers behind a bridge on it need IMDS.
	Containers bool
	// ExpectRole is the role that it should have, or empty.
	ExpectRole Ref
	// Agent is the status that the agent on it gave; the zero value was not asked.
	Agent Answer[AgentStatus]
	// Seen is what the instance's own IMDS shows; the zero value was not asked.
	Seen Answer[Sighting]
}

// Instance is an instance as EC2 has it.
type Instance struct {
	ID, State             string
	ProfileARN, ProfileID string
	HTTPEndpoint          string
	HTTPTokens            string
	HopLimit              int32
	// Address is its private IPv4 address, or empty.
	Address string
}

// Sighting is what one observer on the instance sees of profile and role.
type Sighting struct {
	// By names the observer.
	By                          string
	Role, ProfileARN, ProfileID string
	// Issued is when the credentials were issued, to within [issuedMargin], or zero.
	Issued time.Time
}

// Instance asks about an instance.
func (d *Doctor) Instance(ctx context.Context, r InstanceRequest) Report {
	f := InstanceFacts{InstanceRequest: r, Now: d.now(), Region: d.region, Caller: d.caller(ctx)}
	if !f.Caller.OK() {
		return DiagnoseInstance(f)
	}
	f.Instance = d.instance(ctx, r.ID)
	name := nameOf(f.Instance.Value.ProfileARN)
	if name == "" {
		return DiagnoseInstance(f)
	}
	f.Association = d.association(ctx, r.ID)
	f.Profile = d.profile(ctx, f.Caller.Value, name).on(f.Instance.Value.ProfileARN)
	if roles := f.Profile.Value.Roles; len(roles) > 0 && IsRoleName(roles[0].Name) {
		f.Role = d.role(ctx, f.Caller.Value, roles[0].Name).on(roles[0].ARN)
	}
	return DiagnoseInstance(f)
}

func (d *Doctor) instance(ctx context.Context, id string) Answer[Instance] {
	return ask(ctx, "ec2:DescribeInstances", id, func() (Instance, error) {
		out, err := d.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
		if err != nil {
			return Instance{}, err
		}
		for _, reservation := range out.Reservations {
			for _, i := range reservation.Instances {
				return instanceFrom(i), nil
			}
		}
		return Instance{}, errors.New("DescribeInstances answered without an instance")
	})
}

func instanceFrom(i ec2types.Instance) Instance {
	instance := Instance{ID: aws.ToString(i.InstanceId), Address: aws.ToString(i.PrivateIpAddress)}
	if i.State != nil {
		instance.State = string(i.State.Name)
	}
	if p := i.IamInstanceProfile; p != nil {
		instance.ProfileARN, instance.ProfileID = aws.ToString(p.Arn), aws.ToString(p.Id)
	}
	if m := i.MetadataOptions; m != nil {
		instance.HTTPEndpoint, instance.HTTPTokens = string(m.HttpEndpoint), string(m.HttpTokens)
		instance.HopLimit = aws.ToInt32(m.HttpPutResponseHopLimit)
	}
	return instance
}

// association asks for the id of the association, which a remedy needs. It is a
// help only: without the permission the command keeps its placeholder.
func (d *Doctor) association(ctx context.Context, id string) Answer[string] {
	return ask(ctx, "ec2:DescribeIamInstanceProfileAssociations", id, func() (string, error) {
		out, err := d.ec2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
			Filters: []ec2types.Filter{{Name: aws.String("instance-id"), Values: []string{id}}},
		})
		if err != nil {
			return "", err
		}
		for _, a := range out.IamInstanceProfileAssociations {
			return aws.ToString(a.AssociationId), nil
		}
		return "", nil
	})
}
