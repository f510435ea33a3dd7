package doctor_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// fleet is an instance with a profile of its own that holds a role.
type fleet struct{ instance, profile, role, roleARN string }

func newFleet(t *testing.T) fleet {
	t.Helper()
	f := fleet{profile: nameFor(t, "p"), role: nameFor(t, "r")}
	f.roleARN = shared.admin.newRole(t, f.role, trusting(ec2Service))
	shared.admin.newProfile(t, f.profile, f.role)
	f.instance = shared.admin.newInstance(t, f.profile)
	return f
}

func TestInstanceHealthy(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	r := diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "no_fault_found", "ok")
	for _, name := range []string{"caller", "instance", "metadata_options", "association", "profile", "profile_id", "has_role", "trust_policy"} {
		expectStep(t, r, name, "pass", "ok")
	}
}

func TestInstanceWithoutProfile(t *testing.T) {
	t.Parallel()
	instance := shared.admin.newInstance(t, "")
	r := diagnose(t, shared.admin.keys, "instance", instance)
	expect(t, r, "no_instance_profile", "critical")
	expectRemedy(t, r, "aws ec2 associate-iam-instance-profile --instance-id "+instance)
}

func TestInstanceProfileDetached(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	must[*ec2.DisassociateIamInstanceProfileOutput](t)(shared.admin.ec2.DisassociateIamInstanceProfile(t.Context(),
		&ec2.DisassociateIamInstanceProfileInput{AssociationId: aws.String(shared.admin.associationOf(t, f.instance))}))
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "no_instance_profile", "critical")
}

func TestInstanceProfileDeletedAndRecreated(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.removeRole(t, f.profile, f.role)
	shared.admin.deleteProfile(t, f.profile)
	r := diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "instance_profile_not_found", "critical")
	expectStep(t, r, "profile", "fail", "profile_not_found")

	shared.admin.newProfile(t, f.profile, f.role)
	r = diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "instance_profile_not_found", "critical")
	s := expectStep(t, r, "profile_id", "fail", "profile_recreated")
	if s.Evidence["associated_id"] == s.Evidence["profile_id"] || s.Evidence["profile_id"] == "" {
		t.Errorf("ids: %v", s.Evidence)
	}
	association := shared.admin.associationOf(t, f.instance)
	expectRemedy(t, r, "aws ec2 disassociate-iam-instance-profile --association-id "+association)
	expectRemedy(t, r, "aws ec2 associate-iam-instance-profile --instance-id "+f.instance+" --iam-instance-profile Name="+f.profile)

	// The remedy, done.
	must[*ec2.DisassociateIamInstanceProfileOutput](t)(shared.admin.ec2.DisassociateIamInstanceProfile(t.Context(),
		&ec2.DisassociateIamInstanceProfileInput{AssociationId: &association}))
	must[*ec2.AssociateIamInstanceProfileOutput](t)(shared.admin.ec2.AssociateIamInstanceProfile(t.Context(),
		&ec2.AssociateIamInstanceProfileInput{InstanceId: &f.instance, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: &f.profile}}))
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "no_fault_found", "ok")
}

func TestInstanceRoleRemoved(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.removeRole(t, f.profile, f.role)
	r := diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "no_role", "critical")
	expectStep(t, r, "has_role", "fail", "profile_without_role")
	expectRemedy(t, r, "aws iam add-role-to-instance-profile --instance-profile-name "+f.profile)
	shared.admin.addRole(t, f.profile, f.role)
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "no_fault_found", "ok")
}

