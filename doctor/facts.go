package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/imds-probe/imds-probe/probes"
)

// Caller is who asks.
type Caller struct{ ARN, Account, Partition string }

// Profile is an instance profile as IAM has it.
type Profile struct {
	Name, ARN, ID string
	// Roles holds one role at most: IAM allows no more.
	Roles []Role
}

// Role is a role as IAM has it.
type Role struct {
	Name, ARN string
	// Trust is its trust policy, as JSON.
	Trust string
	// Created is when the role was made; re-creating a role of the same name makes
	// it later.
	Created time.Time
}

// holds tells whether the profile holds the role.
func (p Profile) holds(role string) bool {
	return len(p.Roles) > 0 && p.Roles[0].Name == role
}

func (d *Doctor) caller(ctx context.Context) Answer[Caller] {
	a := ask(ctx, "sts:GetCallerIdentity", "", func() (Caller, error) {
		out, err := d.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return Caller{}, err
		}
		who, err := arn.Parse(aws.ToString(out.Arn))
		if err != nil {
			return Caller{}, errors.New("GetCallerIdentity answered without an ARN")
		}
		return Caller{who.String(), aws.ToString(out.Account), who.Partition}, nil
	})
	if a.failed(FailureRefused) {
		a.Failure.Message = fmt.Sprintf("they are wrong, deleted, or of another partition than %s (region %s)", partitionOfRegion(d.region), d.region)
	}
	return a
}

func (d *Doctor) profile(ctx context.Context, c Caller, name string) Answer[Profile] {
	return ask(ctx, "iam:GetInstanceProfile", name, func() (Profile, error) {
		out, err := d.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
		if err != nil {
			return Profile{}, err
		}
		if out.InstanceProfile == nil {
			return Profile{}, errors.New("GetInstanceProfile answered without a profile")
		}
		return profileFrom(*out.InstanceProfile), nil
	}).on(c.anywhere("instance-profile", name)...)
}

func (d *Doctor) role(ctx context.Context, c Caller, name string) Answer[Role] {
	return ask(ctx, "iam:GetRole", name, func() (Role, error) {
		out, err := d.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return Role{}, err
		}
		if out.Role == nil {
			return Role{}, errors.New("GetRole answered without a role")
		}
		return roleFrom(*out.Role), nil
	}).on(c.anywhere("role", name)...)
}

func profileFrom(p iamtypes.InstanceProfile) Profile {
	profile := Profile{
		Name: aws.ToString(p.InstanceProfileName),
		ARN:  aws.ToString(p.Arn),
		ID:   aws.ToString(p.InstanceProfileId),
	}
	for _, r := range p.Roles {
		profile.Roles = append(profile.Roles, roleFrom(r))
	}
	return profile
}

// roleFrom keeps what is needed of a role. IAM sends the policy percent-encoded;
// what does not decode is kept, and found malformed later.
func roleFrom(r iamtypes.Role) Role {
	trust := aws.ToString(r.AssumeRolePolicyDocument)
	if decoded, err := url.PathUnescape(trust); err == nil {
		trust = decoded
	}
	return Role{Name: aws.ToString(r.RoleName), ARN: aws.ToString(r.Arn), Trust: trust, Created: aws.ToTime(r.CreateDate)}
}

const stepCaller = "caller"

// callerStep is the first step of every ladder.
func callerStep(a Answer[Caller]) Step {
	if a.Failure != nil {
		return unanswered(stepCaller, a.Asked, a.Failure)
	}
	return passed(stepCaller, a.Asked, "you are "+clean(a.Value.ARN)).with("account", a.Value.Account)
}

// nameOf returns the name at the end of an instance profile's ARN.
func nameOf(profileARN string) string { return probes.ProfileName(profileARN) }

// accountOf returns the account in an ARN.
func accountOf(s string) string { return parsed(s).AccountID }

// partitionOf returns the partition in an ARN.
func partitionOf(s string) string { return parsed(s).Partition }

// parsed returns the parts of an ARN, all empty where it is none.
func parsed(s string) arn.ARN {
	a, _ := arn.Parse(s)
	return a
}

// anywhere are the ARNs of a thing in IAM under any path, for a policy.
func (c Caller) anywhere(kind, name string) []string {
	return []string{c.iamARN(kind, name), c.iamARN(kind, "*/"+name)}
}

// iamARN builds the ARN of a thing in IAM whose path is not known to be other
// than /.
func (c Caller) iamARN(kind, name string) string {
	return strings.Join([]string{"arn", c.Partition, "iam", "", c.Account, kind + "/" + name}, ":")
}
