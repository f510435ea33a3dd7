package module_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestSimulatorDocument runs what docs/simulator.md says for Go, in a module with
// an AWS SDK of its own.
func TestSimulatorDocument(t *testing.T) {
	t.Parallel()
	r := newRelease(t, version)
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(harness.Root(), "e2e/clients/testdata/go", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	harness.Documented(t, "docs/simulator.md", dir, "app_test.go")
	r.run(t, dir, "get", r.Path+"/probes/imdstest@"+r.Version.Version)
	r.run(t, dir, "test", "-v", ".")
}

// TestSimulatorImportsLittle wants a test that imports the simulator to link
// neither an SDK nor the prober.
func TestSimulatorImportsLittle(t *testing.T) {
	t.Parallel()
	list := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./probes/imdstest")
	list.Dir = harness.Root()
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/imds-probe/imds-probe/probes"
	if got, want := strings.Fields(string(out)), []string{path, path + "/imdstest"}; !slices.Equal(got, want) {
		t.Errorf("it links %q, want %q", got, want)
	}
}
