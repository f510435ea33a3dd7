package track_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// TestWorst wants the vantage to act on first, the first of equals, and Ready only with
// the verdict on the last.
func TestWorst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: []string{"a", "b", "c"}})
		of := func(vantage string, r probes.Round) probes.Round {
			r.Vantage = vantage
			return r
		}
		throttled := func() probes.Round { return sight(probes.ReasonTooManyRequests) }
		for i, step := range []struct {
			round func() probes.Round
			on    string
			worst string
			ready bool
		}{
			{well, "a", "b", false},
			{throttled, "b", "b", false},
			{well, "c", "b", true},
			{refused, "c", "c", true},
			{refused, "a", "a", true},
			{well, "c", "a", true},
		} {
			confirm(t, tracker, func() probes.Round { return of(step.on, step.round()) })
			if s := tracker.Snapshot(); s.Worst().Vantage != step.worst || s.Ready() != step.ready {
				t.Errorf("step %d: worst %s, ready %v", i, s.Worst().Vantage, s.Ready())
			}
		}
	})
}

// TestSnapshotIsItsReaders wants nothing that a reader does with a snapshot, nor what
// comes after it, to change the other.
func TestSnapshotIsItsReaders(t *testing.T) {
	tracker := newTracker()
	tracker.Record(well())
	s := tracker.Snapshot()
	before := s.Requests["200"]
	s.Requests["200"], s.Transitions[0].Vantage, s.Vantages[0].Vantage = 1000, "x", "x"
	tracker.RecordRequests(probes.Exchange{Status: 200})
	again := tracker.Snapshot()
	if again.Requests["200"] != before+1 || again.Transitions[0].Vantage != "host" || again.Vantages[0].Vantage != "host" || s.Requests["200"] != 1000 {
		t.Errorf("%+v", again)
	}
}

// TestCounts wants each round to count its requests, and the drops that it saw to be
// the last ones; each probe that failed, and no other, to count as failed.
func TestCounts(t *testing.T) {
	tracker := newTracker()
	if diff := cmp.Diff(map[string]int{"200": 0, "error": 0}, tracker.Snapshot().Requests); diff != "" {
		t.Errorf("before the first: %s", diff) // series that begin at 0 have a rate
	}
	r := well()
	r.Drops = map[string]uint64{"eth0": 7}
	tracker.Record(r)
	late := well()
	late.Results[probes.ProbeIAMInfo].Status = probes.StatusFail
	late.Results[probes.ProbeRoleCredentials].Status = probes.StatusFail
	late.Results[probes.ProbeRoleList].Status = probes.StatusSkip
	late.Results[probes.ProbeIAMInfo].Exchanges[0].Status = 429
	late.Drops = map[string]uint64{"eth0": 8}
	tracker.Record(late)
	s := tracker.Snapshot()
	if diff := cmp.Diff(map[string]int{"200": 11, "429": 1, "error": 0}, s.Requests); diff != "" {
		t.Errorf("requests: -want +got:\n%s", diff)
	}
	want := [len(probes.Round{}.Results)]int{probes.ProbeIAMInfo: 1, probes.ProbeRoleCredentials: 1}
	if diff := cmp.Diff(want, s.Vantages[0].Failures); diff != "" {
		t.Errorf("failures: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(late.Drops, s.Drops); diff != "" {
		t.Errorf("drops: -want +got:\n%s", diff)
	}
}

// TestNext wants the time of the next round to be that of the vantage asked for.
func TestNext(t *testing.T) {
	tracker := track.New(track.Options{Vantages: []string{"host", "user:app"}})
	at := time.Now().Add(time.Minute)
	tracker.RecordNext("user:app", at)
	if v := tracker.Snapshot().Vantages; !v[0].Next.IsZero() || v[1].Next != at {
		t.Errorf("%v, %v", v[0].Next, v[1].Next)
	}
}

// TestOneRound wants the one round of a check to be believed at once, whatever it says:
// it is the verdict, what it saw is known, and it counts.
func TestOneRound(t *testing.T) {
	for name, tc := range map[string]struct {
		round func() probes.Round
		want  probes.Diagnosis
		count track.Rounds
	}{
		"healthy": {well, probes.Diagnosis{Condition: probes.ConditionHealthy, Reason: probes.ReasonOK, Probe: probes.ProbeRoleCredentials}, track.Rounds{Good: 1}},
		"refused": {refused, probes.Diagnosis{Condition: probes.ConditionFirewallBlocked, Reason: probes.ReasonConnectRefused}, track.Rounds{Bad: 1}},
		"local":   {local, probes.Diagnosis{Reason: probes.ReasonLocalError}, track.Rounds{Local: 1}},
	} {
		tracker := newTracker()
		r := tc.round()
		r.Start = r.Start.Add(-time.Minute)
		tracker.RecordOnce(r)
		got := state(tracker)
		if diff := cmp.Diff(tc.want, got.Diagnosis); diff != "" || !got.Judged || !got.Since.Equal(r.Start) || got.Rounds != tc.count {
			t.Errorf("%s: %+v, -want +got:\n%s", name, got, diff)
		}
		if got.Known.Role != r.Role() || got.Round.Role() != r.Role() || !got.Last.Start.Equal(r.Start) {
			t.Errorf("%s: known %+v", name, got.Known)
		}
	}
}

// TestProfileChangeIsTold wants both what it was and what it is.
func TestProfileChangeIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker()
		tracker.Record(well())
		events := confirm(t, tracker, func() probes.Round { return says{"other", "2"}.round() })
		want := []track.EventKind{track.EventRotated, track.EventProfileChanged}
		if diff := cmp.Diff(want, kinds(events)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if e := events[0]; e.State.Rotations != 1 || e.State.Known.AccessKeyHash != "2" {
			t.Errorf("%+v", e.State)
		}
		if e := events[1]; e.Change != probes.ReasonRoleReplaced || e.Before.Role != "app" || e.State.Known.Role != "other" {
			t.Errorf("%v from %+v to %+v", e.Change, e.Before, e.State.Known)
		}
	})
}
