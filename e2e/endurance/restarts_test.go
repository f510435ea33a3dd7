package endurance_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// restarts is how often the daemon is started again: 400 times in full.
func restarts() int {
	if harness.Full() {
		return 400
	}
	return 30
}

// sinceLine and transitionsLine are what a restart must keep.
var (
	sinceLine       = regexp.MustCompile(`(?m)^imds_condition_since_timestamp_seconds\{vantage="host"\} (\S+)$`)
	transitionsLine = regexp.MustCompile(`(?m)^imds_condition_transitions_total\{vantage="host"\} (\S+)$`)
)

// TestRestarts ends the daemon again and again, at any moment, a third of the times by
// SIGKILL, and wants it to go on as if nothing had been.
func TestRestarts(t *testing.T) {
	dir := t.TempDir()
	state, textfile := filepath.Join(dir, "state.json"), filepath.Join(dir, "imds.prom")
	args := []string{
		"run", "--imds.endpoint=" + harness.Simulate(t, "healthy"), "--probe.interval=1s", "--web.listen-address=127.0.0.1:0",
		"--no-probe.hop-limit", "--textfile.path=" + textfile, "--state.file=" + state,
	}
	seed := rand.Uint64()
	t.Logf("%d restarts, seed %d", restarts(), seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var since string
	for i := range restarts() {
		_ = os.Remove(textfile)
		p := harness.StartCmd(t, exec.Command(harness.Build(t, "imds-probe"), args...))
		if i%4 == 0 { // every fourth may come to its verdict
			eventually(t, 20*time.Second, "verdict", func() bool {
				text, _ := os.ReadFile(textfile)
				return strings.Contains(string(text), `imds_condition{condition="healthy",vantage="host"} 1`)
			})
			text := readFile(t, textfile)
			if n := transitionsLine.FindStringSubmatch(text); n == nil || n[1] != "1" {
				t.Fatalf("restart %d: transitions %q", i, n)
			}
			now := sinceLine.FindStringSubmatch(text)[1]
			if since == "" {
				since = now
			}
			if now != since {
				t.Fatalf("restart %d: since %s, was %s", i, now, since)
			}
		} else {
			time.Sleep(time.Duration(random.IntN(int(100 * time.Millisecond)))) // any moment
		}
		if i%3 == 0 {
			_ = p.Cmd.Process.Signal(syscall.SIGKILL)
			p.Wait(t, 10*time.Second)
		} else if err := p.Stop(t, 10*time.Second); err != nil && !beforeMain(p) {
			t.Fatalf("restart %d: ended with %v:\n%s", i, err, strings.Join(p.Lines(), "\n"))
		}
		if log := strings.Join(p.Lines(), "\n"); strings.Contains(log, "cannot be") {
			t.Fatalf("restart %d: %s", i, log)
		}
	}
}

// beforeMain tells whether a process was ended before its first line, when SIGTERM had
// no handler yet.
func beforeMain(p *harness.Process) bool { return len(p.Lines()) == 0 }
