package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// refusingLaunch is EC2 refusing the launch, with further words.
func refusingLaunch(words string) string {
	return ec2Error("UnauthorizedOperation", "You are not authorized to perform this operation."+words)
}

// notAuthorized is how AWS names the action that it refuses.
func notAuthorized(words string) string {
	return " User: " + userARN + " is not authorized to perform: " + words
}

const encodedWords = " Encoded authorization failure message: abc_DEF-123"

func tryLaunch(t *testing.T, f *fakeAWS, profile string) doctor.Report {
	t.Helper()
	return f.doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: profile, DryRun: true, ImageID: "ami-0123456789abcdef0"})
}

// actions are the actions that were asked for.
func actions(f *fakeAWS) (all []string) {
	for _, form := range f.sent {
		all = append(all, form.Get("Action"))
	}
	return all
}

// TestLaunchOfNoProfile: what cannot be the name of a profile is not tried, dry run or
// not.
func TestLaunchOfNoProfile(t *testing.T) {
	f := with()
	s := stepOf(t, tryLaunch(t, f, "a b"), "dry_run")
	if s.Status != probes.StatusSkip || s.Answer != "needs profile_name" {
		t.Errorf("%+v", s)
	}
	if slices.Contains(actions(f), "RunInstances") {
		t.Error("it was tried")
	}
}

// TestDryRunUnanswered: what kept EC2 from answering is said as it is.
func TestDryRunUnanswered(t *testing.T) {
	f := with()
	delete(f.answers, "RunInstances")
	r := tryLaunch(t, f, "app")
	expect(t, r, doctor.ConditionUnreachable, unknown)
	if s := stepOf(t, r, "dry_run"); !strings.Contains(s.Answer, "no answer is recorded for RunInstances") {
		t.Error(s.Answer)
	}
}

// TestDecodesOnlyWhatIsEncoded: decoding takes a permission of its own, so it is asked
// for only where AWS's words do not name the action.
func TestDecodesOnlyWhatIsEncoded(t *testing.T) {
	for words, want := range map[string]bool{
		encodedWords: true,
		"":           false,
		notAuthorized("iam:PassRole on resource: "+appRoleARN+" because no identity-based policy allows the iam:PassRole action.") + encodedWords: false,
	} {
		f := with("RunInstances", refusingLaunch(words), "DecodeAuthorizationMessage", iamError("AccessDenied", "no"))
		tryLaunch(t, f, "app")
		if got := slices.Contains(actions(f), "DecodeAuthorizationMessage"); got != want {
			t.Errorf("%q: decoded %t, want %t", words, got, want)
		}
	}
}

// TestPassRoleOfUnknownRole: where the role to pass is not known, no policy is offered,
// least of all one for every role.
func TestPassRoleOfUnknownRole(t *testing.T) {
	for name, words := range map[string]string{
		"by the dry run without the profile": "",
		"by AWS's words":                     notAuthorized("iam:PassRole because no identity-based policy allows the iam:PassRole action"),
	} {
		r := tryLaunch(t, with("GetInstanceProfile", denied("iam:GetInstanceProfile"), "RunInstances", refusingLaunch(words),
			"RunInstances without profile", ec2Error("DryRunOperation", "yes")), "app")
		expect(t, r, doctor.ConditionPassDenied, critical)
		for _, p := range r.Policies {
			if strings.Contains(string(p.Document), "iam:PassRole") {
				t.Errorf("%s: %s", name, p.Document)
			}
		}
	}
}

// resourceDecisions is a simulation with these decisions, each after its resource.
func resourceDecisions(decisions ...string) string {
	var all strings.Builder
	for i := 0; i+1 < len(decisions); i += 2 {
		all.WriteString("<member><EvalResourceName>" + decisions[i] + "</EvalResourceName><EvalResourceDecision>" + decisions[i+1] + "</EvalResourceDecision></member>")
	}
	return simulated("implicitDeny", "<ResourceSpecificResults>"+all.String()+"</ResourceSpecificResults>")
}

const (
	anyInstance = "arn:aws:ec2:eu-central-1:123456789012:instance/*"
	anySubnet   = "arn:aws:ec2:eu-central-1:123456789012:subnet/*"
	anyVolume   = "arn:aws:ec2:eu-central-1:123456789012:volume/*"
)

// TestRefusedLaunchPolicy: the policy is for all that is lacking, not only for what EC2
// named first.
func TestRefusedLaunchPolicy(t *testing.T) {
	f := with("SimulatePrincipalPolicy", resourceDecisions(anyInstance, "implicitDeny", anySubnet, "implicitDeny", anyVolume, "allowed"),
		"RunInstances", refusingLaunch(notAuthorized("ec2:RunInstances on resource: "+anyInstance+" because no identity-based policy allows the ec2:RunInstances action")))
	r := tryLaunch(t, f, "app")
	expect(t, r, doctor.ConditionRunDenied, critical)
	document := string(r.Policies[0].Document)
	for resource, want := range map[string]bool{anyInstance: true, anySubnet: true, anyVolume: false} {
		if strings.Contains(document, resource) != want {
			t.Errorf("%s in the policy, want %t: %s", resource, want, document)
		}
	}
}

// TestManyResourcesLacking: a sentence names the first of many resources, its evidence all.
func TestManyResourcesLacking(t *testing.T) {
	f := with("SimulatePrincipalPolicy", resourceDecisions(anyInstance, "implicitDeny", anySubnet, "implicitDeny", anyVolume, "implicitDeny"))
	r := f.doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: "app"})
	s := stepOf(t, r, "may_run")
	if want := "ec2:RunInstances on " + anyInstance + " and 2 more: no policy allows it"; s.Answer != want {
		t.Errorf("%q, want %q", s.Answer, want)
	}
	if want := strings.Join([]string{anyInstance, anySubnet, anyVolume}, ", "); s.Evidence["resource"] != want {
		t.Errorf("%q, want %q", s.Evidence["resource"], want)
	}
}

// TestPolicyNameFits: a policy is named after what it allows, as long as that fits.
func TestPolicyNameFits(t *testing.T) {
	for length, want := range map[int]string{40: "allow-" + strings.Repeat("A", 40) + "-", 41: "allow-iam-doctor-"} {
		action := "kms:" + strings.Repeat("A", length)
		r := tryLaunch(t, with("RunInstances", refusingLaunch(notAuthorized(action+" because no identity-based policy allows the action"))), "app")
		if !strings.Contains(commands(r), "--policy-name "+want) {
			t.Errorf("no %q in %s", want, commands(r))
		}
	}
}

// TestLaunchAsksWhatItKnows: the simulator is not asked about a role that the profile
// does not hold, and is given no value that is not known.
func TestLaunchAsksWhatItKnows(t *testing.T) {
	for name, c := range map[string]struct {
		world string
		knows bool
	}{
		"empty":  {gotProfile(""), true},
		"denied": {denied("iam:GetInstanceProfile"), false},
	} {
		f := with("GetInstanceProfile", c.world)
		f.doctor().Launch(t.Context(), doctor.LaunchRequest{Profile: "app"})
		asked := simulations(f)
		if len(asked) != 1 || !strings.Contains(asked[0], "ec2:RunInstances") {
			t.Fatalf("%s: asked %q", name, asked)
		}
		if strings.Contains(asked[0], "ec2:InstanceProfile=") != c.knows {
			t.Errorf("%s: asked %q", name, asked[0])
		}
	}
}