func TestInstanceTrustBrokenAndMended(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.setTrust(t, f.role, trusting("lambda.amazonaws.com"))
	r := diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "assume_role_unauthorized", "critical")
	expectStep(t, r, "trust_policy", "fail", "trust_allows_nobody")
	expectRemedy(t, r, "aws iam update-assume-role-policy --role-name "+f.role)

	// The policy of the remedy keeps what was there, and mends it.
	shared.admin.setTrust(t, f.role, r.policy(t))
	r = diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "no_fault_found", "ok")

	shared.admin.setTrust(t, f.role, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},
		{"Sid":"NoOne","Effect":"Deny","Principal":{"Service":["ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`)
	r = diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "assume_role_unauthorized", "critical")
	expectStep(t, r, "trust_policy", "fail", "trust_denies")

	shared.admin.setTrust(t, f.role, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole",
		"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}}`)
	r = diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "trust_depends", "warning")
}

func TestInstanceMetadataOptions(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.setMetadata(t, f.instance, ec2types.InstanceMetadataEndpointStateEnabled, 1)
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "no_fault_found", "ok")
	r := diagnose(t, shared.admin.keys, "instance", f.instance, "--containers")
	expect(t, r, "hop_limit_too_low", "critical")
	expectRemedy(t, r, "aws ec2 modify-instance-metadata-options --instance-id "+f.instance+" --http-put-response-hop-limit 2")
	shared.admin.setMetadata(t, f.instance, ec2types.InstanceMetadataEndpointStateEnabled, 2)
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance, "--containers"), "no_fault_found", "ok")
	shared.admin.setMetadata(t, f.instance, ec2types.InstanceMetadataEndpointStateDisabled, 2)
	r = diagnose(t, shared.admin.keys, "instance", f.instance)
	expect(t, r, "imds_disabled", "critical")
	expectStep(t, r, "metadata_options", "fail", "endpoint_disabled")
}

func TestInstanceWrongRole(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance, "--expect-role="+f.role), "no_fault_found", "ok")
	r := diagnose(t, shared.admin.keys, "instance", f.instance, "--expect-role=somebody-else")
	expect(t, r, "wrong_role", "critical")
	expectStep(t, r, "expected_role", "fail", "role_mismatch")
}

func TestInstanceNotFoundAndTerminated(t *testing.T) {
	t.Parallel()
	r := diagnose(t, shared.admin.keys, "instance", "i-0123456789abcdef0")
	expect(t, r, "instance_not_found", "unknown")
	f := newFleet(t)
	must[*ec2.TerminateInstancesOutput](t)(shared.admin.ec2.TerminateInstances(t.Context(),
		&ec2.TerminateInstancesInput{InstanceIds: []string{f.instance}}))
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "instance_terminated", "unknown")
}

// TestInstancePermissions takes the doctor's permissions away one by one, down
// to a caller who may do nothing at all.
func TestInstancePermissions(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	needed := []string{"ec2:DescribeInstances", "iam:GetInstanceProfile", "iam:GetRole"}
	for i, lacking := range needed {
		t.Run(lacking, func(t *testing.T) {
			t.Parallel()
			user, k := shared.admin.newUser(t, allow(append([]string{"sts:GetCallerIdentity"}, needed[:i]...)...))
			r := diagnose(t, k, "instance", f.instance)
			if lacking == "iam:GetRole" {
				// The profile's copy of the trust policy does as well.
				expect(t, r, "no_fault_found", "ok")
				return
			}
			expect(t, r, "permission_lacking", "unknown")
			expectRemedy(t, r, "aws iam put-user-policy --user-name "+user)
			var policy struct {
				Statement []struct{ Action any }
			}
			if err := json.Unmarshal([]byte(r.policy(t)), &policy); err != nil || policy.Statement[0].Action != lacking {
				t.Errorf("policies %+v: %v", r.Policies, err)
			}
			for _, s := range r.Steps {
				if s.Status == "unknown" && s.Lacks != lacking {
					t.Errorf("step %s lacks %q", s.Name, s.Lacks)
				}
			}
		})
	}
}

func TestInstanceInChina(t *testing.T) {
	t.Parallel()
	c := shared.chinese
	role, profile := nameFor(t, "r"), nameFor(t, "p")
	c.newRole(t, role, trusting("ec2.amazonaws.com.cn"))
	c.newProfile(t, profile, role)
	instance := c.newInstance(t, profile)
	r := diagnoseIn(t, c.region, c.keys, "instance", instance)
	expect(t, r, "no_fault_found", "ok")

	// Elsewhere the same name is nobody's.
	f := newFleet(t)
	shared.admin.setTrust(t, f.role, trusting("ec2.amazonaws.com.cn"))
	expect(t, diagnose(t, shared.admin.keys, "instance", f.instance), "assume_role_unauthorized", "critical")
}
