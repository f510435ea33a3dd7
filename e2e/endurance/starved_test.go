package endurance_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// TestProcessorQuota lets the daemon run for 1 % of a processor's time, and wants no
// condition to be made of that.
func TestProcessorQuota(t *testing.T) {
	harness.NeedRoot(t)
	group := processorGroup(t, time.Millisecond, 100*time.Millisecond)
	dir := t.TempDir()
	textfile := filepath.Join(dir, "imds.prom")
	p := harness.StartCmd(t, exec.Command("sh", "-c", `echo $$ > '`+group+`/cgroup.procs'; `+plainly, harness.Build(t, "imds-probe"),
		"run", "--imds.endpoint="+harness.Simulate(t, "healthy"), "--probe.interval=2s", "--web.listen-address=127.0.0.1:0",
		"--no-probe.hop-limit", "--textfile.path="+textfile))
	p.AwaitText(t, `"to":"healthy"`, 2*time.Minute)
	eventually(t, 3*time.Minute, "ten rounds", func() bool {
		text, _ := os.ReadFile(textfile)
		good, bad, local := roundsOf(t, string(text))
		return good+bad+local >= 10
	})
	noOtherVerdict(t, p)
}

// noOtherVerdict wants a daemon to have said healthy, unknown at most, and nothing else.
func noOtherVerdict(t *testing.T, p *harness.Process) {
	t.Helper()
	for _, line := range p.Lines() {
		if strings.Contains(line, `"event":"condition_changed"`) && !strings.Contains(line, `"to":"healthy"`) && !strings.Contains(line, `"to":"unknown"`) {
			t.Errorf("a false condition: %s", line)
		}
	}
}

// roundsOf reads how many rounds of the host there were, by their outcome.
func roundsOf(t *testing.T, exposition string) (good, bad, local int) {
	t.Helper()
	for outcome, n := range map[string]*int{"good": &good, "bad": &bad, "local": &local} {
		if _, rest, found := strings.Cut(exposition, fmt.Sprintf("\nimds_rounds_total{outcome=%q,vantage=\"host\"} ", outcome)); found {
			if _, err := fmt.Sscan(rest, n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return good, bad, local
}

// processorGroup makes a control group (of either version) that may run for a share of
// each period.
func processorGroup(t *testing.T, quota, period time.Duration) (path string) {
	t.Helper()
	root := "/sys/fs/cgroup"
	files := map[string]string{"cpu.max": fmt.Sprintf("%d %d", quota.Microseconds(), period.Microseconds())}
	if _, err := os.Stat(root + "/cpu/cpu.cfs_quota_us"); err == nil {
		root += "/cpu"
		files = map[string]string{
			"cpu.cfs_period_us": fmt.Sprint(period.Microseconds()),
			"cpu.cfs_quota_us":  fmt.Sprint(quota.Microseconds()),
		}
	}
	path = filepath.Join(root, fmt.Sprintf("imds-probe-test-cpu-%d", os.Getpid()))
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the process has ended
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestStoppedInARound stops the process in the middle of rounds, for longer than a
// request may take, and wants those rounds to be no verdict.
func TestStoppedInARound(t *testing.T) {
	p, address := startDaemon(t, plainly, "--probe.interval=300ms", "--probe.timeout=300ms")
	eventually(t, 10*time.Second, "healthy verdict", isHealthy(t, address))
	for range 10 {
		_ = p.Cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(500 * time.Millisecond) // the fault itself
		_ = p.Cmd.Process.Signal(syscall.SIGCONT)
		time.Sleep(37 * time.Millisecond) // into another part of a round each time
	}
	awaitRoundsOf(t, address)
	noOtherVerdict(t, p)
	if log := strings.Join(p.Lines(), "\n"); strings.Contains(log, `"event":"blip"`) {
		t.Errorf("something was suspected:\n%s", log)
	}
}

// TestLocalPortsRunOut leaves the network namespace of the daemon no port to connect
// from. That is a matter of this host: the vantage is unknown, and recovers.
func TestLocalPortsRunOut(t *testing.T) {
	harness.NeedRoot(t)
	dir := t.TempDir()
	textfile, hold := filepath.Join(dir, "imds.prom"), filepath.Join(dir, "hold")
	binary := harness.Build(t, "imds-probe")
	// One port only, which a listener on it takes while the file is there.
	script := fmt.Sprintf(`ip link set lo up
"$0" simulate --scenario=healthy --listen=127.0.0.1:1024 >/dev/null &
sleep 1
"$0" run --imds.endpoint=http://127.0.0.1:1024 --probe.interval=1s --web.listen-address=127.0.0.1:0 --no-probe.hop-limit --textfile.path=%[1]s &
until grep -q 'condition="healthy",vantage="host"} 1' %[1]s 2>/dev/null; do sleep 0.1; done
sysctl -qw net.ipv4.ip_local_port_range="2000 2000"
"$0" simulate --scenario=healthy --listen=127.0.0.1:2000 >/dev/null & holder=$!
until [ -e %[2]s ]; do sleep 0.1; done
kill $holder
sysctl -qw net.ipv4.ip_local_port_range="30000 40000"
wait`, textfile, hold)
	p := harness.StartCmd(t, exec.Command("unshare", "-n", "--kill-child", "--fork", "--pid", "--mount-proc", "sh", "-c", script, binary))
	_, at := p.Await(t, 0, 30*time.Second, "want of a port", func(line string) bool { return strings.Contains(line, `"to":"unknown"`) })
	if err := os.WriteFile(hold, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Await(t, at, 30*time.Second, "recovery", func(line string) bool { return strings.Contains(line, `"from":"unknown","to":"healthy"`) })
	noOtherVerdict(t, p)
	if log := strings.Join(p.Lines(), "\n"); !strings.Contains(log, `"reason":"local_error"`) {
		t.Errorf("not for want of a port:\n%s", log)
	}
}
