package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"imds-probe/agent"
)

// TestRest wants one moment of rest after each round.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rests := 0
		d := startDaemon(t, "healthy", func(o *agent.Options) { o.Rest = func() { rests++ } })
		if rests != 1 {
			t.Errorf("%d rests after the first round, want 1", rests)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		d.stop()
		if want := 1 + 10*60/30; rests != want {
			t.Errorf("%d rests after %d rounds", rests, want)
		}
	})
}
