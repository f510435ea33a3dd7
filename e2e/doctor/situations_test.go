package doctor_test

import (
	"strings"
	"testing"
)

// onStages runs a test on each emulator.
func onStages(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	for _, s := range shared.stages {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// trusts are trust policies, with what becomes of an instance that has the role.
var trusts = []struct{ name, statements, want string }{
	{"plain", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, "no_fault_found"},
	{"list", `{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":["sts:TagSession","sts:AssumeRole"]}`, "no_fault_found"},
	{"case of the action", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"STS:assumerole"}`, "no_fault_found"},
	{"wildcard action", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:Assume*"}`, "no_fault_found"},
	{"second statement", `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, "no_fault_found"},
	{"deny of another", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, "no_fault_found"},
	{"deny of another action", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}`, "no_fault_found"},
	{"another service", `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"ecs tasks", `{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"an account", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"another action", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:TagSession"}`, "assume_role_unauthorized"},
	{"web identity", `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/x"},"Action":"sts:AssumeRoleWithWebIdentity"}`, "assume_role_unauthorized"},
	{"denied after", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"denied before", `{"Effect":"Deny","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:*"},{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"denied for all", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"*"}`, "assume_role_unauthorized"},
	{"China's name", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com.cn"},"Action":"sts:AssumeRole"}`, "assume_role_unauthorized"},
	{"a condition", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}`, "trust_depends"},
	{"a condition, and none", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}},{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, "no_fault_found"},
	{"denied on condition", `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringNotEquals":{"aws:SourceAccount":"123456789012"}}}`, "trust_depends"},
	{"a condition on another service", `{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}`, "assume_role_unauthorized"},
}

// TestSituationsTrust goes through trust policies on one instance, and where EC2 is
// refused does what the remedy says.
func TestSituationsTrust(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		role, profile := nameFor(t, "r"), nameFor(t, "p")
		s.role(t, role, trusting(ec2Service))
		s.profile(t, profile, role)
		instance := s.instance(t, profile)
		for _, c := range trusts {
			document := args{"RoleName": role, "PolicyDocument": `{"Version":"2012-10-17","Statement":[` + c.statements + `]}`}
			if _, refused := s.try(t, s.admin, "iam", "update_assume_role_policy", document); refused != "" {
				if s.name != "moto" || !strings.Contains(refused, "actions can only be sts:AssumeRole") {
					t.Errorf("%s: %s", c.name, refused)
				}
				continue // moto takes fewer actions than IAM does
			}
			r := s.ask(t, s.admin, "instance", instance)
			if r.Condition != c.want {
				t.Errorf("%s: %s, want %s: %s", c.name, r.Condition, c.want, r.Summary)
			}
			if len(r.Policies) == 1 {
				s.call(t, s.admin, "iam", "update_assume_role_policy", args{"RoleName": role, "PolicyDocument": r.policy(t)})
				if r := s.ask(t, s.admin, "instance", instance); r.Condition != "no_fault_found" {
					t.Errorf("%s, after the remedy: %s: %s", c.name, r.Condition, r.Summary)
				}
			}
		}
	})
}

// TestSituationsProfile walks an instance through the states of its profile. The
// remedies are carried out with the AWS CLI, as they are printed.
func TestSituationsProfile(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		role, profile, other := nameFor(t, "r"), nameFor(t, "p"), nameFor(t, "other")
		s.role(t, role, trusting(ec2Service))
		s.profile(t, profile, role)
		s.profile(t, other, role)
		instance := s.instance(t, profile)
		want := func(state, condition string, more ...string) report {
			t.Helper()
			r := s.ask(t, s.admin, append([]string{"instance", instance}, more...)...)
			if r.Condition != condition {
				t.Errorf("%s: %s, want %s: %s", state, r.Condition, condition, r.Summary)
			}
			return r
		}
		arn := "arn:aws:iam::" + s.account + ":role/" + role
		want("healthy", "no_fault_found")
		want("the expected role", "no_fault_found", "--expect-role="+role)
		want("the expected role by its ARN", "no_fault_found", "--expect-role="+arn)
		want("another role", "wrong_role", "--expect-role=another")
		want("another role by its ARN", "wrong_role", "--expect-role="+strings.Replace(arn, s.account, "999999999999", 1))
		s.take(t, profile, role)
		want("role removed", "no_role")
		s.call(t, s.admin, "iam", "delete_instance_profile", args{"InstanceProfileName": profile})
		want("profile deleted", "instance_profile_not_found")
		s.profile(t, profile, "")
		r := want("re-created and empty", "instance_profile_not_found")
		if len(r.Findings) != 2 || r.Findings[1].Condition != "no_role" {
			t.Errorf("findings %+v", r.Findings)
		}
		for i := range r.Remedy {
			r.Remedy[i].Command = strings.Replace(r.Remedy[i].Command, "--role-name ROLE", "--role-name "+role, 1)
		}
		if s.name == "moto" { // moto takes a profile of the same name for no change
			r.Remedy = dropStep(r.Remedy, "replace-iam-instance-profile-association")
		}
		s.follow(t, r)
		want("after the remedy, all at once", "no_fault_found")
		want("by its ARN", "no_fault_found")
		s.call(t, s.admin, "ec2", "stop_instances", args{"InstanceIds": []string{instance}})
		want("stopped", "instance_not_running")
		s.take(t, profile, role)
		want("stopped, and no role", "no_role")
		s.call(t, s.admin, "ec2", "terminate_instances", args{"InstanceIds": []string{instance}})
		want("terminated", "instance_terminated")
		bare := s.instance(t, "")
		if r := s.ask(t, s.admin, "instance", bare); r.Condition != "no_instance_profile" {
			t.Errorf("no profile: %s", r.Condition)
		}
		if r := s.ask(t, s.admin, "instance", "i-0123456789abcdef0"); r.Condition != "instance_not_found" {
			t.Errorf("no instance: %s", r.Condition)
		}
		id := "arn:aws:ec2:us-east-1:" + s.account + ":instance/" + bare
		if r := s.ask(t, s.admin, "instance", id); r.Condition != "no_instance_profile" {
			t.Errorf("by its ARN: %s", r.Condition)
		}
	})
}

