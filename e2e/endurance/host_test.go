package endurance_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// isHealthy tells whether the daemon at an address serves and sees a healthy IMDS.
func isHealthy(t *testing.T, address string) func() bool {
	return func() bool {
		return strings.Contains(harness.Get(t, "http://"+address+"/metrics"), `imds_condition{condition="healthy",vantage="host"} 1`)
	}
}

// TestDescriptorsRunOut takes all descriptors that the process may have. It must
// not end, must not blame IMDS's firewall, and must recover by itself.
func TestDescriptorsRunOut(t *testing.T) {
	p, address := startDaemon(t, "ulimit -n 20; "+plainly)
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	for range 60 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	eventually(t, 10*time.Second, "use of all descriptors", func() bool {
		n, _ := inUse(t, p.Cmd.Process.Pid)
		return n >= 20
	})
	// The idle connections end at their time-out, without our doing.
	eventually(t, time.Minute, "healthy verdict again", isHealthy(t, address))
	if log := strings.Join(p.Lines(), "\n"); strings.Contains(log, `"to":"firewall_blocked"`) {
		t.Errorf("blames a firewall:\n%s", log)
	}
}

// TestDiskIsFull keeps textfile and state on a full disk, which then gets room.
func TestDiskIsFull(t *testing.T) {
	harness.NeedRoot(t)
	dir := t.TempDir()
	// In a mount namespace of the daemon's own.
	shell := fmt.Sprintf(`mount -t tmpfs -o size=64k tmpfs %[1]q && head -c 64k /dev/zero > %[1]q/filler; %s`, dir, plainly)
	p, address := startDaemon(t, "exec unshare -m sh -c '"+shell+"' \"$0\" \"$@\"",
		"--textfile.path="+dir+"/imds.prom", "--state.file="+dir+"/state.json")
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	awaitRoundsOf(t, address)
	seen := filepath.Join("/proc", fmt.Sprint(p.Cmd.Process.Pid), "root", dir)
	if err := os.Remove(seen + "/filler"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"imds.prom", "state.json"} {
		eventually(t, 10*time.Second, name, func() bool {
			info, err := os.Stat(filepath.Join(seen, name))
			return err == nil && info.Size() > 0
		})
	}
	oneWarningEach(t, p)
}

// TestRootIsReadOnly keeps textfile and state where nothing can be written.
func TestRootIsReadOnly(t *testing.T) {
	harness.NeedRoot(t)
	dir := t.TempDir()
	shell := fmt.Sprintf(`mount -t tmpfs -o ro tmpfs %q; %s`, dir, plainly)
	p, address := startDaemon(t, "exec unshare -m sh -c '"+shell+"' \"$0\" \"$@\"",
		"--textfile.path="+dir+"/imds.prom", "--state.file="+dir+"/state.json")
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	awaitRoundsOf(t, address)
	oneWarningEach(t, p)
}

// oneWarningEach wants one warning of the textfile and one of the state file,
// however many rounds there were.
func oneWarningEach(t *testing.T, p *harness.Process) {
	t.Helper()
	log := strings.Join(p.Lines(), "\n")
	for _, what := range []string{"textfile not written", "state file cannot be written"} {
		if n := strings.Count(log, what); n != 1 {
			t.Errorf("%d times %q:\n%s", n, what, log)
		}
	}
}

// awaitRoundsOf waits until a daemon has made three rounds more.
func awaitRoundsOf(t *testing.T, address string) {
	t.Helper()
	count := func() (all int) {
		all, _ = requestsTotal(t, harness.Get(t, "http://"+address+"/metrics"))
		return all
	}
	began := count()
	eventually(t, time.Minute, "further rounds", func() bool { return count() >= began+3*6 })
}

// TestStoppedAndContinued freezes the process for longer than several intervals.
// That must flip no condition, nor make up for the rounds that were missed.
func TestStoppedAndContinued(t *testing.T) {
	p, address := startDaemon(t, plainly)
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	before, _ := requestsTotal(t, harness.Get(t, "http://"+address+"/metrics"))
	_ = p.Cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(5 * time.Second) // the fault itself
	_ = p.Cmd.Process.Signal(syscall.SIGCONT)
	text := harness.Get(t, "http://"+address+"/metrics")
	after, _ := requestsTotal(t, text)
	if after > before+3*6 {
		t.Errorf("%d requests were made up for", after-before)
	}
	awaitRoundsOf(t, address)
	text = harness.Get(t, "http://"+address+"/metrics")
	if !strings.Contains(text, `imds_condition_transitions_total{vantage="host"} 1`) {
		t.Errorf("the condition flipped:\n%s", strings.Join(p.Lines(), "\n"))
	}
}

// TestMemoryLimit floods a daemon that the kernel lets have 32 MiB, and wants it
// to live and serve.
func TestMemoryLimit(t *testing.T) {
	harness.NeedRoot(t)
	group, limit := memoryGroup(t, 32<<20)
	p, address := startDaemon(t, `echo $$ > '`+group+`/cgroup.procs'; `+plainly)
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	for range 300 {
		conn, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		hogs["never reads"](conn)
	}
	awaitRoundsOf(t, address)
	if peak := procStatus(t, p.Cmd.Process.Pid, "VmHWM"); peak<<10 > 2*limit {
		t.Errorf("%d KiB", peak)
	}
	if !isHealthy(t, address)() {
		t.Error("not healthy")
	}
}

// memoryGroup makes a control group (of either version) with a limit of memory.
func memoryGroup(t *testing.T, limit int) (path string, bytes int) {
	t.Helper()
	root, file := "/sys/fs/cgroup", "memory.max"
	if _, err := os.Stat(root + "/memory/memory.limit_in_bytes"); err == nil {
		root, file = root+"/memory", "memory.limit_in_bytes"
	}
	path = filepath.Join(root, fmt.Sprintf("imds-probe-test-%d", os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the process has ended
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(path, file), fmt.Append(nil, limit), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, limit
}
