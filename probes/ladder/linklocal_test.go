package ladder_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestPacketsDropped wants time-outs to be throttling while the driver counts
// dropped packets during the round, and what they else are before and after.
func TestPacketsDropped(t *testing.T) {
	for scenario, without := range map[string]seen{
		"firewall_drop":     {probes.ConditionFirewallBlocked, probes.ReasonConnectTimeout},
		"hang":              {probes.ConditionIMDSError, probes.ReasonAnswerTimeout},
		"drip":              {probes.ConditionIMDSError, probes.ReasonAnswerSlow},
		"hop_limit_too_low": {probes.ConditionHopLimitTooLow, probes.ReasonTokenAnswerLost},
		"firewall_reject":   {probes.ConditionFirewallBlocked, probes.ReasonConnectRefused},
		"throttled_503":     {probes.ConditionThrottled, probes.ReasonServiceUnavailable},
		"imds_disabled":     {probes.ConditionIMDSDisabled, probes.ReasonForbidden},
		"healthy":           {probes.ConditionHealthy, probes.ReasonOK},
	} {
		t.Run(scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				while := without
				switch without.Reason { //nolint:exhaustive // the time-outs
				case probes.ReasonConnectTimeout, probes.ReasonAnswerTimeout, probes.ReasonAnswerSlow:
					while = seen{probes.ConditionThrottled, probes.ReasonPacketsDropped}
				}
				defer time.Sleep(time.Minute) // lets answers that drip find their client gone
				c := &dropCounter{}
				sim := imdstest.New(imdstest.MustFind(scenario))
				p, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: probes.DefaultPolicy(), HTTPClient: wire.NewClient(sim.Dial), Drops: c.read})
				if err != nil {
					t.Fatal(err)
				}
				got := []seen{diagnosed(t, p)}
				c.step = 2 // fewer than must be lost to look like a time-out, such as DNS's
				got = append(got, diagnosed(t, p))
				c.step = 4 // enough, during each round from now on
				got = append(got, diagnosed(t, p), diagnosed(t, p))
				c.step = 0
				c.total += 100 // dropped between two rounds: none of the round's own packets
				got = append(got, diagnosed(t, p))
				sim.Set(imdstest.MustFind("healthy"))
				got = append(got, diagnosed(t, p))
				want := []seen{without, without, while, while, without, {probes.ConditionHealthy, probes.ReasonOK}}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// dropCounter is a driver's counter that moves by a step whenever it is read.
type dropCounter struct{ total, step uint64 }

func (c *dropCounter) read() map[string]uint64 {
	c.total += c.step
	return map[string]uint64{"ens5": c.total}
}

// TestPacketsDroppedByDevice wants devices that come and go during a round to hide
// no drop, and to be none.
func TestPacketsDroppedByDevice(t *testing.T) {
	type counters = map[string]uint64
	for name, c := range map[string]struct {
		before, after counters
		want          uint64
	}{
		"none":                 {nil, nil, 0},
		"still":                {counters{"ens5": 7}, counters{"ens5": 7}, 0},
		"moved":                {counters{"ens5": 7}, counters{"ens5": 8}, 1},
		"reset":                {counters{"ens5": 7}, counters{"ens5": 0}, 0},
		"one came":             {counters{"ens5": 7}, counters{"ens5": 7, "ens6": 9}, 0},
		"one left":             {counters{"ens5": 7, "ens6": 9}, counters{"ens5": 7}, 0},
		"one left, one moved":  {counters{"ens5": 7, "ens6": 9}, counters{"ens5": 8}, 1},
		"one reset, one moved": {counters{"ens5": 7, "ens6": 9}, counters{"ens5": 0, "ens6": 10}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			reads := []counters{c.before, c.after}
			next := func() (now counters) {
				now, reads = reads[0], reads[1:]
				return now
			}
			p, err := ladder.New(ladder.Options{
				Timeout: time.Second, Policy: probes.DefaultPolicy(), Drops: next,
				HTTPClient: wire.NewClient(imdstest.New(imdstest.MustFind("healthy")).Dial),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := round(t, p).Dropped; got != c.want {
				t.Errorf("%s: %d, want %d", name, got, c.want)
			}
		})
	}
}

func diagnosed(t *testing.T, p *ladder.Prober) seen {
	t.Helper()
	r := round(t, p)
	known, _ := probes.Known{}.Learn(r)
	d := probes.Diagnose(r, probes.DefaultPolicy(), known)
	return seen{d.Condition, d.Reason}
}
