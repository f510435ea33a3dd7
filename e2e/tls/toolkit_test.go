package tls_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// toolkit returns the folder of exporter-toolkit at the version that the daemon
// is built with.
func toolkit(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/exporter-toolkit")
	cmd.Dir = harness.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file is like %s: %v", pattern, err)
	}
	return files
}

// TestToolkitExamples takes the documented examples, and the good and the bad
// files of the toolkit's own tests.
func TestToolkitExamples(t *testing.T) {
	dir := toolkit(t)
	for _, example := range []string{"docs/web-config.yml", "web/web-config.yml"} {
		t.Run(example, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, example))
			if err != nil {
				t.Fatal(err)
			}
			config, _ := harness.WebConfig(t, string(text))
			start(t, config)
		})
	}
	for _, config := range glob(t, filepath.Join(dir, "web", "testdata", "*.good*")) {
		t.Run(filepath.Base(config), func(t *testing.T) { start(t, config) })
	}
	for _, config := range glob(t, filepath.Join(dir, "web", "testdata", "*.bad.*")) {
		t.Run(filepath.Base(config), func(t *testing.T) {
			switch filepath.Base(config) {
			case wantsHTTP2:
				start(t, config)
			case shutsOut[0], shutsOut[1]:
				refusesClients(t, config)
			default:
				refusesToStart(t, config)
			}
		})
	}
}

// wantsHTTP2 is bad for a server that speaks HTTP/2, for want of a cipher.
const wantsHTTP2 = "web_config_noAuth_noHTTP2Cipher.bad.yml"

// shutsOut are those of the bad files that can be served by, and that let only
// clients with certain certificates in.
var shutsOut = [...]string{"web_config_auth_clientCAs_missing.bad.yml", "web_config_auth_client_san.bad.yaml"}

func refusesClients(t *testing.T, config string) {
	t.Helper()
	c := &http.Client{Timeout: limit, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if status, err := get(t, c, "https://"+start(t, config)+"/", ""); err == nil {
		t.Errorf("a client without a certificate is answered: %d", status)
	}
}

func refusesToStart(t *testing.T, config string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, harness.Build(t, "imds-probe"), "run", "--imds.endpoint=http://127.0.0.1:1",
		"--web.listen-address=127.0.0.1:0", "--web.config.file="+config)
	out, err := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if code := cmd.ProcessState.ExitCode(); code <= 0 || !strings.HasPrefix(lines[len(lines)-1], "imds-probe: ") {
		t.Errorf("exit code %d (%v), want a failure and a line that says why:\n%s", code, err, out)
	}
}
