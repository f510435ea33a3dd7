// Package harness builds the project's binaries and runs processes for the
// end-to-end suites.
package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root returns the root of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

var built sync.Map // import path or package → func() (string, error)

// Build builds a command of the repository, such as "imds-probe", once for each
// test process, and returns the path of its binary.
func Build(t testing.TB, command string) string {
	t.Helper()
	return buildOnce(t, command, Root(), "./cmd/"+command)
}

// BuildTool builds a command of somebody else's, by its import path, from the
// module in the given folder of the repository, which pins its version.
func BuildTool(t testing.TB, folder, pkg string) string {
	t.Helper()
	return buildOnce(t, filepath.Base(pkg), filepath.Join(Root(), folder), pkg)
}

func buildOnce(t testing.TB, name, dir, pkg string) string {
	t.Helper()
	build, _ := built.LoadOrStore(dir+" "+pkg, sync.OnceValues(func() (string, error) {
		out, err := os.MkdirTemp("", "imds-probe-e2e-")
		if err != nil {
			return "", err
		}
		if err := os.Chmod(out, 0o755); err != nil { // other users run it too
			return "", err
		}
		path := filepath.Join(out, name)
		cmd := exec.Command("go", "build", "-trimpath", "-o", path, pkg)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		return path, cmd.Run()
	}))
	path, err := build.(func() (string, error))()
	if err != nil {
		t.Fatalf("cannot build %s in %s: %v", pkg, dir, err)
	}
	return path
}

// NeedRoot ends a test that cannot be run by anybody but root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this suite makes network namespaces and the like: run it as root")
	}
}

// NeedCommand returns the path of a command, or ends the test and names the
// Debian package that has it.
func NeedCommand(t testing.TB, name, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s (make e2e-deps does it)", name, debianPackage)
	}
	return path
}
