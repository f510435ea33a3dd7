package probes_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestCatalogueIsWhole wants for every condition all that people need, in a form
// that fits a page, a log and an annotation.
func TestCatalogueIsWhole(t *testing.T) {
	for _, c := range probes.Conditions() {
		e := probes.Explain(c)
		if e.Condition != c {
			t.Errorf("%v: entry of %v", c, e.Condition)
		}
		if e.Title == "" || len(e.Title) > 64 || strings.HasSuffix(e.Title, ".") {
			t.Errorf("%v: title %q", c, e.Title)
		}
		if !strings.HasSuffix(e.Meaning, ".") || !strings.HasPrefix(e.Doc, "https://docs.aws.amazon.com/") {
			t.Errorf("%v: meaning %q, doc %q", c, e.Meaning, e.Doc)
		}
		if (len(e.Remedy) == 0) != (c == probes.ConditionHealthy) || len(e.Faces) == 0 {
			t.Errorf("%v: %d steps, %d faces", c, len(e.Remedy), len(e.Faces))
		}
		for _, s := range e.Remedy {
			if s.Text == "" || strings.HasSuffix(s.Text, ".") || strings.Contains(s.String(), "\n") {
				t.Errorf("%v: step %q", c, s)
			}
		}
	}
	if got := probes.Explain(200); got.Condition != probes.ConditionUnknown {
		t.Errorf("a value outside the set is explained as %v", got.Condition)
	}
}

// TestSeverities is the contract's table.
func TestSeverities(t *testing.T) {
	want := map[probes.Severity]string{
		probes.SeverityUnknown:  "unknown",
		probes.SeverityOK:       "healthy",
		probes.SeverityWarning:  "throttled info_unreadable rotation_stalled profile_changed clock_skewed",
		probes.SeverityCritical: "firewall_blocked hop_limit_too_low imds_disabled token_refused intercepted imds_error no_instance_profile instance_profile_not_found no_role assume_role_unauthorized credentials_error credentials_malformed credentials_expired wrong_role unexpected_profile clock_wrong",
	}
	got := map[probes.Severity]string{}
	for _, c := range probes.Conditions() {
		got[c.Severity()] = strings.TrimSpace(got[c.Severity()] + " " + c.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestEveryConditionHasAScenario holds for all but unknown, and every reason that
// a scenario shows has words in the catalogue.
func TestEveryConditionHasAScenario(t *testing.T) {
	shown := map[probes.Condition]bool{probes.ConditionUnknown: true}
	names := map[string]bool{}
	for _, s := range imdstest.Scenarios() {
		shown[s.Condition] = true
		if names[s.Name] || s.About == "" {
			t.Errorf("scenario %q: twice, or not described", s.Name)
		}
		names[s.Name] = true
		if probes.Explain(s.Condition).FaceOf(s.Reason) == "" {
			t.Errorf("scenario %s: the catalogue does not say what %v means for %v", s.Name, s.Reason, s.Condition)
		}
	}
	for _, c := range probes.Conditions() {
		if !shown[c] {
			t.Errorf("no scenario shows %v", c)
		}
	}
}

// TestStepWith fills in only what IAM allows in a name: commands are copied.
func TestStepWith(t *testing.T) {
	step := probes.Step{Text: "x", Command: "aws iam y --role-name ROLE --name PROFILE --other EXPECTED_PROFILE"}
	for _, tc := range []struct{ profile, role, want string }{
		{"web", "app", "aws iam y --role-name app --name web --other EXPECTED_PROFILE"},
		{"", "", step.Command},
		{"$(reboot)", "a b", step.Command},
		{"a;b", "..", step.Command},
		{"PROFILE", "ROLE", step.Command},
	} {
		if got := step.With(tc.profile, tc.role).Command; got != tc.want {
			t.Errorf("%q, %q: %s", tc.profile, tc.role, got)
		}
	}
}

func TestProfileName(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:iam::123456789012:instance-profile/web":            "web",
		"arn:aws-cn:iam::123456789012:instance-profile/a/b/web":     "web",
		"arn:aws-us-gov:iam::123456789012:instance-profile/w+=,.@-": "w+=,.@-",
		"arn:aws:iam::123456789012:role/web":                        "",
		"arn:aws:iam::1:instance-profile/web":                       "",
		"arn:aws:iam::123456789012:instance-profile/$(x)":           "",
		"": "",
	} {
		if got := probes.ProfileName(arn); got != want {
			t.Errorf("ProfileName(%q) = %q, want %q", arn, got, want)
		}
	}
}

// TestWordsAreConsistent keeps to one word for one thing.
func TestWordsAreConsistent(t *testing.T) {
	shunned := regexp.MustCompile(`(?i)\b(health check|monitor|collector)\b`)
	for _, c := range probes.Conditions() {
		e := probes.Explain(c)
		for _, text := range []string{e.Title, e.Meaning} {
			if word := shunned.FindString(text); word != "" {
				t.Errorf("%v says %q: %s", c, word, text)
			}
		}
	}
}
