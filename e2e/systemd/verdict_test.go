package systemd_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

func (h host) testVerdict(t *testing.T) {
	h.awaitStatus(t, "healthy: IMDS answers")
	if out := h.Run(t, "systemctl", "status", "--no-pager", "--full", unit); !strings.Contains(out, `Status: "healthy: IMDS answers`) {
		t.Errorf("systemctl status does not show the verdict:\n%s", out)
	}
	_, events := h.journal(t)
	for _, kind := range []string{"started", "condition_changed", "stopping"} {
		if !slices.ContainsFunc(events, func(e harness.Event) bool { return e.Kind == kind }) {
			t.Errorf("the journal has no event %s", kind)
		}
	}
}

// testScenario breaks the instance and mends it.
func (h host) testScenario(t *testing.T) {
	log := h.follow(t)
	h.net.Simulate(t, "no_role")
	next := awaitCondition(t, log, 0, "no_role")
	h.awaitStatus(t, "no_role: ")
	entries, events := h.journal(t, "--priority=err")
	if !slices.ContainsFunc(events, func(e harness.Event) bool { return e.To == "no_role" }) {
		t.Errorf("journalctl --priority=err does not find it: %+v", entries)
	}
	if slices.ContainsFunc(events, func(e harness.Event) bool { return e.Kind == "started" || e.To == "healthy" }) {
		t.Errorf("to journald good news is an error: %+v", entries)
	}
	h.net.Simulate(t, "healthy")
	awaitCondition(t, log, next, "healthy")
	h.awaitStatus(t, "healthy: ")
}

func (h host) testSignals(t *testing.T) {
	before := h.pid(t)
	h.Run(t, "systemctl", "kill", "--kill-whom=main", "--signal=HUP", unit)
	if out, err := h.Command("systemctl", "reload", unit).CombinedOutput(); err == nil {
		t.Errorf("systemctl reload does nothing, and says it did: %s", out)
	}
	h.awaitRounds(t, 2)
	if now := h.pid(t); now != before {
		t.Errorf("SIGHUP ended the daemon: pid %s, then %s", before, now)
	}
}

// awaitRounds waits until the daemon has made some more rounds.
func (h host) awaitRounds(t *testing.T, n int) {
	t.Helper()
	last := ""
	for seen := 0; seen <= n; {
		nspawn.Eventually(t, "another round", func() bool {
			line := h.metric(t, "imds_last_round_timestamp_seconds")
			if line == last {
				return false
			}
			last = line
			return true
		})
		seen++
	}
}

// metric returns the lines of a metric.
func (h host) metric(t *testing.T, name string) string {
	t.Helper()
	out, err := h.net.Get("/metrics")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var lines []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// testWatchdog wants a stuck daemon restarted, and one that cannot reach IMDS
// left alone for longer than the watchdog waits.
func (h host) testWatchdog(t *testing.T) {
	h.dropIn(t, "watchdog.conf", "[Service]\nWatchdogSec=5s\n")
	h.args(t, "--probe.interval=2s --probe.timeout=200ms")
	log := h.follow(t)
	h.Run(t, "systemctl", "restart", unit)
	h.awaitReady(t)

	h.net.Simulate(t, "firewall_drop")
	next := awaitCondition(t, log, 0, "firewall_blocked")
	before := h.pid(t)
	h.awaitRounds(t, 4) // of 2 s and more each
	if now := h.pid(t); now != before {
		t.Errorf("an unreachable IMDS restarted the daemon: pid %s, then %s", before, now)
	}
	h.net.Simulate(t, "healthy")
	next = awaitCondition(t, log, next, "healthy")

	restarts := h.restarts(t)
	h.Run(t, "systemctl", "kill", "--kill-whom=main", "--signal=STOP", unit)
	log.AwaitText(t, "Watchdog timeout", limit)
	log.AwaitEvent(t, next, limit, "a new start", func(e harness.Event) bool { return e.Kind == "started" })
	if got := h.restarts(t); got != restarts+1 {
		t.Errorf("%d restarts, want %d", got, restarts+1)
	}
	h.awaitReady(t)
}

// testKill wants a killed daemon back, with what it knew.
func (h host) testKill(t *testing.T) {
	h.net.Simulate(t, "no_role")
	h.awaitStatus(t, "no_role: ")
	h.net.Simulate(t, "healthy")
	h.awaitStatus(t, "healthy: ")
	before, pid, restarts := h.status(t), h.pid(t), h.restarts(t)
	h.Run(t, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", unit)
	nspawn.Eventually(t, "the daemon is back", func() bool {
		now := h.pid(t)
		return now != pid && now != "0"
	})
	if got := h.restarts(t); got != restarts+1 {
		t.Errorf("%d restarts, want %d", got, restarts+1)
	}
	h.awaitReady(t)
	after := h.status(t)
	if !after.Agent.StartedAt.After(before.Agent.StartedAt) {
		t.Error("it is the same process")
	}
	if diff := cmp.Diff(before.Transitions, after.Transitions); diff != "" {
		t.Errorf("transitions: -before the kill +after it:\n%s", diff)
	}
}

// testBootGrace takes a grace that is longer than this machine has been up.
func (h host) testBootGrace(t *testing.T) {
	h.dropIn(t, "grace.conf", "[Service]\nEnvironment=BOOT_GRACE=87600h\n")
	h.Run(t, "systemctl", "stop", unit)
	h.Run(t, "rm", "-rf", "/var/lib/private/imds-probe/state.json")
	h.net.Simulate(t, "imds_disabled")
	log := h.follow(t)
	h.Run(t, "systemctl", "start", unit)
	h.awaitRounds(t, 4) // more than confirm a fault
	if got := h.Show(t, unit, "StatusText"); !strings.HasPrefix(got, "unknown: ") {
		t.Errorf("in the grace the verdict is %q", got)
	}
	h.net.Simulate(t, "healthy")
	awaitCondition(t, log, 0, "healthy")
}
