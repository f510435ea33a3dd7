package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// keys are what a principal signs with.
type keys struct{ id, secret, token string }

// account is a principal that makes the world as the tests need it.
type account struct {
	keys
	region string
	iam    *iam.Client
	ec2    *ec2.Client
	sts    *sts.Client
}

func as(k keys, region string) *account {
	cfg := aws.Config{
		Region: region, BaseEndpoint: &shared.endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret, SessionToken: k.token}, nil
		}),
	}
	return &account{k, region, iam.NewFromConfig(cfg), ec2.NewFromConfig(cfg), sts.NewFromConfig(cfg)}
}

// firstAdmin makes an administrator while moto still lets everybody in.
func firstAdmin(ctx context.Context, region string) (*account, error) {
	anybody := as(keys{id: "AKIAANYBODY", secret: "anything"}, region)
	name := aws.String("admin")
	if _, err := anybody.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); err != nil {
		return nil, err
	}
	if _, err := anybody.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: name, PolicyName: name, PolicyDocument: aws.String(allow("*")),
	}); err != nil {
		return nil, err
	}
	made, err := anybody.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		return nil, err
	}
	return as(keys{id: *made.AccessKey.AccessKeyId, secret: *made.AccessKey.SecretAccessKey}, region), nil
}

// allow is a policy that allows the actions on everything.
func allow(actions ...string) string { return policyOf("Allow", actions...) }

func policyOf(effect string, actions ...string) string {
	document, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []any{map[string]any{"Effect": effect, "Action": actions, "Resource": "*"}},
	})
	if err != nil {
		panic(err)
	}
	return string(document)
}

// trusting is a trust policy for the services.
func trusting(services ...string) string {
	document, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": services}, "Action": "sts:AssumeRole",
		}},
	})
	if err != nil {
		panic(err)
	}
	return string(document)
}

const ec2Service = "ec2.amazonaws.com"

// nameFor returns a name of this test's own.
func nameFor(t *testing.T, what string) string {
	t.Helper()
	return strings.NewReplacer("/", ".", ":", ".", "_", "-", " ", "-").Replace(t.Name()) + "-" + what
}

// must fails the test on an error of an API call that prepares it.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newRole makes a role with the trust policy.
func (a *account) newRole(t *testing.T, name, trust string) string {
	t.Helper()
	out := must[*iam.CreateRoleOutput](t)(a.iam.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: &trust,
	}))
	return *out.Role.Arn
}

// newProfile makes an instance profile, with the role in it unless that is empty.
func (a *account) newProfile(t *testing.T, name, role string) {
	t.Helper()
	must[*iam.CreateInstanceProfileOutput](t)(a.iam.CreateInstanceProfile(t.Context(), &iam.CreateInstanceProfileInput{
		InstanceProfileName: &name,
	}))
	if role != "" {
		a.addRole(t, name, role)
	}
}

func (a *account) addRole(t *testing.T, profile, role string) {
	t.Helper()
	must[*iam.AddRoleToInstanceProfileOutput](t)(a.iam.AddRoleToInstanceProfile(t.Context(), &iam.AddRoleToInstanceProfileInput{
		InstanceProfileName: &profile, RoleName: &role,
	}))
}

func (a *account) removeRole(t *testing.T, profile, role string) {
	t.Helper()
	must[*iam.RemoveRoleFromInstanceProfileOutput](t)(a.iam.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{
		InstanceProfileName: &profile, RoleName: &role,
	}))
}

func (a *account) deleteProfile(t *testing.T, name string) {
	t.Helper()
	must[*iam.DeleteInstanceProfileOutput](t)(a.iam.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{
		InstanceProfileName: &name,
	}))
}

func (a *account) setTrust(t *testing.T, role, trust string) {
	t.Helper()
	must[*iam.UpdateAssumeRolePolicyOutput](t)(a.iam.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName: &role, PolicyDocument: &trust,
	}))
}

// newInstance launches an instance, with the profile unless that is empty.
func (a *account) newInstance(t *testing.T, profile string) string {
	t.Helper()
	in := &ec2.RunInstancesInput{
		ImageId: aws.String(a.image(t)), InstanceType: "t3.micro", MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
	}
	if profile != "" {
		in.IamInstanceProfile = &ec2types.IamInstanceProfileSpecification{Name: &profile}
	}
	out := must[*ec2.RunInstancesOutput](t)(a.ec2.RunInstances(t.Context(), in))
	return *out.Instances[0].InstanceId
}

// image returns an image that moto knows.
func (a *account) image(t *testing.T) string {
	t.Helper()
	out := must[*ec2.DescribeImagesOutput](t)(a.ec2.DescribeImages(t.Context(), &ec2.DescribeImagesInput{}))
	return *out.Images[0].ImageId
}

func (a *account) setMetadata(t *testing.T, instance string, endpoint ec2types.InstanceMetadataEndpointState, hops int32) {
	t.Helper()
	must[*ec2.ModifyInstanceMetadataOptionsOutput](t)(a.ec2.ModifyInstanceMetadataOptions(t.Context(), &ec2.ModifyInstanceMetadataOptionsInput{
		InstanceId: &instance, HttpEndpoint: endpoint, HttpPutResponseHopLimit: &hops, HttpTokens: ec2types.HttpTokensStateRequired,
	}))
}

// associationOf returns the id of the instance's association.
func (a *account) associationOf(t *testing.T, instance string) string {
	t.Helper()
	out := must[*ec2.DescribeIamInstanceProfileAssociationsOutput](t)(a.ec2.DescribeIamInstanceProfileAssociations(t.Context(), &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []ec2types.Filter{{Name: aws.String("instance-id"), Values: []string{instance}}},
	}))
	return *out.IamInstanceProfileAssociations[0].AssociationId
}

// newUser makes a user who may do what the policies allow, and nothing else.
func (a *account) newUser(t *testing.T, policies ...string) (user string, k keys) {
	t.Helper()
	user = nameFor(t, "user")
	must[*iam.CreateUserOutput](t)(a.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &user}))
	for i, p := range policies {
		a.grant(t, user, fmt.Sprintf("given-%d", i), p)
	}
	made := must[*iam.CreateAccessKeyOutput](t)(a.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user}))
	return user, keys{id: *made.AccessKey.AccessKeyId, secret: *made.AccessKey.SecretAccessKey}
}

func (a *account) grant(t *testing.T, user, name, policy string) {
	t.Helper()
	must[*iam.PutUserPolicyOutput](t)(a.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: &user, PolicyName: &name, PolicyDocument: &policy,
	}))
}

// newSession makes a role with the policy within the boundary, and assumes it.
func (a *account) newSession(t *testing.T, policy, boundary string) keys {
	t.Helper()
	name := nameFor(t, "ops")
	in := &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)}
	if boundary != "" {
		made := must[*iam.CreatePolicyOutput](t)(a.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{
			PolicyName: aws.String(name + "-boundary"), PolicyDocument: &boundary,
		}))
		in.PermissionsBoundary = made.Policy.Arn
	}
	role := must[*iam.CreateRoleOutput](t)(a.iam.CreateRole(t.Context(), in))
	must[*iam.PutRolePolicyOutput](t)(a.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &name, PolicyName: aws.String("all"), PolicyDocument: &policy,
	}))
	out := must[*sts.AssumeRoleOutput](t)(a.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: role.Role.Arn, RoleSessionName: aws.String("session"),
	}))
	return keys{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken}
}
