package module_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestMove moves a copy of the repository to another module path: it builds, and
// nothing but the record of changes names the path that it had.
func TestMove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, f := range tracked(t, harness.Root()) {
		copyFile(t, f, filepath.Join(dir, f.Path()))
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	in(t, dir, "make", "module", "PATH=example.com/platform/imds")
	for _, left := range holding(t, dir, modfile.ModulePath(mod)) {
		if left != "CHANGELOG.md" {
			t.Errorf("%s still has %s", left, modfile.ModulePath(mod))
		}
	}
	in(t, dir, "go", "build", "./...")
	for _, nested := range []string{"bench", "e2e/harness", "tools/sbom"} {
		in(t, filepath.Join(dir, nested), "go", "vet", ".")
	}
}

func in(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func copyFile(t *testing.T, from file, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(from.root, from.path)
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, info.Mode()); err != nil {
		t.Fatal(err)
	}
}

// holding lists the files below a folder that have a text in them.
func holding(t *testing.T, dir, text string) (paths []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		if bytes.Contains(content, []byte(text)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
