package doctor_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func TestRoleListed(t *testing.T) {
	t.Parallel()
	// The console makes a profile of the role's own name.
	name := nameFor(t, "r")
	shared.admin.newRole(t, name, trusting(ec2Service))
	shared.admin.newProfile(t, name, name)
	r := diagnose(t, shared.admin.keys, "role", name)
	expect(t, r, "role_listed", "ok")
}

func TestRoleUnderOtherName(t *testing.T) {
	t.Parallel()
	name, other := nameFor(t, "r"), nameFor(t, "elsewhere")
	shared.admin.newRole(t, name, trusting(ec2Service))
	shared.admin.newProfile(t, other, name)
	r := diagnose(t, shared.admin.keys, "role", name)
	expect(t, r, "role_under_other_name", "warning")
	if got := r.step(t, "held_by").Evidence["profiles"]; got != other {
		t.Errorf("held by %q, want %q", got, other)
	}
	expectRemedy(t, r, "--iam-instance-profile Name="+other)

	// A profile of the role's name that holds another role is a trap, not the answer.
	stranger := nameFor(t, "stranger")
	shared.admin.newRole(t, stranger, trusting(ec2Service))
	shared.admin.newProfile(t, name, stranger)
	r = diagnose(t, shared.admin.keys, "role", name)
	expect(t, r, "role_under_other_name", "warning")
	expectStep(t, r, "same_name", "fail", "holds_other_role")
}

func TestRoleInNoProfile(t *testing.T) {
	t.Parallel()
	name := nameFor(t, "r")
	shared.admin.newRole(t, name, trusting(ec2Service))
	r := diagnose(t, shared.admin.keys, "role", name)
	expect(t, r, "role_in_no_profile", "critical")
	expectRemedy(t, r, "aws iam create-instance-profile --instance-profile-name "+name)
	expectRemedy(t, r, "aws iam add-role-to-instance-profile --instance-profile-name "+name+" --role-name "+name)

	// The remedy, half done and then done.
	shared.admin.newProfile(t, name, "")
	expect(t, diagnose(t, shared.admin.keys, "role", name), "no_role", "critical")
	shared.admin.addRole(t, name, name)
	expect(t, diagnose(t, shared.admin.keys, "role", name), "role_listed", "ok")
}

func TestRoleProfileHoldsOtherRole(t *testing.T) {
	t.Parallel()
	name, stranger := nameFor(t, "r"), nameFor(t, "stranger")
	shared.admin.newRole(t, name, trusting(ec2Service))
	shared.admin.newRole(t, stranger, trusting(ec2Service))
	shared.admin.newProfile(t, name, stranger)
	expect(t, diagnose(t, shared.admin.keys, "role", name), "profile_holds_other_role", "critical")
}

func TestRoleMissing(t *testing.T) {
	t.Parallel()
	expect(t, diagnose(t, shared.admin.keys, "role", nameFor(t, "r")), "role_missing", "critical")
}

func TestRoleForAnotherService(t *testing.T) {
	t.Parallel()
	name := nameFor(t, "r")
	shared.admin.newRole(t, name, trusting("lambda.amazonaws.com"))
	shared.admin.newProfile(t, name, name)
	expect(t, diagnose(t, shared.admin.keys, "role", name), "assume_role_unauthorized", "critical")
}

func TestRoleListDenied(t *testing.T) {
	t.Parallel()
	name, other := nameFor(t, "r"), nameFor(t, "elsewhere")
	shared.admin.newRole(t, name, trusting(ec2Service))
	shared.admin.newProfile(t, other, name)
	user, k := shared.admin.newUser(t, allow("iam:GetRole", "iam:GetInstanceProfile", "iam:ListInstanceProfilesForRole"))
	r := diagnose(t, k, "role", name)
	expect(t, r, "list_profiles_denied", "critical")
	if s := r.step(t, "may_list"); s.Lacks != "iam:ListInstanceProfiles" {
		t.Errorf("lacks %q", s.Lacks)
	}
	if s := r.step(t, "held_by"); s.Evidence["profiles"] != other {
		t.Errorf("held by %q", s.Evidence["profiles"])
	}

	// The policy of the remedy is enough.
	shared.admin.grant(t, user, "remedy", r.policy(t))
	expect(t, diagnose(t, k, "role", name), "role_under_other_name", "warning")

	// Without iam:GetRole the list alone tells the name to choose.
	must[*iam.DeleteUserPolicyOutput](t)(shared.admin.iam.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{
		UserName: &user, PolicyName: given0(),
	}))
	expect(t, diagnose(t, k, "role", name), "role_under_other_name", "warning")
}

// given0 is the name of the first policy that newUser gives.
func given0() *string {
	name := "given-0"
	return &name
}
