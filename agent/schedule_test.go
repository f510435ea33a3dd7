package agent_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestRest wants one moment of rest each interval, however many vantages.
func TestRest(t *testing.T) {
	user, err := wire.ParseVantage("user:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, vantages := range [][]wire.Vantage{{wire.HostVantage()}, {wire.HostVantage(), user}} {
		synctest.Test(t, func(t *testing.T) {
			var rests atomic.Int64
			d := agenttest.Start(t, "healthy", func(o *agent.Options) {
				o.Vantages, o.Rest = vantages, func() { rests.Add(1) }
			})
			if n := rests.Load(); n != 1 {
				t.Errorf("%d rests after the first rounds, want 1", n)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			d.Stop()
			if n, want := rests.Load(), int64(1+10*60/30); n != want {
				t.Errorf("%d rests in 20 intervals of %d vantages, want %d", n, len(vantages), want)
			}
		})
	}
}
