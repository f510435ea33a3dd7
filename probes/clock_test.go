package probes_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

const ms = time.Millisecond

func bounds(low, high time.Duration) probes.ClockOffset {
	return probes.ClockOffset{Low: low, High: high, Measured: true}
}

// TestOffsetOf wants the bounds that one exchange leaves: an answer dated D was written
// in [D, D+1s), at some time between the request and the first byte of the answer.
func TestOffsetOf(t *testing.T) {
	for name, tc := range map[string]struct {
		e    probes.Exchange
		want probes.ClockOffset
	}{
		"no date":            {probes.Exchange{Start: now}, probes.ClockOffset{}},
		"at once":            {probes.Exchange{Start: now, Date: now, FirstByte: 10 * ms, Total: 20 * ms}, bounds(-time.Second, 10*ms)},
		"without first byte": {probes.Exchange{Start: now, Date: now, Total: 20 * ms}, bounds(-time.Second, 20*ms)},
		"ahead":              {probes.Exchange{Start: now.Add(time.Minute), Date: now, FirstByte: 10 * ms}, bounds(59*time.Second, time.Minute+10*ms)},
		"behind":             {probes.Exchange{Start: now.Add(-time.Minute), Date: now, FirstByte: 10 * ms}, bounds(-61*time.Second, -time.Minute+10*ms)},
	} {
		if got := probes.OffsetOf(tc.e); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// TestClockAnd narrows bounds; where two exclude each other, the newer ones hold.
func TestClockAnd(t *testing.T) {
	none := probes.ClockOffset{}
	for name, tc := range map[string]struct{ old, newer, want probes.ClockOffset }{
		"neither":      {none, none, none},
		"the old one":  {bounds(1, 3), none, bounds(1, 3)},
		"the newer":    {none, bounds(-1, 3), bounds(-1, 3)},
		"both":         {bounds(1, 3), bounds(2, 4), bounds(2, 3)},
		"within":       {bounds(1, 9), bounds(2, 4), bounds(2, 4)},
		"they touch":   {bounds(1, 3), bounds(3, 4), bounds(3, 3)},
		"stepped up":   {bounds(1, 3), bounds(4, 6), bounds(4, 6)},
		"stepped down": {bounds(4, 6), bounds(1, 3), bounds(1, 3)},
	} {
		if got := tc.old.And(tc.newer); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// TestClockDrifts widens bounds by half a millisecond a second, whichever way time went.
func TestClockDrifts(t *testing.T) {
	for _, elapsed := range []time.Duration{2 * time.Second, -2 * time.Second} {
		if got := bounds(10*ms, 20*ms).After(elapsed); got != bounds(9*ms, 21*ms) {
			t.Errorf("%v: %+v", elapsed, got)
		}
	}
	if got := (probes.ClockOffset{}).After(time.Hour); got != (probes.ClockOffset{}) {
		t.Errorf("what was not measured became %+v", got)
	}
}

// TestClockEstimate is the middle of the bounds, by which times are corrected.
func TestClockEstimate(t *testing.T) {
	offset := bounds(59*time.Second, 61*time.Second)
	if got := offset.Estimate(); got != time.Minute {
		t.Errorf("%v", got)
	}
	if got := offset.Correct(now); got != now.Add(-time.Minute) {
		t.Errorf("%v", got)
	}
}

// TestSkewIsCertain names a skew only when the whole interval is beyond the limit.
func TestSkewIsCertain(t *testing.T) {
	for name, tc := range map[string]struct {
		offset probes.ClockOffset
		want   probes.Condition
	}{
		"at the limit":       {bounds(time.Minute, 2*time.Minute), probes.ConditionHealthy},
		"beyond":             {bounds(time.Minute+1, 2*time.Minute), probes.ConditionClockSkewed},
		"behind, at it":      {bounds(-2*time.Minute, -time.Minute), probes.ConditionHealthy},
		"behind, beyond":     {bounds(-2*time.Minute, -time.Minute-1), probes.ConditionClockSkewed},
		"perhaps":            {bounds(0, time.Hour), probes.ConditionHealthy},
		"not measured at al": {probes.ClockOffset{Low: time.Hour, High: time.Hour}, probes.ConditionHealthy},
	} {
		if d := probes.Diagnose(app.round(), probes.DefaultPolicy(), probes.Known{Clock: tc.offset}); d.Condition != tc.want {
			t.Errorf("%s: %v, want %v", name, d.Condition, tc.want)
		}
	}
}

// TestKnownClock wants rounds to narrow the offset, and the time between them to
// widen it.
func TestKnownClock(t *testing.T) {
	r := app.round()
	r.Clock = bounds(10*ms, 30*ms)
	known := learned(r)
	if known.Clock != r.Clock || known.ClockAt != r.End() {
		t.Errorf("%+v at %v", known.Clock, known.ClockAt)
	}
	later := app.round()
	later.Start, later.Clock = now.Add(2*time.Second), bounds(0, 25*ms)
	if known, _ = known.Learn(later); known.Clock != bounds(9*ms, 25*ms) || known.ClockAt != later.End() {
		t.Errorf("%+v at %v", known.Clock, known.ClockAt)
	}
	if again, _ := known.Learn(app.round()); again.Clock != known.Clock || again.ClockAt != known.ClockAt {
		t.Errorf("a round without a date changed the clock to %+v", again.Clock)
	}
}
