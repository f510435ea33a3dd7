package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// runDocumented runs a command that finds imds-probe in its path, in a namespace.
func runDocumented(t *testing.T, dir string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(harness.Build(t, "imds-probe")) + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"PYTHONDONTWRITEBYTECODE=1",
	}
	if out, err := newNamespace(t).output(cmd); err != nil {
		t.Errorf("%v: %v\n%s", command, err, out)
	}
}

// TestDocumentedPython runs what docs/simulator.md says for Python.
func TestDocumentedPython(t *testing.T) {
	dir := t.TempDir()
	harness.Documented(t, "docs/simulator.md", dir, "conftest.py", "test_app.py")
	runDocumented(t, dir, filepath.Join(pythonClients(t), "venv/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider")
}

// TestDocumentedJavaScript runs what docs/simulator.md says for JavaScript.
func TestDocumentedJavaScript(t *testing.T) {
	dir := t.TempDir()
	harness.Documented(t, "docs/simulator.md", dir, "app.test.js")
	for _, name := range []string{"node_modules", "package.json"} {
		if err := os.Symlink(filepath.Join(javaScriptClients(t), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	runDocumented(t, dir, harness.NeedCommand(t, "node", "nodejs"), "--test", "app.test.js")
}
