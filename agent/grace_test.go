package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

const grace = time.Minute

// boot runs the daemon on a host that has only just booted, in a scenario. It
// returns a function that lets time pass and then tells the last condition that
// was logged, and when, counted from the boot.
func boot(t *testing.T, scenario string) (sim *imdstest.Simulator, after func(time.Duration) (to string, at time.Duration)) {
	t.Helper()
	start := time.Now()
	sim = imdstest.New(imdstest.MustFind(scenario))
	core, logs := observer.New(zap.InfoLevel)
	a, err := agent.New(t.Context(), agent.Options{
		Endpoint: ladder.EndpointIPv4,
		Interval: 30 * time.Second, Timeout: time.Second, GraceUntil: start.Add(grace),
		Policy: probes.DefaultPolicy(), HTTPClient: wire.NewClient(sim.Dial), Logger: zap.New(core),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return sim, func(d time.Duration) (to string, at time.Duration) {
		time.Sleep(time.Until(start.Add(d)))
		synctest.Wait()
		changes := logs.FilterField(zap.String("event", string(track.EventConditionChanged))).All()
		if len(changes) == 0 {
			return "", 0
		}
		last := changes[len(changes)-1]
		return last.ContextMap()["to"].(string), last.Time.Sub(start)
	}
}

func TestBootGrace(t *testing.T) {
	t.Run("a bad first verdict is held back until the grace is over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, after := boot(t, "imds_disabled")
			if to, at := after(grace - time.Second); to != "" {
				t.Errorf("%s %v after boot, want nothing yet", to, at)
			}
			if to, at := after(grace + 10*time.Second); to != "imds_disabled" || at < grace {
				t.Errorf("%q %v after boot, want imds_disabled once the grace is over", to, at)
			}
		})
	})
	t.Run("an IMDS that is slow to come up is never reported", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sim, after := boot(t, "imds_disabled")
			after(grace / 2)
			sim.Set(imdstest.MustFind("healthy"))
			if to, at := after(grace); to != "healthy" || at > grace/2+10*time.Second {
				t.Errorf("%q %v after boot, want healthy soon after IMDS came up", to, at)
			}
		})
	})
	t.Run("what breaks after a first good verdict is reported at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			sim, after := boot(t, "healthy")
			after(time.Second)
			sim.Set(imdstest.MustFind("imds_disabled"))
			if to, at := after(grace - time.Second); to != "imds_disabled" {
				t.Errorf("%q %v after boot, want imds_disabled within the grace", to, at)
			}
		})
	})
}
