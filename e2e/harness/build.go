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
func Build(tb testing.TB, command string) string {
	tb.Helper()
	return buildOnce(tb, command, Root(), "./cmd/"+command)
}

// BuildTool builds a command of somebody else's, by its import path, from the
// module in the given folder of the repository, which pins its version.
func BuildTool(tb testing.TB, folder, pkg string) string {
	tb.Helper()
	return buildOnce(tb, filepath.Base(pkg), filepath.Join(Root(), folder), pkg)
}

func buildOnce(tb testing.TB, name, dir, pkg string) string {
	tb.Helper()
	build, _ := built.LoadOrStore(dir+" "+pkg, sync.OnceValues(func() (string, error) {
		out, err := os.MkdirTemp("", "imds-probe-e2e-") //nolint:usetesting // outlives the test that builds first
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
		tb.Fatalf("cannot build %s in %s: %v", pkg, dir, err)
	}
	return path
}

// NeedRoot ends a test that cannot be run by anybody but root.
func NeedRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		tb.Fatal("this suite makes network namespaces and the like: run it as root")
	}
}

// NeedCommand returns the path of a command, or ends the test and names the
// Debian package that has it.
func NeedCommand(tb testing.TB, name, debianPackage string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		tb.Fatalf("%s is missing: apt-get install %s (make e2e-deps does it)", name, debianPackage)
	}
	return path
}
