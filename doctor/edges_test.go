package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/doctor"
)

// TestReferencesExplain wants a reference that is none to be answered with what it should
// have been, and one that is good to come back as it was.
func TestReferencesExplain(t *testing.T) {
	message := func(_ any, err error) string { return fmt.Sprint(err) }
	instance := func(s string) error { _, _, err := doctor.ParseInstance(s); return err }
	for got, want := range map[string]string{
		message(doctor.ParseRole("a b")):                                               "not the name or ARN of a role",
		message(doctor.ParseProfile("a b")):                                            "not the name or ARN of an instance profile",
		message(doctor.ParseRole("arn:")):                                              "not the ARN of a role, such as arn:aws:iam::123456789012:role/NAME",
		message(doctor.ParseProfile("ARN:aws")):                                        "not the ARN of an instance profile, such as arn:aws:iam::123456789012:instance-profile/NAME",
		fmt.Sprint(instance("arn:aws:ec2:eu-west-1:123456789012:i-0123456789abcdef0")): "not the id of an instance, such as i-0123456789abcdef0, or its ARN",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for _, good := range []string{"arn:aws:iam::123456789012:user/ann", "arn:aws:sts::123456789012:assumed-role/app/session"} {
		if got, err := doctor.ParsePrincipal(good); got != good || err != nil {
			t.Errorf("%q became %q, %v", good, got, err)
		}
	}
}

// TestGlob wants IAM's patterns to match whole texts.
func TestGlob(t *testing.T) {
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"b", "ab", false},
		{"a", "ab", false},
		{"a*", "a", true},
		{"a**", "a", true},
		{"*", "", true},
		{"*b", "aab", true},
		{"*b", "aba", false},
		{"a?c", "abc", true},
		{"a?", "a", false},
		{"*a*c", "xaabc", true},
		{"sts:assume*", "sts:assumerole", true},
		{"s3:*", "sts:assumerole", false},
	} {
		if got := doctor.Glob(tc.pattern, tc.text); got != tc.want {
			t.Errorf("%q matches %q: %v", tc.pattern, tc.text, got)
		}
	}
}

// rule is a statement of a principal and an action.
func rule(effect, principal, action string) string {
	return statement(effect, `"Principal":`+principal, `"Action":`+action)
}

// TestPolicyLimits wants a policy of the largest size to be read, and what IAM's grammar
// does not have to be refused.
func TestPolicyLimits(t *testing.T) {
	good := policy(rule("Allow", `{"Service":"ec2.amazonaws.com"}`, `"sts:AssumeRole"`))
	for text, want := range map[string]doctor.Trust{
		good + strings.Repeat(" ", doctor.MaxPolicy-len(good)):                       doctor.TrustAllows,
		good + strings.Repeat(" ", doctor.MaxPolicy-len(good)+1):                     doctor.TrustMalformed,
		policy(rule("Allow", `{"Service":5}`, `"sts:AssumeRole"`)):                   doctor.TrustMalformed,
		policy(rule("Allow", `{"Service":[]}`, `"sts:AssumeRole"`)):                  doctor.TrustSilent,
		policy(rule("Allow", `{"Service":["ec2.amazonaws.com",5]}`, `"sts:Assume"`)): doctor.TrustMalformed,
	} {
		if got := doctor.EvaluateTrust(text, doctor.EC2Services("aws")).Trust; got != want {
			t.Errorf("%.150s: %v, want %v", text, got, want)
		}
	}
}