// dropStep leaves out the steps with these words: those that a remedy offers as the
// other way.
func dropStep(steps []remedy, words string) (left []remedy) {
	for _, s := range steps {
		if !strings.Contains(s.Command, words) {
			left = append(left, s)
		}
	}
	return left
}

// TestSituationsRole asks about a role in each place that it can be in.
func TestSituationsRole(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		name, stranger, elsewhere := nameFor(t, "r"), nameFor(t, "s"), nameFor(t, "e")
		want := func(state, condition string) report {
			t.Helper()
			var r report
			for _, given := range []string{name, "arn:aws:iam::" + s.account + ":role/" + name} {
				if r = s.ask(t, s.admin, "role", given); r.Condition != condition {
					t.Errorf("%s, %s: %s, want %s: %s", state, given, r.Condition, condition, r.Summary)
				}
			}
			return r
		}
		want("missing", "role_missing")
		s.role(t, name, trusting(ec2Service))
		s.role(t, stranger, trusting(ec2Service))
		r := want("in no profile", "role_in_no_profile")
		s.follow(t, r)
		want("after the remedy", "role_listed")
		s.take(t, name, name)
		want("the profile is empty", "no_role")
		s.profile(t, elsewhere, name)
		want("elsewhere", "role_under_other_name")
		s.call(t, s.admin, "iam", "add_role_to_instance_profile", args{"InstanceProfileName": name, "RoleName": stranger})
		want("elsewhere, and a stranger at home", "role_under_other_name")
		s.take(t, elsewhere, name)
		want("a stranger at home", "profile_holds_other_role")
		s.take(t, name, stranger)
		s.call(t, s.admin, "iam", "add_role_to_instance_profile", args{"InstanceProfileName": name, "RoleName": name})
		s.call(t, s.admin, "iam", "update_assume_role_policy", args{"RoleName": name, "PolicyDocument": trusting("lambda.amazonaws.com")})
		want("for another service", "assume_role_unauthorized")
		if r := s.ask(t, s.admin, "role", "arn:aws:iam::999999999999:role/"+name); r.Condition != "other_account" {
			t.Errorf("of another account: %s", r.Condition)
		}
		if r := s.ask(t, s.admin, "role", "arn:aws-cn:iam::"+s.account+":role/"+name); r.Condition != "other_partition" {
			t.Errorf("of another partition: %s", r.Condition)
		}
	})
}

