package track_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// confirm repeats a round as the daemon does, until it waits for the next interval.
func confirm(t *testing.T, tracker *track.Tracker, round func() probes.Round) []track.Event {
	t.Helper()
	for range 10 {
		events, again := tracker.Record(round())
		if again == 0 {
			return events
		}
		if len(events) != 0 {
			t.Errorf("%v before it is confirmed", kinds(events))
		}
		time.Sleep(again)
	}
	t.Fatal("it never is")
	return nil
}

func refused() probes.Round { return sight(probes.ReasonConnectRefused) }
func well() probes.Round    { return says{"app", "1"}.round() }

// TestSince wants a fault to have begun when it was first seen, and to be over when it
// was first gone, whatever else was suspected meanwhile.
func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker()
		tracker.Record(well())
		time.Sleep(time.Minute)
		began := time.Now()
		wantTransition(t, confirm(t, tracker, refused), track.Transition{
			At: began, Vantage: "host", From: probes.ConditionHealthy, To: probes.ConditionFirewallBlocked,
			Reason: probes.ReasonConnectRefused, HeldSeconds: 60,
		})
		time.Sleep(time.Until(began.Add(time.Hour)))
		tracker.Record(sight(probes.ReasonForeignServer)) // a blip
		time.Sleep(time.Second)
		events, _ := tracker.Record(well())
		wantTransition(t, events, track.Transition{
			At: began.Add(time.Hour + time.Second), Vantage: "host", From: probes.ConditionFirewallBlocked, To: probes.ConditionHealthy,
			Reason: probes.ReasonOK, HeldSeconds: 3601,
		})
		if got := state(tracker); got.Transitions != 3 {
			t.Errorf("%d transitions", got.Transitions)
		}
	})
}

