package doctor_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// oneLine wants exit code 3 and one line that holds the words.
func oneLine(t *testing.T, o outcome, words string) {
	t.Helper()
	all := o.stdout + o.stderr
	if o.code != 3 || strings.Count(all, "\n") != 1 || !strings.HasPrefix(all, "iam-doctor: ") || !strings.Contains(all, words) {
		t.Errorf("exit code %d, want 3 and one line with %q:\n%s", o.code, words, all)
	}
}

// topics is each topic with arguments that would be well otherwise.
func topics(t *testing.T) map[string][]string {
	t.Helper()
	f := newFleet(t)
	return map[string][]string{
		"instance": {"instance", f.instance},
		"role":     {"role", f.role},
		"add-role": {"add-role", "--instance-profile=" + f.profile, "--role=" + f.role},
		"launch":   {"launch", "--instance-profile=" + f.profile},
	}
}

// TestNothingAllowed is a caller who may do nothing at all: each topic says
// what it lacks, by name, and how to give it.
func TestNothingAllowed(t *testing.T) {
	t.Parallel()
	_, k := shared.admin.newUser(t)
	lacks := map[string][]string{
		"instance": {"ec2:DescribeInstances"},
		"role":     {"iam:GetInstanceProfile", "iam:GetRole", "iam:ListInstanceProfiles", "iam:ListInstanceProfilesForRole"},
		"add-role": {"iam:GetAccountSummary", "iam:GetInstanceProfile", "iam:GetRole", "iam:SimulatePrincipalPolicy"},
		"launch":   {"iam:GetInstanceProfile", "iam:SimulatePrincipalPolicy"},
	}
	for topic, args := range topics(t) {
		r := diagnose(t, k, args...)
		if topic == "role" {
			expect(t, r, "list_profiles_denied", "critical")
		} else {
			expect(t, r, "permission_lacking", "unknown")
		}
		var got []string
		for _, s := range r.Steps {
			if s.Lacks != "" {
				got = append(got, s.Lacks)
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, lacks[topic]) {
			t.Errorf("%s lacks %q, want %q", topic, got, lacks[topic])
		}
	}
}

func TestCallerCredentials(t *testing.T) {
	t.Parallel()
	admin := shared.admin.keys
	for name, c := range map[string]struct {
		keys   keys
		region string
		words  string
	}{
		"none":              {region: "us-east-1", words: "caller_no_credentials: There are no AWS credentials"},
		"unknown key":       {keys: keys{id: "AKIAUNKNOWN", secret: "canary-secret"}, region: "us-east-1", words: "caller_credentials_refused: AWS does not accept the credentials (InvalidClientTokenId)"},
		"wrong secret":      {keys: keys{id: admin.id, secret: "canary-secret"}, region: "us-east-1", words: "caller_credentials_refused: AWS does not accept the credentials (SignatureDoesNotMatch)"},
		"another partition": {keys: admin, region: "cn-north-1", words: "of another partition than aws-cn (region cn-north-1)"},
		"no region":         {keys: admin, words: "no region: give --region"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, args := range topics(t) {
				oneLine(t, execute(t, env(t, c.keys, c.region), append(args, "--endpoint-url="+shared.endpoint)...), c.words)
			}
		})
	}
}

// refusing is an endpoint that answers every request with the error.
func refusing(t *testing.T, status int, code, message string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The body repeats the signed request, as SignatureDoesNotMatch does.
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>`+code+`</Code><Message>`+message+
			` x-amz-security-token:`+r.Header.Get("X-Amz-Security-Token")+`</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestCallerRefused are the errors that moto does not make.
func TestCallerRefused(t *testing.T) {
	t.Parallel()
	k := keys{id: "ASIASESSION", secret: "canary-secret", token: "canary-session-token"}
	for name, c := range map[string]struct{ endpoint, words string }{
		"expired token": {refusing(t, 403, "ExpiredToken", "The security token included in the request is expired"), "caller_token_expired: The session token of the credentials has expired (ExpiredToken)"},
		"throttled":     {refusing(t, 400, "Throttling", "Rate exceeded"), "api_throttled: AWS throttles the API requests of this account (Throttling)"},
		"signature":     {refusing(t, 403, "SignatureDoesNotMatch", "The Canonical String for this request should have been"), "caller_credentials_refused"},
		"clock":         {refusing(t, 400, "RequestExpired", "Request has expired"), "caller_clock_skewed"},
		"no network":    {"http://127.0.0.1:1", "api_unreachable: No answer from the endpoint: dial tcp 127.0.0.1:1: connect: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oneLine(t, execute(t, env(t, k, "us-east-1"), "role", "anything", "--endpoint-url="+c.endpoint), c.words)
		})
	}
}

// TestTextFitsTerminal: only what must be copied whole is wider than a terminal.
func TestTextFitsTerminal(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	shared.admin.setTrust(t, f.role, trusting("lambda.amazonaws.com"))
	o := execute(t, env(t, shared.admin.keys, "us-east-1"), "instance", f.instance, "--endpoint-url="+shared.endpoint)
	if o.code != 2 || !strings.Contains(o.stdout, "CRITICAL assume_role_unauthorized") || strings.Contains(o.stdout, "\x1b") {
		t.Errorf("exit code %d\n%s", o.code, o.stdout)
	}
	for line := range strings.Lines(o.stdout) {
		if len([]rune(line)) > 81 && !strings.HasPrefix(line, "More: https://") && !strings.Contains(line, " arn:") {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
	again := execute(t, env(t, shared.admin.keys, "us-east-1"), "instance", f.instance, "--endpoint-url="+shared.endpoint)
	if again.stdout != o.stdout {
		t.Errorf("not stable:\n%s\n%s", o.stdout, again.stdout)
	}
}
