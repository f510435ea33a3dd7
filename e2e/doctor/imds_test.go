package doctor_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestProxyIsNotForIMDS runs on a machine with a proxy for everything, which does not
// answer, and with IMDS at its own address: both what --self asks and the instance's
// credentials come from IMDS directly. Then there is no way to AWS.
func TestProxyIsNotForIMDS(t *testing.T) {
	t.Parallel()
	for name, arguments := range map[string][]string{
		"self":        {"instance", "--self"},
		"credentials": {"role", "app", "--region=us-east-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), "unshare", append([]string{"--net", "python3", "testdata/imds.py", shared.binary}, arguments...)...)
			command.Env = env(t, keys{}, "", "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED=false")
			out, _ := command.CombinedOutput()
			if !strings.HasPrefix(string(out), "iam-doctor: api_unreachable: ") || strings.Contains(string(out), "canary") {
				t.Errorf("not the API, but IMDS was missed: %s", out)
			}
		})
	}
}

// TestNothingToAskWith has no credentials, and an IMDS that takes connections and never
// answers: the SDK's own limits would take ten seconds.
func TestNothingToAskWith(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	environment := env(t, keys{}, "us-east-1", "AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://"+silent.Addr().String(), "AWS_MAX_ATTEMPTS=3")
	began := time.Now()
	oneLine(t, execute(t, environment, "role", "app"), "caller_no_credentials: There are no AWS credentials to ask with: no answer of IMDS within 1.5s")
	oneLine(t, execute(t, environment, "instance", "--self"), "imds_no_answer: IMDS on this machine gives no usable answer (no answer of IMDS within 1.5s)")
	if took := time.Since(began); took > 2*4*time.Second {
		t.Errorf("two answers took %s", took)
	}
}

// TestTimeoutNamesItsFlag asks an endpoint that never answers.
func TestTimeoutNamesItsFlag(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	o := execute(t, env(t, shared.admin.keys, "us-east-1"), "role", "app", "--timeout=200ms", "--endpoint-url=http://"+silent.Addr().String())
	oneLine(t, o, "api_unreachable: No answer from the endpoint: no answer within 200ms (--timeout)")
}
