package track_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// restarted is a tracker of another run.
func restarted(saved track.Saved, vantages ...string) *track.Tracker {
	return track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: vantages, Saved: saved})
}

// left is what an earlier run left of a vantage, that has been refused for an hour.
func left() track.Saved {
	return track.Saved{
		Vantages: []track.SavedVantage{{
			Vantage: "host", Condition: probes.ConditionFirewallBlocked, Reason: probes.ReasonConnectRefused,
			Since: time.Now().Add(-time.Hour).UTC(), Transitions: 3, Rotations: 2,
			Known: probes.Known{Identity: probes.Identity{Role: "app"}, AccessKeyHash: "1", Expiration: time.Now().Add(time.Hour).UTC()},
		}},
		Transitions: []track.Transition{{Vantage: "host", To: probes.ConditionFirewallBlocked}},
	}
}

// TestBeforeTheFirstRound wants a vantage to be unknown, whatever an earlier run knew,
// and all of that to be kept: for the alert on the expiry, and for the next restart.
func TestBeforeTheFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saved := left()
		tracker := restarted(saved, "host")
		got := state(tracker)
		want := track.State{Vantage: "host", Since: time.Now(), Known: saved.Vantages[0].Known, Transitions: 3, Rotations: 2}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if diff := cmp.Diff(saved, tracker.Saved()); diff != "" {
			t.Errorf("saved again: -want +got:\n%s", diff)
		}
		tracker.Record(says{"app", "1"}.round()) // waits for nothing
		if got := tracker.Saved().Vantages[0]; got.Condition != probes.ConditionHealthy || !got.Since.Equal(time.Now()) || got.Since.Location() != time.UTC {
			t.Errorf("%+v", got)
		}
	})
}

// TestRestart follows a fault over a restart: one that goes on is no event and goes on
// since then; one that is over, or another one by now, lasted since then.
func TestRestart(t *testing.T) {
	t.Run("it goes on", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			saved := left()
			tracker := restarted(saved, "host")
			time.Sleep(time.Minute)
			if events, confirm := tracker.Record(sight(probes.ReasonConnectTimeout)); len(events) != 0 || confirm != 0 {
				t.Errorf("%v, %v", kinds(events), confirm)
			}
			got := state(tracker)
			if !got.Judged || !got.Since.Equal(saved.Vantages[0].Since) || got.Transitions != 3 || got.Diagnosis.Reason != probes.ReasonConnectTimeout {
				t.Errorf("%+v", got)
			}
			if kept := tracker.Saved().Vantages[0]; kept.Reason != probes.ReasonConnectTimeout || !kept.Since.Equal(saved.Vantages[0].Since) {
				t.Errorf("%+v", kept)
			}
		})
	})
	t.Run("it is over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tracker := restarted(left(), "host")
			time.Sleep(time.Minute)
			events, _ := tracker.Record(says{"app", "1"}.round())
			wantTransition(t, events, track.Transition{
				At: time.Now(), Vantage: "host", From: probes.ConditionFirewallBlocked, To: probes.ConditionHealthy,
				Reason: probes.ReasonOK, HeldSeconds: 61 * 60,
			})
			if got := state(tracker); got.Transitions != 4 || len(tracker.Snapshot().Transitions) != 2 {
				t.Errorf("%+v", got)
			}
			time.Sleep(time.Minute)
			for range 3 {
				events, _ = tracker.Record(sight(probes.ReasonConnectTimeout))
			}
			wantTransition(t, events, track.Transition{
				At: time.Now(), Vantage: "host", From: probes.ConditionHealthy, To: probes.ConditionFirewallBlocked,
				Reason: probes.ReasonConnectTimeout, HeldSeconds: 60, // what was before the restart is over
			})
		})
	})
	t.Run("it is another one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tracker := restarted(left(), "host")
			for range 2 {
				if events, confirm := tracker.Record(sight(probes.ReasonForeignServer)); len(events) != 0 || confirm == 0 {
					t.Errorf("%v, %v", kinds(events), confirm)
				}
				if got := tracker.Saved().Vantages[0].Condition; got != probes.ConditionFirewallBlocked {
					t.Errorf("a restart now would know of %v", got)
				}
			}
			events, _ := tracker.Record(sight(probes.ReasonForeignServer))
			wantTransition(t, events, track.Transition{
				At: time.Now(), Vantage: "host", From: probes.ConditionFirewallBlocked, To: probes.ConditionIntercepted,
				Reason: probes.ReasonForeignServer, HeldSeconds: 60 * 60,
			})
		})
	})
}

