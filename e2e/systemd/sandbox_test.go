package systemd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

// maxExposure is what `systemd-analyze security` may say of the unit at most.
const maxExposure = 1.5

func TestExposure(t *testing.T) {
	analyze := harness.NeedCommand(t, "systemd-analyze", "systemd")
	data, err := os.ReadFile(filepath.Join(harness.Root(), "deploy", "systemd", unit))
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(t.TempDir(), unit) // without the drop-ins beside it
	if err := os.WriteFile(alone, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out := nspawn.Output(t, exec.Command(analyze, "security", "--offline=true", "--no-pager", alone))
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no exposure level in:\n%s", out)
	}
	if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > maxExposure {
		t.Errorf("exposure level %s, want at most %v:\n%s", m[1], maxExposure, out)
	}
}

// testSandbox looks at the file system through the eyes of the daemon.
func (h host) testSandbox(t *testing.T) {
	pid := h.pid(t)
	uid := h.Run(t, "stat", "--format=%u", "/proc/"+pid)
	if uid == "0" {
		t.Fatal("the daemon runs as root")
	}
	// From the daemon's root, since nothing but the daemon may be executed there.
	script := fmt.Sprintf("cd /proc/%s/root && exec setpriv --reuid=%s --regid=%[2]s --clear-groups --no-new-privs "+
		"find . -path ./proc -prune -o '(' -type d -o -type f ')' -writable -print 2>/dev/null", pid, uid)
	out, _ := h.Command("sh", "-c", script).Output() // find fails for folders that it may not read
	for path := range strings.FieldsSeq(string(out)) {
		if path != "./var/lib/private/imds-probe" && !strings.HasPrefix(path, "./var/lib/private/imds-probe/") {
			t.Errorf("the daemon may write to %s", path)
		}
	}
	if !strings.Contains(string(out), "./var/lib/private/imds-probe") {
		t.Errorf("the daemon may not write to its state directory:\n%s", out)
	}
}

func (h host) testLimits(t *testing.T) {
	pid := h.pid(t)
	status := map[string]string{}
	for line := range strings.Lines(h.Run(t, "cat", "/proc/"+pid+"/status")) {
		name, value, _ := strings.Cut(line, ":")
		status[name] = strings.TrimSpace(value)
	}
	none := "0000000000000000"
	want := map[string]string{
		"NoNewPrivs": "1", "Seccomp": "2",
		"CapInh": none, "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none,
	}
	got := map[string]string{}
	for name := range want {
		got[name] = status[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	limits := h.Run(t, "cat", "/proc/"+pid+"/limits")
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).MatchString(limits) {
		t.Errorf("a core could be dumped:\n%s", limits)
	}
	if owner := h.Run(t, "stat", "--format=%u", "/proc/"+pid+"/environ"); owner != "0" {
		t.Errorf("the daemon is dumpable: its environment is open to user %s", owner)
	}
	for property, want := range map[string]string{"MemoryMax": "100663296", "MemorySwapMax": "0", "TasksMax": "64"} {
		if got := h.Show(t, unit, property); got != want {
			t.Errorf("%s=%s, want %s", property, got, want)
		}
	}
}

// testNoCore makes the daemon crash in the way that dumps a core.
func (h host) testNoCore(t *testing.T) {
	h.dropIn(t, "crash.conf", "[Service]\nEnvironment=GOTRACEBACK=crash\nRestart=no\n")
	h.Run(t, "systemctl", "restart", unit)
	h.awaitReady(t)
	h.Run(t, "systemctl", "kill", "--kill-whom=main", "--signal=ABRT", unit)
	nspawn.Eventually(t, "the daemon has crashed", func() bool { return h.Show(t, unit, "ActiveState") == "failed" })
	if got := h.Show(t, unit, "Result"); got != "signal" { // "core-dump" if the kernel dumped one
		t.Errorf("the crash ended in %s, want signal", got)
	}
}
