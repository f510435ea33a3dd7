package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

var block = regexp.MustCompile("(?s)<!-- e2e: (\\S+) -->\n```[a-z]+\n(.*?)```\n")

// documented writes the programs of docs/simulator.md into a folder, by the names
// that it has for them.
func documented(t *testing.T, dir string, names ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "simulator.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string][]byte{}
	for _, match := range block.FindAllSubmatch(text, -1) {
		programs[string(match[1])] = match[2]
	}
	for _, name := range names {
		if programs[name] == nil {
			t.Fatalf("docs/simulator.md has no %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), programs[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

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
	documented(t, dir, "conftest.py", "test_app.py")
	runDocumented(t, dir, filepath.Join(pythonClients(t), "venv/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider")
}

// TestDocumentedJavaScript runs what docs/simulator.md says for JavaScript.
func TestDocumentedJavaScript(t *testing.T) {
	dir := t.TempDir()
	documented(t, dir, "app.test.js")
	for _, name := range []string{"node_modules", "package.json"} {
		if err := os.Symlink(filepath.Join(javaScriptClients(t), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	runDocumented(t, dir, harness.NeedCommand(t, "node", "nodejs"), "--test", "app.test.js")
}
