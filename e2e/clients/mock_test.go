package clients_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// mocks are the simulator and, in the full run, the public mocks.
func mocks() []mock {
	simulator := mock{"imdstest", func(t *testing.T, n namespace) { simulate(t, n, "healthy") }}
	if !harness.Full() {
		return []mock{simulator}
	}
	return append([]mock{simulator}, publicMocks()...)
}

func publicMocks() []mock {
	return []mock{
		{"amazon-ec2-metadata-mock", func(t *testing.T, n namespace) {
			binary := harness.BuildTool(t, "tools/ec2-metadata-mock", "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock")
			cmd := exec.Command(binary, "--hostname", "169.254.169.254", "--port", "80", "--imdsv2")
			cmd.Env = []string{"HOME=" + t.TempDir()} // it writes what it uses there
			n.serve(t, cmd)
		}},
		{"moto", func(t *testing.T, n namespace) {
			dir := install(t, "moto-server", filepath.Join(harness.Root(), "e2e/doctor/testdata"),
				"python3 -m venv venv", "venv/bin/python -m pip install -q -r requirements.txt")
			n.serve(t, exec.Command(filepath.Join(dir, "venv/bin/moto_server"), "--host", "169.254.169.254", "--port", "80"))
		}},
	}
}

// mock is an IMDS by its name, and what serves it at IMDS's address in a namespace.
type mock struct {
	name  string
	start func(t *testing.T, n namespace)
}

// serve starts a server in the namespace, and waits until it listens.
func (n namespace) serve(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	n.do(func() { harness.StartCmd(t, cmd) })
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := n.client().Get("http://" + imdsAddress + "/")
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v does not listen: %v", cmd.Args, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// session asks a mock with a session token.
type session struct {
	t     *testing.T
	http  *http.Client
	token string
}

// ask returns the answer to one request; the status is 0 if there is none.
func (s session) ask(method, path string, header map[string]string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://169.254.169.254"+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return do(s.http, req)
}

// get asks with the token.
func (s session) get(path string) answer {
	s.t.Helper()
	return s.ask(http.MethodGet, path, map[string]string{"X-aws-ec2-metadata-token": s.token})
}
