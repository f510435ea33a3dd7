package doctor_test

import (
	"encoding/json"
	"testing"
)

var whatLaunchReads = []string{"iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"}

// TestLaunchPermissions begins with a caller who may only look, and gives him
// the policy of each remedy in turn, until EC2 itself says yes.
func TestLaunchPermissions(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	image := "--image-id=" + shared.admin.image(t)
	user, k := shared.admin.newUser(t, allow(whatLaunchReads...))

	r := diagnose(t, k, "launch", "--instance-profile="+f.profile)
	expect(t, r, "run_instances_denied", "critical")
	expectStep(t, r, "may_run", "fail", "nothing_allows")
	expectStep(t, r, "may_pass", "fail", "nothing_allows")
	if len(r.Findings) != 2 || r.Findings[1].Condition != "pass_role_denied" {
		t.Errorf("findings %+v", r.Findings)
	}
	shared.admin.grant(t, user, "allow-run", runOnly(t, r.policy(t)))

	// Both the simulator and the dry run without the profile point to PassRole.
	r = diagnose(t, k, "launch", "--instance-profile="+f.profile, "--dry-run", image)
	expect(t, r, "pass_role_denied", "critical")
	expectStep(t, r, "dry_run", "fail", "dry_run_refused")
	expectStep(t, r, "dry_run_without_profile", "pass", "ok")
	shared.admin.grant(t, user, "allow-pass", r.policy(t))

	r = diagnose(t, k, "launch", "--instance-profile="+f.profile, "--dry-run", image)
	expect(t, r, "launch_allowed", "ok")
	expectStep(t, r, "dry_run", "pass", "ok")
	r = diagnose(t, k, "launch", "--instance-profile="+"arn:aws:iam::123456789012:instance-profile/"+f.profile)
	expect(t, r, "launch_allowed", "ok")
}

// TestLaunchDryRunIsolates has no simulator: the two dry runs alone tell which
// permission is lacking.
func TestLaunchDryRunIsolates(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	image := "--image-id=" + shared.admin.image(t)
	user, k := shared.admin.newUser(t, allow("iam:GetInstanceProfile"))
	args := []string{"launch", "--instance-profile=" + f.profile, "--dry-run", image}

	r := diagnose(t, k, args...)
	expect(t, r, "run_instances_denied", "critical")
	expectStep(t, r, "dry_run_without_profile", "fail", "dry_run_refused")
	shared.admin.grant(t, user, "allow-run", r.policy(t))
	r = diagnose(t, k, args...)
	expect(t, r, "pass_role_denied", "critical")
	shared.admin.grant(t, user, "allow-pass", r.policy(t))
	expect(t, diagnose(t, k, args...), "launch_allowed", "ok")
}

func TestLaunchEmptyProfile(t *testing.T) {
	t.Parallel()
	profile := nameFor(t, "p")
	shared.admin.newProfile(t, profile, "")
	r := diagnose(t, shared.admin.keys, "launch", "--instance-profile="+profile)
	expect(t, r, "no_role", "critical")
	expectStep(t, r, "has_role", "fail", "profile_without_role")
}

func TestLaunchInvalidProfile(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	for given, condition := range map[string]string{
		"no such thing": "profile_invalid",
		f.roleARN:       "profile_invalid",
		"arn:aws:iam::999999999999:instance-profile/" + f.profile:           "profile_invalid",
		"arn:aws:iam::123456789012:instance-profile/elsewhere/" + f.profile: "profile_invalid",
		"arn:aws-cn:iam::123456789012:instance-profile/" + f.profile:        "other_partition",
		nameFor(t, "nobody"): "profile_missing",
		f.role:               "profile_missing",
	} {
		expect(t, diagnose(t, shared.admin.keys, "launch", "--instance-profile="+given), condition, "critical")
	}
}

// runOnly is the remedy's policy with its first statement alone, that of RunInstances.
func runOnly(t *testing.T, policy string) string {
	t.Helper()
	var document struct {
		Version   string
		Statement []json.RawMessage
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil || len(document.Statement) != 2 {
		t.Fatalf("%v: %s", err, policy)
	}
	document.Statement = document.Statement[:1]
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
