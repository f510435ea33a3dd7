package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
	"github.com/imds-probe/imds-probe/probes"
)

// TestReportOfNoStep: a report is written whatever it holds.
func TestReportOfNoStep(t *testing.T) {
	var b strings.Builder
	r := doctor.Report{Topic: "role", Target: "app", Title: "t", Summary: "s", Meaning: "m"}
	if err := r.WriteText(&b, false); err != nil || !strings.Contains(b.String(), "m") {
		t.Errorf("%v: %q", err, b.String())
	}
}

// TestNothingFound: no finding is an empty list, which scripts can go through.
func TestNothingFound(t *testing.T) {
	r := with().doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	if diff := cmp.Diff([]doctor.Finding{}, r.Findings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWordlessFailure: a failure that says nothing is a failure all the same.
func TestWordlessFailure(t *testing.T) {
	r := with().doctor().Instance(t.Context(), doctor.InstanceRequest{
		ID: instanceID, Agent: doctor.Answer[doctor.AgentStatus]{Asked: "GET /api/v1/status", Failure: &doctor.Failure{}},
	})
	expect(t, r, doctor.ConditionAgentUnusable, unknown)
}

// TestHostileCaller: the name of who asks steers no terminal.
func TestHostileCaller(t *testing.T) {
	r := with("GetCallerIdentity", caller(userARN+"\u202e")).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	if r.Caller != userARN+"?" {
		t.Errorf("%q", r.Caller)
	}
}

// TestSeveralLacking: what the caller lacks is one sentence, in order, and what lifts each
// denial is in the remedy.
func TestSeveralLacking(t *testing.T) {
	r := with(
		"GetInstanceProfile", denied("sts:AssumeRole because no permissions boundary allows the sts:AssumeRole action"),
		"GetRole", denied("iam:GetRole with an explicit deny in a service control policy"),
	).doctor().AddRole(t.Context(), adding("app", "app"))
	expect(t, r, doctor.ConditionLacking, unknown)
	if want := "The caller lacks iam:GetRole, sts:AssumeRole, so this cannot be decided."; r.Summary != want {
		t.Errorf("%q, want %q", r.Summary, want)
	}
	for _, who := range []string{"whoever manages the permissions boundary", "the administrators of the organization"} {
		if !slices.ContainsFunc(r.Remedy, func(s doctor.Remedy) bool { return strings.Contains(s.Text, who) }) {
			t.Errorf("%s: not in %q", who, r.Remedy)
		}
	}
}

// TestRefusedLater: credentials that are refused after the caller was known are called
// so, in one sentence.
func TestRefusedLater(t *testing.T) {
	r := with("DescribeInstances", ec2Error("SignatureDoesNotMatch", canaryTok)).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	expect(t, r, doctor.ConditionRefused, unknown)
	if want := "AWS does not accept the credentials (SignatureDoesNotMatch)."; r.Summary != want {
		t.Errorf("%q, want %q", r.Summary, want)
	}
}

// TestUnknownCallerFirst: without the caller nobody knows whether an ARN is of another
// account.
func TestUnknownCallerFirst(t *testing.T) {
	r := with("GetCallerIdentity", iamError("ExpiredToken", "x")).doctor().AddRole(t.Context(), doctor.AddRoleRequest{
		Profile: doctor.Ref{Name: "app", ARN: profileARN}, Role: doctor.Ref{Name: "app", ARN: appRoleARN},
	})
	expect(t, r, doctor.ConditionExpired, unknown)
}

// TestFileNames: the caller's policy keeps its name beside a trust policy.
func TestFileNames(t *testing.T) {
	lambda := policy(statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume))
	r := with(append(gotRole(lambda), "ListInstanceProfiles", iamError("Throttling", "slow"),
		"ListInstanceProfilesForRole", denied("iam:ListInstanceProfilesForRole"), "GetInstanceProfile", noEntity())...).
		doctor().Role(t.Context(), doctor.Ref{Name: "app"}, "")
	var files []string
	for _, p := range r.Policies {
		files = append(files, p.File)
	}
	if diff := cmp.Diff([]string{"trust.json", "policy.json"}, files); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestNamesakeFirst: of several profiles with the role, the remedy takes that of its name.
func TestNamesakeFirst(t *testing.T) {
	app := roleXML("app", policy(allowEC2))
	r := with("ListInstanceProfiles", listing(member("aaa", app), member("app", app))).doctor().
		Role(t.Context(), doctor.Ref{Name: "app"}, "arn:aws:iam::999999999999:user/they")
	if !strings.Contains(commands(r), "--instance-profile app ") {
		t.Error(commands(r))
	}
}

// TestTrustNotToFix: a trust policy that is not wholly understood is judged, and not
// rewritten.
func TestTrustNotToFix(t *testing.T) {
	odd := `{"Version":1,"Statement":` + statement("Allow", `"Principal":{"Service":"lambda.amazonaws.com"}`, assume) + `}`
	r := with(gotRole(odd)...).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	expect(t, r, "assume_role_unauthorized", critical)
	if s := stepOf(t, r, "trust_policy"); s.Status != probes.StatusFail {
		t.Errorf("%+v", s)
	}
	for _, s := range r.Remedy {
		if strings.Contains(s.Text, "the trust policy below") {
			t.Errorf("%s: %+v", s.Text, r.Policies)
		}
	}
}

// TestTrustNotEncoded: a trust policy that does not decode is shown for what it is.
func TestTrustNotEncoded(t *testing.T) {
	role := strings.Replace(roleXML("app", "rubbish"), "rubbish", "%zz", 1)
	r := with("GetRole", result("GetRole", "<Role>"+role+"</Role>")).doctor().Instance(t.Context(), doctor.InstanceRequest{ID: instanceID})
	if s := stepOf(t, r, "trust_policy"); !strings.Contains(s.Answer, "invalid character '%'") {
		t.Errorf("%+v", s)
	}
}

// TestTrustNames: a number that is no ruling has no ruling's name.
func TestTrustNames(t *testing.T) {
	for trust, want := range map[doctor.Trust]string{doctor.TrustMalformed: "malformed", doctor.TrustSilent: "silent", doctor.TrustSilent + 1: "Trust(5)"} {
		if got := trust.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestRefusalOfNoARN: what AWS names by something other than an ARN is not taken for one.
func TestRefusalOfNoARN(t *testing.T) {
	message := "User: " + userARN + " is not authorized to perform: iam:GetRole on resource: arn:app with an explicit deny in a service control policy: arn:p"
	got, _ := doctor.ParseRefusal(message)
	if diff := cmp.Diff(doctor.Refusal{Action: "iam:GetRole", Explicit: true, Kind: doctor.PolicySCP}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPrincipalWithoutName: a user, role or session has a name, and a service that knows
// it; the root user alone has no name.
func TestPrincipalWithoutName(t *testing.T) {
	for _, s := range []string{
		"arn:aws:iam::123456789012:user", "arn:aws:iam::123456789012:user/", "arn:aws:sts::123456789012:assumed-role", "arn:aws:sts::123456789012:assumed-role/",
		"arn:aws:::123456789012:group/me",
	} {
		if _, err := doctor.ParsePrincipal(s); err == nil {
			t.Errorf("%s is taken for a principal", s)
		}
	}
}

// TestFullLine: a line that fits to the last column is not broken.
func TestFullLine(t *testing.T) {
	text := strings.TrimSpace(strings.Repeat("word ", 16))
	for extra, want := range map[string]string{
		"x": text + "x", "xx": strings.TrimSuffix(text, " word") + "\nwordxx",
	} {
		if got := doctor.Wrap(text+extra, 0); got != want {
			t.Errorf("%d columns: %q", len(text+extra), got)
		}
	}
}
