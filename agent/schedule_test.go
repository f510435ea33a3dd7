package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"imds-probe/agent"
	"imds-probe/probes"
)

// TestRest wants one moment of rest each interval, however many vantages.
func TestRest(t *testing.T) {
	user, err := probes.ParseVantage("user:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, vantages := range [][]probes.Vantage{{probes.HostVantage()}, {probes.HostVantage(), user}} {
		synctest.Test(t, func(t *testing.T) {
			rests := 0
			d := startDaemon(t, "healthy", func(o *agent.Options) {
				o.Vantages, o.Rest = vantages, func() { rests++ }
			})
			if rests != 1 {
				t.Errorf("%d rests after the first rounds, want 1", rests)
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			d.stop()
			if want := 1 + 10*60/30; rests != want {
				t.Errorf("%d rests in 20 intervals of %d vantages, want %d", rests, len(vantages), want)
			}
		})
	}
}
