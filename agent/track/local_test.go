package track_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// local is a round that could not make a socket.
func local() probes.Round { return sight(probes.ReasonLocalError) }

// TestLocalRounds wants two rounds that say nothing of IMDS to change nothing, the third
// to make the vantage unknown, and one good round to end that.
func TestLocalRounds(t *testing.T) {
	tracker := newTracker()
	tracker.Record(says{"app", "1"}.round())
	for i := range 2 {
		if events, confirm := tracker.Record(local()); len(events) > 0 || confirm > 0 {
			t.Errorf("round %d: %v, repeated after %v", i, kinds(events), confirm)
		}
		if c := state(tracker).Diagnosis.Condition; c != probes.ConditionHealthy {
			t.Errorf("round %d: %v", i, c)
		}
	}
	events, _ := tracker.Record(local())
	if diff := cmp.Diff([]track.EventKind{track.EventConditionChanged}, kinds(events)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want := probes.Diagnosis{Condition: probes.ConditionUnknown, Reason: probes.ReasonLocalError, Probe: probes.ProbeToken}
	if diff := cmp.Diff(want, state(tracker).Diagnosis); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if events, _ := tracker.Record(local()); len(events) > 0 {
		t.Errorf("told again: %v", kinds(events))
	}
	tracker.Record(says{"app", "1"}.round())
	after := state(tracker)
	if diff := cmp.Diff(track.Rounds{Good: 2, Local: 4}, after.Rounds); diff != "" || after.Diagnosis.Condition != probes.ConditionHealthy {
		t.Errorf("%v, -want +got:\n%s", after.Diagnosis.Condition, diff)
	}
	if after.Failures[probes.ProbeToken] != 0 {
		t.Error("counted as failures of a probe")
	}
}

// TestLocalRoundsInARow wants a good round between them to begin the count anew, and a
// vantage that was never judged to become unknown without an event.
func TestLocalRoundsInARow(t *testing.T) {
	tracker := newTracker()
	for range 3 {
		if events, _ := tracker.Record(local()); len(events) > 0 {
			t.Errorf("%v of a vantage of which nothing was known", kinds(events))
		}
	}
	if s := state(tracker); s.Diagnosis.Reason != probes.ReasonLocalError || !s.Judged {
		t.Errorf("%+v, judged: %v", s.Diagnosis, s.Judged)
	}
	tracker.Record(says{"app", "1"}.round())
	for range 5 {
		tracker.Record(local())
		tracker.Record(local())
		tracker.Record(says{"app", "1"}.round())
	}
	if s := state(tracker); s.Transitions != 1 {
		t.Errorf("%d transitions", s.Transitions)
	}
}

// TestOverrun wants a time-out that was noticed far too late to be no verdict, and one
// that ended at its limit to be one.
func TestOverrun(t *testing.T) {
	for took, want := range map[time.Duration]track.Rounds{
		time.Second + 90*time.Millisecond:  {Bad: 1},
		time.Second + 250*time.Millisecond: {Bad: 1},
		time.Second + 251*time.Millisecond: {Local: 1},
		time.Hour:                          {Local: 1},
	} {
		tracker := newTracker()
		r := sight(probes.ReasonConnectTimeout)
		r.Results[probes.ProbeToken].Exchanges = []probes.Exchange{{Fault: probes.ReasonConnectTimeout, Total: took, Limit: time.Second}}
		tracker.Record(r)
		if diff := cmp.Diff(want, state(tracker).Rounds); diff != "" {
			t.Errorf("%v: -want +got:\n%s", took, diff)
		}
	}
}