// TestTransitionTime wants it in UTC and to the millisecond, as JSON has times.
func TestTransitionTime(t *testing.T) {
	r := well()
	r.Start = time.Date(2026, 3, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))
	events, _ := newTracker().Record(r)
	if got, want := events[0].Transition.At, time.Date(2026, 3, 1, 12, 0, 0, 123000000, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestSuspicionsAreApart wants what was disproved not to help to confirm what comes
// later, though it is the same.
func TestSuspicionsAreApart(t *testing.T) {
	tracker := newTracker()
	tracker.Record(well())
	for i := range 3 {
		if _, again := tracker.Record(refused()); again != time.Second {
			t.Errorf("blip %d: look again after %v", i, again)
		}
		if _, again := tracker.Record(refused()); again != 2*time.Second {
			t.Errorf("blip %d: look again after %v", i, again)
		}
		if events, _ := tracker.Record(well()); len(events) != 1 || events[0].Kind != track.EventBlip {
			t.Errorf("blip %d: %v", i, kinds(events))
		}
	}
	if got := state(tracker); got.Rounds != (track.Rounds{Good: 4, Bad: 6}) || got.Transitions != 1 {
		t.Errorf("%+v", got.Rounds)
	}
}

// TestSuspicionEndsWithTheVantage wants what was suspected of a vantage that went away
// to be forgotten.
func TestSuspicionEndsWithTheVantage(t *testing.T) {
	tracker := newTracker()
	tracker.Record(well())
	tracker.Record(refused())
	tracker.Record(refused())
	if events := tracker.RecordGone("host"); len(events) != 1 {
		t.Errorf("%v", kinds(events))
	}
	if got := state(tracker); got.Round.Vantage != "" || got.Last.Vantage != "" {
		t.Errorf("a round of a vantage that is gone: %+v", got)
	}
	if _, again := tracker.Record(refused()); again != time.Second {
		t.Errorf("look again after %v", again)
	}
}

// TestOtherReason wants another reason for the same condition to be told with it, and to
// be no event.
func TestOtherReason(t *testing.T) {
	tracker := newTracker()
	tracker.Record(well())
	for range 3 {
		tracker.Record(refused())
	}
	before := state(tracker).Since
	if events, again := tracker.Record(sight(probes.ReasonConnectTimeout)); len(events) != 0 || again != 0 {
		t.Errorf("%v, %v", kinds(events), again)
	}
	got := state(tracker)
	want := probes.Diagnosis{Condition: probes.ConditionFirewallBlocked, Reason: probes.ReasonConnectTimeout, Probe: probes.ProbeToken}
	if diff := cmp.Diff(want, got.Diagnosis); diff != "" || got.Since != before {
		t.Errorf("since %v, -want +got:\n%s", got.Since, diff)
	}
}

// TestGrace wants a bad first verdict to be held back while the host boots, and nothing
// else to be: what is healthy, what comes after a verdict, what comes at its very end.
func TestGrace(t *testing.T) {
	const grace = time.Minute
	start := func() *track.Tracker {
		return track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: []string{"host"}, GraceUntil: time.Now().Add(grace)})
	}
	t.Run("held back to the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tracker, began := start(), time.Now()
			for i, want := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 5 * time.Second, 5 * time.Second} {
				events, again := tracker.Record(refused())
				if len(events) != 0 || again != want || state(tracker).Judged {
					t.Errorf("sight %d: %v, %v", i, kinds(events), again)
				}
			}
			time.Sleep(grace - time.Nanosecond)
			if events, _ := tracker.Record(refused()); len(events) != 0 {
				t.Errorf("too early: %v", kinds(events))
			}
			time.Sleep(time.Nanosecond)
			events, again := tracker.Record(refused())
			if len(events) != 1 || again != 0 || !events[0].State.Since.Equal(began) {
				t.Errorf("%+v, %v", events, again)
			}
		})
	})
	t.Run("healthy is told at once", func(t *testing.T) {
		tracker := start()
		tracker.Record(refused())
		events, again := tracker.Record(well())
		if again != 0 || len(events) != 1 || events[0].Transition.To != probes.ConditionHealthy {
			t.Errorf("%+v, %v", events, again)
		}
	})
	t.Run("no more after a verdict", func(t *testing.T) {
		tracker := start()
		tracker.Record(well())
		tracker.Record(refused())
		tracker.Record(refused())
		if events, again := tracker.Record(refused()); again != 0 || len(events) != 1 {
			t.Errorf("%v, %v", kinds(events), again)
		}
	})
	t.Run("it teaches nothing", func(t *testing.T) {
		tracker := start()
		expired := func() probes.Round {
			r := well()
			r.Results[probes.ProbeRoleCredentials].Verdict = probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonExpired}
			return r
		}
		for range 5 {
			tracker.Record(expired())
		}
		if got := state(tracker); got.Known != (probes.Known{}) || got.Last.Role() != "app" || got.Round.Role() != "" {
			t.Errorf("%+v", got.Known)
		}
	})
}

// TestHistoryIsBounded wants the last transitions to be kept, and all to be counted.
func TestHistoryIsBounded(t *testing.T) {
	tracker := newTracker()
	for i := range track.MaxTransitions + 1 {
		if i%2 == 0 {
			tracker.Record(well())
			continue
		}
		for range 3 {
			tracker.Record(refused())
		}
		if want := i + 1; len(tracker.Snapshot().Transitions) != want {
			t.Fatalf("%d kept of %d", len(tracker.Snapshot().Transitions), want)
		}
	}
	all := tracker.Snapshot().Transitions
	if len(all) != track.MaxTransitions || all[0].From != probes.ConditionHealthy || all[len(all)-1].To != probes.ConditionHealthy {
		t.Errorf("%d from %v to %v", len(all), all[0].From, all[len(all)-1].To)
	}
	if got := state(tracker).Transitions; got != track.MaxTransitions+1 {
		t.Errorf("%d counted", got)
	}
	if err := track.DecodeSaved(tracker.Saved()); err != nil {
		t.Errorf("a restart refuses them: %v", err)
	}
}