// wantTransition wants the last event to be this one.
func wantTransition(t *testing.T, events []track.Event, want track.Transition) {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("no event")
	}
	last := events[len(events)-1]
	if diff := cmp.Diff(want, last.Transition); diff != "" || last.Kind != track.EventConditionChanged {
		t.Errorf("%v, -want +got:\n%s", last.Kind, diff)
	}
	if last.Transition.At.Location() != time.UTC {
		t.Errorf("at %v", last.Transition.At)
	}
	if last.State.Diagnosis.Condition != want.To || !last.State.Since.Equal(want.At) {
		t.Errorf("the state after it is %+v", last.State)
	}
}

// TestClockSetBack wants nothing to have lasted since a time to come.
func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saved := left()
		saved.Vantages[0].Since = time.Now().Add(time.Hour)
		tracker := restarted(saved, "host")
		time.Sleep(time.Minute)
		tracker.Record(sight(probes.ReasonConnectRefused))
		if got := time.Since(state(tracker).Since); got != time.Minute {
			t.Errorf("for %v", got)
		}
	})
}

// TestVantagesOfAnotherRun wants each vantage to take over what is of its own name, none
// what is of nobody, and no count below zero.
func TestVantagesOfAnotherRun(t *testing.T) {
	saved := left()
	saved.Vantages = append(saved.Vantages, track.SavedVantage{Vantage: "user:app", Transitions: -1, Rotations: -1, Known: probes.Known{AccessKeyHash: "2"}})
	vantages := restarted(saved, "user:app", "netns:/new", "host").Snapshot().Vantages
	var got []string
	for _, v := range vantages {
		got = append(got, v.Vantage+" "+v.Known.AccessKeyHash)
	}
	if diff := cmp.Diff([]string{"user:app 2", "netns:/new ", "host 1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if v := vantages[0]; v.Transitions != 0 || v.Rotations != 0 {
		t.Errorf("%d transitions, %d rotations", v.Transitions, v.Rotations)
	}
	if v := vantages[2]; v.Transitions != 3 || v.Rotations != 2 {
		t.Errorf("%d transitions, %d rotations", v.Transitions, v.Rotations)
	}
}

// TestUnknownOverARestart wants a vantage that is gone, or of which local errors say
// nothing, to be told after a restart if it was known before it.
func TestUnknownOverARestart(t *testing.T) {
	for name, lose := range map[string]func(*track.Tracker) []track.Event{
		"gone": func(tr *track.Tracker) []track.Event { return tr.RecordGone("host") },
		"local errors": func(tr *track.Tracker) (events []track.Event) {
			for range 3 {
				events, _ = tr.Record(local())
			}
			return events
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tracker := restarted(left(), "host")
				time.Sleep(time.Minute)
				events := lose(tracker)
				if len(events) != 1 || events[0].Transition.From != probes.ConditionFirewallBlocked || events[0].Transition.HeldSeconds != 61*60 {
					t.Errorf("%+v", events)
				}
				if got := state(tracker); !got.Judged || !got.Since.Equal(time.Now()) || got.Known.Role != "app" {
					t.Errorf("%+v", got)
				}
				saved := left()
				saved.Vantages[0].Condition = probes.ConditionUnknown
				tracker = restarted(saved, "host")
				if events := lose(tracker); len(events) != 0 {
					t.Errorf("unknown before and after: %v", kinds(events))
				}
				if got := tracker.Saved().Vantages[0]; got.Reason != state(tracker).Diagnosis.Reason || got.Reason == probes.ReasonNone {
					t.Errorf("kept: %+v", got)
				}
			})
		})
	}
}
