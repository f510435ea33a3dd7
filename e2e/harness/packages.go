package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BuildPackages builds the deb and rpm packages as a version, and returns their
// folder. Without architectures it builds all.
func BuildPackages(t testing.TB, version, architectures string) string {
	t.Helper()
	dist := filepath.Join(t.TempDir(), "dist")
	cmd := exec.Command(filepath.Join(Root(), "deploy", "package", "build.sh"))
	cmd.Env = append(os.Environ(), "VERSION="+version, "ARCHS="+architectures, "DIST="+dist)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot build packages: %v\n%s", err, out)
	}
	return dist
}

// OnlyFile returns the one file that a pattern matches.
func OnlyFile(t testing.TB, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 1 {
		t.Fatalf("want one file, have %q: %v", files, err)
	}
	return files[0]
}
