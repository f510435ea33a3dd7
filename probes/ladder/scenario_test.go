package ladder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestScenarios wants every scenario to come to its condition, in memory.
func TestScenarios(t *testing.T) {
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := imdstest.MustFind("healthy")
				before.Instance.ClockAhead = sc.Instance.ClockAhead
				sim := imdstest.New(before)
				defer time.Sleep(time.Minute) // lets answers that drip find their client gone
				checkScenario(t, sim, ladder.Options{Timeout: time.Second, HTTPClient: wire.NewClient(sim.Dial)}, sc)
			})
		})
	}
}

// TestScenariosOnSockets is the same on real sockets: the kernel's errors and the
// wire's bytes come to the same conditions.
func TestScenariosOnSockets(t *testing.T) {
	t.Parallel()
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			sim := imdstest.New(imdstest.MustFind("healthy"))
			server, err := imdstest.Listen(sim, "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			checkScenario(t, sim, ladder.Options{Endpoint: server.URL(), Timeout: 2 * time.Second}, sc)
		})
	}
}
