package nspawn

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// suite and include are what the root is made of.
const (
	suite   = "bookworm"
	include = "systemd,systemd-sysv,dbus,iproute2,rpm"
)

// NewRoot returns a fresh copy of a Debian with systemd.
func NewRoot(t testing.TB) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	Output(t, exec.Command("cp", "-a", "--reflink=auto", cachedRoot(t), root))
	return root
}

// cachedRoot bootstraps the root once for each machine. The folder's name tells
// what is in it, so that a change makes another one.
func cachedRoot(t testing.TB) string {
	t.Helper()
	debootstrap := harness.NeedCommand(t, "debootstrap", "debootstrap")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(suite + " " + include))
	root := filepath.Join(cache, "imds-probe", "roots", hex.EncodeToString(sum[:8]))
	defer lock(t, root+".lock")()
	if _, err := os.Stat(root); err == nil {
		return root
	}
	t.Logf("bootstrapping %s", root)
	half := root + ".half"
	if err := os.RemoveAll(half); err != nil {
		t.Fatal(err)
	}
	Output(t, exec.Command(debootstrap, "--variant=minbase", "--include="+include, suite, half, mirror(t)))
	if err := os.Rename(half, root); err != nil {
		t.Fatal(err)
	}
	return root
}

// mirror returns the archive that this machine's apt takes Debian from.
func mirror(t testing.TB) string {
	t.Helper()
	out := Output(t, exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI)",
		"Codename: "+suite, "Component: main", "Created-By: Packages"))
	first, _, _ := strings.Cut(out, "\n")
	if first == "" {
		t.Fatalf("apt on this machine knows no archive of Debian %s: run apt-get update", suite)
	}
	return first
}

// lock keeps other processes from making the same root.
func lock(t testing.TB, path string) (unlock func()) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { _ = file.Close() }
}

// Output runs a command that must succeed, and returns what it printed.
func Output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return strings.TrimSpace(string(out))
}
