package doctor_test

import (
	"testing"
)

// whatAddRoleReads are the doctor's own permissions for this topic.
var whatAddRoleReads = []string{"iam:GetInstanceProfile", "iam:GetRole", "iam:SimulatePrincipalPolicy", "iam:GetAccountSummary"}

func newPair(t *testing.T) (profile, role string) {
	t.Helper()
	profile, role = nameFor(t, "p"), nameFor(t, "r")
	shared.admin.newRole(t, role, trusting(ec2Service))
	shared.admin.newProfile(t, profile, "")
	return profile, role
}

func addRoleArgs(profile, role string) []string {
	return []string{"add-role", "--instance-profile=" + profile, "--role=" + role}
}

// TestAddRolePermissions begins with a caller who may only look, and gives them
// the one policy of the remedy, with which the role can be added.
func TestAddRolePermissions(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	user, k := shared.admin.newUser(t, allow(whatAddRoleReads...))
	r := diagnose(t, k, addRoleArgs(profile, role)...)
	expect(t, r, "add_role_denied", "critical")
	s := expectStep(t, r, "may_add", "fail", "nothing_allows")
	if want := "arn:aws:iam::123456789012:instance-profile/" + profile; s.Evidence["resource"] != want {
		t.Errorf("asked about %q, want %q", s.Evidence["resource"], want)
	}
	s = expectStep(t, r, "may_pass", "fail", "nothing_allows")
	if want := "arn:aws:iam::123456789012:role/" + role; s.Evidence["resource"] != want {
		t.Errorf("asked about %q, want %q", s.Evidence["resource"], want)
	}
	shared.admin.grant(t, user, "remedy", r.policy(t))
	expect(t, diagnose(t, k, addRoleArgs(profile, role)...), "add_role_allowed", "ok")
}

func TestAddRoleExplicitDeny(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	user, k := shared.admin.newUser(t, allow("*"), policyOf("Deny", "iam:PassRole"))
	r := diagnose(t, k, addRoleArgs(profile, role)...)
	expect(t, r, "pass_role_denied", "critical")
	s := expectStep(t, r, "may_pass", "fail", "explicit_deny")
	if s.Evidence["matched"] != "user_"+user+"_given-0; user_"+user+"_given-1" {
		t.Errorf("matched %q", s.Evidence["matched"])
	}
	if len(r.Policies) > 0 {
		t.Errorf("a policy that would not help: %+v", r.Policies)
	}
}

func TestAddRoleBoundary(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	k := shared.admin.newSession(t, allow("*"), allow("iam:Get*", "iam:PassRole"))
	r := diagnose(t, k, addRoleArgs(profile, role)...)
	expect(t, r, "add_role_denied", "critical")
	expectStep(t, r, "may_add", "fail", "permissions_boundary")
	expectStep(t, r, "may_pass", "pass", "ok")
}

func TestAddRoleLimit(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	other := nameFor(t, "other")
	shared.admin.newRole(t, other, trusting(ec2Service))
	shared.admin.addRole(t, profile, other)
	r := diagnose(t, shared.admin.keys, addRoleArgs(profile, role)...)
	expect(t, r, "profile_full", "critical")
	expectStep(t, r, "vacancy", "fail", "holds_other_role")
	expectRemedy(t, r, "aws iam remove-role-from-instance-profile --instance-profile-name "+profile+" --role-name "+other)

	shared.admin.removeRole(t, profile, other)
	expect(t, diagnose(t, shared.admin.keys, addRoleArgs(profile, role)...), "add_role_allowed", "ok")
	shared.admin.addRole(t, profile, role)
	r = diagnose(t, shared.admin.keys, addRoleArgs(profile, role)...)
	expect(t, r, "role_already_added", "ok")
	expectStep(t, r, "vacancy", "pass", "already_there")
}

func TestAddRoleMissing(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	nobody := nameFor(t, "nobody")
	expect(t, diagnose(t, shared.admin.keys, addRoleArgs(nobody, role)...), "profile_missing", "critical")
	expect(t, diagnose(t, shared.admin.keys, addRoleArgs(profile, nobody)...), "role_missing", "critical")
}

func TestAddRoleCannotSimulate(t *testing.T) {
	t.Parallel()
	profile, role := newPair(t)
	_, k := shared.admin.newUser(t, allow("iam:GetInstanceProfile", "iam:GetRole", "iam:GetAccountSummary"))
	r := diagnose(t, k, addRoleArgs(profile, role)...)
	expect(t, r, "permission_lacking", "unknown")
	if s := r.step(t, "may_add"); s.Lacks != "iam:SimulatePrincipalPolicy" {
		t.Errorf("lacks %q", s.Lacks)
	}
}