// TestNearest wants what a policy allows instead to be named once, in order, and nothing
// that it denies or allows for another action.
func TestNearest(t *testing.T) {
	service := func(names ...string) string {
		text, err := json.Marshal(map[string]any{"Service": names})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const nobody = "no statement allows anybody sts:AssumeRole"
	for want, text := range map[string]string{
		"it trusts a.amazonaws.com, b.amazonaws.com, not ec2.amazonaws.com": policy(
			rule("Allow", service("b.amazonaws.com"), `"sts:AssumeRole"`), rule("Allow", service("a.amazonaws.com", "b.amazonaws.com"), `"sts:*"`)),
		nobody: policy(
			rule("Deny", service("ec2.amazonaws.com"), `"sts:TagSession"`), rule("Allow", service("a.amazonaws.com"), `"sts:TagSession"`)),
		"statement 1 names EC2, but not for sts:AssumeRole": policy(rule("Allow", service("ec2.amazonaws.com"), `"sts:TagSession"`)),
	} {
		if got := doctor.EvaluateTrust(text, doctor.EC2Services("aws")); got.Detail != want || got.Trust != doctor.TrustSilent {
			t.Errorf("%v: %q, want %q", got.Trust, got.Detail, want)
		}
	}
}

// TestFixTrustKeeps wants everything that was there to stay to the letter, its version and
// its order of fields too, and nothing to be made of what cannot be read.
func TestFixTrustKeeps(t *testing.T) {
	const kept = `{"Action":"sts:AssumeRole","Principal":{"Service":"a.amazonaws.com"},"Effect":"Allow"}`
	fixed, dropped, ok := doctor.FixTrust(`{"Version":"2008-10-17","Id":"x","Statement":`+kept+`}`, "ec2.amazonaws.com")
	want := `{"Version":"2008-10-17","Id":"x","Statement":[` + kept + `,{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if diff := cmp.Diff(want, string(fixed)); diff != "" || !ok || len(dropped) != 0 {
		t.Errorf("%v, %v, -want +got:\n%s", dropped, ok, diff)
	}
	for _, text := range []string{"", "{", `{"Statement":{"Effect":"Perhaps"}}`, `{"Version":1,"Statement":` + kept + `}`} {
		if fixed, _, ok := doctor.FixTrust(text, "ec2.amazonaws.com"); ok || fixed != nil {
			t.Errorf("%q became %s", text, fixed)
		}
	}
}

// TestFailures tells what kept AWS from being asked from what it answered.
func TestFailures(t *testing.T) {
	late, stop := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), errors.New("no answer in time"))
	defer stop()
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	failing := errors.New("it failed")
	for name, tc := range map[string]struct {
		ctx  context.Context
		err  error
		want doctor.Failure
	}{
		"another":           {t.Context(), failing, doctor.Failure{Message: "it failed"}},
		"wrapped":           {t.Context(), fmt.Errorf("operation error: %w", failing), doctor.Failure{Message: "it failed"}},
		"too late":          {late, failing, doctor.Failure{Kind: doctor.FailureUnreachable, Message: "no answer in time"}},
		"stopped":           {cancelled, failing, doctor.Failure{Message: "it failed"}},
		"not sent":          {t.Context(), &smithyhttp.RequestSendError{Err: failing}, doctor.Failure{Kind: doctor.FailureUnreachable, Message: "it failed"}},
		"no such host":      {t.Context(), &net.DNSError{Err: "no such host", Name: "x"}, doctor.Failure{Kind: doctor.FailureUnreachable, Message: "lookup x: no such host"}},
		"no connection":     {t.Context(), fmt.Errorf("x: %w", &net.OpError{Op: "dial", Err: failing}), doctor.Failure{Kind: doctor.FailureUnreachable, Message: "dial: it failed"}},
		"no credentials":    {t.Context(), doctor.NoCredentials(failing), doctor.Failure{Kind: doctor.FailureNoCredentials, Message: "it failed"}},
		"the session ended": {t.Context(), doctor.NoCredentials(api("ExpiredToken", "x")), doctor.Failure{Kind: doctor.FailureExpired, Code: "ExpiredToken"}},
		"the login refused": {
			t.Context(), doctor.NoCredentials(api("AccessDenied", "go away")),
			doctor.Failure{Kind: doctor.FailureNoCredentials, Message: "api error AccessDenied: go away"},
		},
		"denied, encoded": {
			t.Context(), api("UnauthorizedOperation", "You are not authorized. Encoded authorization failure message: abc-_123"),
			doctor.Failure{Kind: doctor.FailureDenied, Code: "UnauthorizedOperation", Permission: "ec2:RunInstances", Message: "You are not authorized."},
		},
		"throttled": {t.Context(), api("Throttling", "slower"), doctor.Failure{Kind: doctor.FailureThrottled, Code: "Throttling", Message: "slower"}},
		"refused":   {t.Context(), api("SignatureDoesNotMatch", "token"), doctor.Failure{Kind: doctor.FailureRefused, Code: "SignatureDoesNotMatch"}},
	} {
		if diff := cmp.Diff(tc.want, *doctor.Classify(tc.ctx, "ec2:RunInstances", tc.err)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestForeignText wants another's text on one line, and no longer than a few.
func TestForeignText(t *testing.T) {
	full := strings.Repeat("é", doctor.MaxForeignText)
	for text, want := range map[string]string{
		full: full, full + "é": full + "…", " a\n\tb ": "a b", "": "",
	} {
		if got := doctor.Clean(text); got != want {
			t.Errorf("%.20q…: %q", text, got)
		}
	}
}

// TestShownJSON wants a policy to be shown as people write it, and nothing in it that a
// terminal would not show.
func TestShownJSON(t *testing.T) {
	got := string(doctor.ShownJSON(map[string]string{"a": "<&>\u202e\U000e0001"}))
	if want := `{"a":"<&>\u202e\udb40\udc01"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestRegionPartition wants each region in its partition, and one that is not known yet in
// the first.
func TestRegionPartition(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"us-isof-south-1": "aws-iso-f", "eu-isoe-west-1": "aws-iso-e", "eusc-de-east-1": "aws-eusc", "xx-new-1": "aws", "": "aws",
	} {
		if got := doctor.RegionPartition(region); got != want {
			t.Errorf("%q is in %s, want %s", region, got, want)
		}
	}
}
