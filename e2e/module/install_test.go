package module_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// version is one that nobody will publish.
const version = "v0.0.0-e2e"

// TestInstall installs both commands as a stranger does, and runs them.
func TestInstall(t *testing.T) {
	t.Parallel()
	r := newRelease(t, version)
	for _, command := range []string{"imds-probe", "iam-doctor"} {
		r.run(t, t.TempDir(), "install", r.Path+"/cmd/"+command+"@"+r.Version.Version)
		out, err := exec.Command(filepath.Join(r.bin, command), "--version").CombinedOutput()
		if want := command + ", version " + version + " "; err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("want %q, have %s, %v", want, out, err)
		}
	}
	check := exec.Command(filepath.Join(r.bin, "imds-probe"), "check", "--imds.endpoint="+harness.Simulate(t, "healthy"))
	if out, err := check.CombinedOutput(); err != nil || !strings.Contains(string(out), "healthy") {
		t.Errorf("%v: %v\n%s", check, err, out)
	}
}

// outside is a test of somebody else's, of a program that asks IMDS.
const outside = `package outside

import (
	"net/http"
	"testing"

	"MODULE/probes/imdstest"
)

func TestNoToken(t *testing.T) {
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("healthy")), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	resp, err := http.Get(server.URL() + "/latest/meta-data/hostname")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a request without a token: %s", resp.Status)
	}
}
`

// TestImport tests a module that is not ours with the simulator.
func TestImport(t *testing.T) {
	t.Parallel()
	r := newRelease(t, version)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "outside_test.go"), []byte(strings.ReplaceAll(outside, "MODULE", r.Path)), 0o600); err != nil {
		t.Fatal(err)
	}
	r.run(t, dir, "mod", "init", "example.com/outside")
	r.run(t, dir, "get", r.Path+"/probes/imdstest@"+r.Version.Version)
	r.run(t, dir, "test", "-v", "./...")
}
