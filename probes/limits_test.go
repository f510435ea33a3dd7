package probes_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// TestOverran wants an exchange to have been held up by this host only if it ended
// later than any timer of a healthy one: by a quarter of its limit, or 100 ms.
func TestOverran(t *testing.T) {
	for _, tc := range []struct {
		limit, total time.Duration
		want         bool
	}{
		{time.Second, time.Second, false},
		{time.Second, 1250 * time.Millisecond, false},
		{time.Second, 1250*time.Millisecond + 1, true},
		{time.Second, time.Hour, true},
		{100 * time.Millisecond, 200 * time.Millisecond, false},
		{100 * time.Millisecond, 200*time.Millisecond + 1, true},
		{400 * time.Millisecond, 500 * time.Millisecond, false},
		{0, time.Hour, false}, // no limit is known
		{0, 0, false},
	} {
		if got := (probes.Exchange{Limit: tc.limit, Total: tc.total}).Overran(); got != tc.want {
			t.Errorf("%v with a limit of %v: %v", tc.total, tc.limit, got)
		}
	}
}

// TestHostOverloaded wants a time-out that this host noticed far too late to be no
// verdict on IMDS, and any other failure to be one, however late.
func TestHostOverloaded(t *testing.T) {
	timeouts := map[probes.Reason]bool{
		probes.ReasonConnectTimeout: true, probes.ReasonAnswerTimeout: true, probes.ReasonAnswerSlow: true, probes.ReasonTokenAnswerLost: true,
	}
	late, inTime := probes.Exchange{Limit: time.Second, Total: time.Minute}, probes.Exchange{Limit: time.Second, Total: time.Second}
	for _, reason := range probes.Reasons() {
		if reason == probes.ReasonHostOverloaded {
			continue // it is no reason of a probe
		}
		for name, exchanges := range map[string][]probes.Exchange{"the answer": {late}, "the control": {inTime, late}, "none": {inTime, inTime}} {
			r := failed(app.round(), probes.ProbeIAM, reason)
			r.Results[probes.ProbeIAM].Exchanges = exchanges
			d := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{})
			excused := d == probes.Diagnosis{Condition: probes.ConditionUnknown, Reason: probes.ReasonHostOverloaded, Probe: probes.ProbeIAM}
			if want := timeouts[reason] && name != "none"; excused != want {
				t.Errorf("%v, and %s was late: %+v", reason, name, d)
			}
		}
	}
}

// TestSkewLimit wants the limit to be taken at its word, also one beyond the five minutes
// at which AWS refuses signatures, and none to be none.
func TestSkewLimit(t *testing.T) {
	off := func(d time.Duration) probes.Known {
		return probes.Known{Clock: probes.ClockOffset{Low: d, High: d, Measured: true}}
	}
	for _, tc := range []struct {
		limit, offset time.Duration
		want          probes.Condition
	}{
		{0, time.Hour, probes.ConditionHealthy},
		{10 * time.Minute, 6 * time.Minute, probes.ConditionHealthy},
		{10 * time.Minute, 11 * time.Minute, probes.ConditionClockWrong},
		{time.Minute, time.Minute, probes.ConditionHealthy},
		{time.Minute, time.Minute + 1, probes.ConditionClockSkewed},
		{time.Minute, -time.Minute - 1, probes.ConditionClockSkewed},
		{time.Minute, -5*time.Minute - 1, probes.ConditionClockWrong},
	} {
		if d := probes.Diagnose(app.round(), probes.Policy{MaxSkew: tc.limit}, off(tc.offset)); d.Condition != tc.want {
			t.Errorf("%v off with a limit of %v: %v", tc.offset, tc.limit, d.Condition)
		}
	}
}

// TestAbsentHasNoLife wants nothing of an earlier profile to be judged where there is
// none any more and none is required.
func TestAbsentHasNoLife(t *testing.T) {
	r := app.round()
	r.Results[probes.ProbeIAM].Reason = probes.ReasonAbsentAsExpected
	r.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = now.Add(-20 * time.Hour)
	want := probes.Diagnosis{Condition: probes.ConditionHealthy, Reason: probes.ReasonAbsentAsExpected, Probe: probes.ProbeIAM}
	if d := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{Old: probes.Old{Changed: probes.ReasonRoleReplaced}}); d != want {
		t.Errorf("%+v", d)
	}
}

// TestInfoThatPassed wants an iam/info that passed to be no unreadable one, whatever its
// reason.
func TestInfoThatPassed(t *testing.T) {
	r := app.round()
	r.Results[probes.ProbeIAMInfo].Reason = probes.ReasonEmptyBody
	if d := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{}); d.Condition != probes.ConditionHealthy {
		t.Errorf("%+v", d)
	}
}

// TestTokenWithoutControl wants a lost or forbidden PUT to mean itself where nothing
// else was asked.
func TestTokenWithoutControl(t *testing.T) {
	for want, e := range map[probes.Reason]probes.Exchange{
		probes.ReasonForbidden: answer(403), probes.ReasonAnswerTimeout: lost(probes.ReasonAnswerTimeout),
	} {
		o := probes.Observation{Probe: probes.ProbeToken, Exchanges: []probes.Exchange{e}}
		if got := probes.Classify(o, probes.Policy{}, now); got != (probes.Verdict{Status: probes.StatusFail, Reason: want}) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