// TestSituationsPermissions asks about adding a role as callers with less and more
// permissions, and gives them what the remedy says, with the AWS CLI.
func TestSituationsPermissions(t *testing.T) {
	t.Parallel()
	onStages(t, func(t *testing.T, s *stage) {
		role, profile := nameFor(t, "r"), nameFor(t, "p")
		s.role(t, role, trusting(ec2Service))
		s.profile(t, profile, "")
		addArgs := []string{"add-role", "--instance-profile=" + profile, "--role=" + role}
		name, k := s.user(t)
		want := func(state, condition string, findings int, k keys, more ...string) report {
			t.Helper()
			r := s.ask(t, k, append(addArgs, more...)...)
			if r.Condition != condition || len(r.Findings) != findings {
				t.Errorf("%s: %s with %d findings, want %s with %d: %s", state, r.Condition, len(r.Findings), condition, findings, r.Summary)
			}
			return r
		}
		r := want("nothing allowed", "permission_lacking", 1, k)
		s.follow(t, r)
		if s.name == "ministack" { // it authorizes these two on "*" only
			s.call(t, s.admin, "iam", "put_user_policy", args{"UserName": name, "PolicyName": "look", "PolicyDocument": allow("iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy")})
		}
		r = want("may look", "add_role_denied", 2, k)
		principal := "--principal=arn:aws:iam::" + s.account + ":user/" + name
		theirs := want("an administrator asks for them", "add_role_denied", 2, s.admin, principal)
		if !strings.Contains(theirs.Summary, ":user/"+name+" may not") {
			t.Errorf("summary %q", theirs.Summary)
		}
		want("an administrator", "add_role_allowed", 0, s.admin)
		s.follow(t, r)
		if s.name == "ministack" { // its simulator reads no context, so no condition holds
			s.call(t, s.admin, "iam", "put_user_policy", args{"UserName": name, "PolicyName": "pass", "PolicyDocument": allow("iam:PassRole")})
		}
		want("after the remedy", "add_role_allowed", 0, k)
		want("an administrator asks again", "add_role_allowed", 0, s.admin, principal)
		s.call(t, s.admin, "iam", "put_user_policy", args{"UserName": name, "PolicyName": "deny", "PolicyDocument": policyOf("Deny", "iam:PassRole")})
		if r = want("denied", "pass_role_denied", 1, k); len(r.Policies) > 0 {
			t.Errorf("an Allow for an explicit deny: %+v", r.Policies)
		}
		// What is there already needs no permission, not even that to simulate.
		s.call(t, s.admin, "iam", "add_role_to_instance_profile", args{"InstanceProfileName": profile, "RoleName": role})
		want("already added", "role_already_added", 0, k)
		s.call(t, s.admin, "iam", "put_user_policy", args{"UserName": name, "PolicyName": "deny", "PolicyDocument": policyOf("Deny", "iam:SimulatePrincipalPolicy")})
		want("already added, and no simulator", "role_already_added", 0, k)
		s.take(t, profile, role)
		if r = want("no simulator", "permission_lacking", 1, k); len(r.Policies) > 0 {
			t.Errorf("an Allow for an explicit deny: %+v", r.Policies)
		}
	})
}
