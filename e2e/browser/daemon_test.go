package browser_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// instance is a simulated instance with a daemon that watches it.
type instance struct {
	host     string
	sim      *imdstest.Simulator
	endpoint string
	args     []string
	process  *harness.Process
	address  string // of the page, with its port
	seen     int    // lines of the log
}

// watch simulates a scenario and starts the daemon for it. What is about a
// change begins healthy.
func watch(t testing.TB, sc imdstest.Scenario, args ...string) *instance {
	t.Helper()
	return watchOn(t, "", sc, args...)
}

// watchOn is [watch] on a host of that name, if it is not empty.
func watchOn(t testing.TB, host string, sc imdstest.Scenario, args ...string) *instance {
	t.Helper()
	first := sc
	if sc.Before > 0 {
		first = imdstest.MustFind("healthy")
	}
	sim := imdstest.New(first)
	server, err := imdstest.Listen(sim, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	i := &instance{host: host, sim: sim, endpoint: server.URL(), args: append(slices.Clone(sc.Args), args...)}
	i.start(t, "127.0.0.1:0")
	return i
}

// start starts the daemon, or starts it anew.
func (i *instance) start(t testing.TB, address string) {
	t.Helper()
	args := append([]string{
		harness.Build(t, "imds-probe"), "run", "--imds.endpoint=" + i.endpoint, "--web.listen-address=" + address, "--probe.interval=2s", "--no-probe.hop-limit",
	}, i.args...)
	if i.host != "" {
		args = append([]string{"unshare", "--uts", "sh", "-c", `hostname "$0" && exec "$@"`, i.host}, args...)
	}
	i.process = harness.Start(t, args[0], args[1:]...)
	i.address, i.seen = i.process.Listening(t)
}

func (i *instance) page() string { return "http://" + i.address + "/" }

// quiet is a test whose processes do not print all their logs when it fails.
type quiet struct{ testing.TB }

// Failed implements [testing.TB].
func (quiet) Failed() bool { return false }

// logFailure prints the daemon's log if the test failed.
func (i *instance) logFailure(t testing.TB) {
	t.Helper()
	if t.Failed() {
		t.Logf("the daemon printed:\n%s", strings.Join(i.process.Lines(), "\n"))
	}
}

// await waits until the daemon has found the condition.
func (i *instance) await(t testing.TB, c probes.Condition) {
	t.Helper()
	_, i.seen = i.process.AwaitEvent(t, i.seen, patience, c.String(), func(e harness.Event) bool {
		return e.Kind == "condition_changed" && e.To == c.String()
	})
}

// change changes the scenario, and waits until the daemon has found it.
func (i *instance) change(t testing.TB, sc imdstest.Scenario) {
	t.Helper()
	sc.Before = 0
	i.sim.Set(sc)
	i.await(t, sc.Condition)
}
