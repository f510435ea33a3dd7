package prometheus_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// instance is a simulated instance and the daemon on it.
type instance struct {
	simulator *imdstest.Simulator
	endpoint  string
	daemon    *harness.Process
	address   string
	args      []string
}

// startInstance starts a simulator in a scenario and a daemon that looks at it
// every second.
func startInstance(t *testing.T, scenario imdstest.Scenario, args ...string) *instance {
	t.Helper()
	simulator := imdstest.New(scenario)
	server, err := imdstest.Listen(simulator, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	i := &instance{simulator: simulator, endpoint: server.URL(), args: args}
	i.startDaemon(t, "127.0.0.1:0")
	return i
}

// startDaemon starts the daemon on an address.
func (i *instance) startDaemon(t *testing.T, address string) {
	t.Helper()
	i.daemon = harness.Start(t, harness.Build(t, "imds-probe"), slices.Concat([]string{
		"run", "--imds.endpoint=" + i.endpoint, "--web.listen-address=" + address,
		"--probe.interval=1s", "--probe.timeout=500ms",
	}, i.args)...)
	started, _ := i.daemon.AwaitEvent(t, 0, patience, "that it started", func(e harness.Event) bool { return e.Kind == "started" })
	i.address = started.Listening[0]
}

// changed returns when the daemon said that the condition became this one.
func (i *instance) changed(t *testing.T, to string) time.Time {
	t.Helper()
	for _, line := range slices.Backward(i.daemon.Lines()) {
		var event struct {
			TS        time.Time
			Event, To string
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Event == "condition_changed" && event.To == to {
			return event.TS
		}
	}
	t.Errorf("the daemon never said that the condition is %s", to)
	return time.Time{}
}
