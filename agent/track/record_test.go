package track_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// says is what IMDS says of an instance; the zero value fails at the token.
type says struct {
	role, keys string
}

func (s says) round() probes.Round {
	r := probes.Round{Vantage: "host", Start: time.Now()}
	if s.role == "" {
		return sight(probes.ReasonConnectRefused)
	}
	for _, p := range probes.Ladder() {
		r.Results[p].Exchanges = []probes.Exchange{{Status: 200, Server: "EC2ws"}}
		r.Results[p].Verdict = probes.Verdict{Status: probes.StatusPass, Reason: probes.ReasonOK}
	}
	r.Results[probes.ProbeIAMInfo].Content.Info = &probes.InfoDocument{Code: "Success", ProfileARN: "arn", ProfileID: "AIPA", LastUpdated: r.Start}
	r.Results[probes.ProbeRoleList].Content.Role = s.role
	r.Results[probes.ProbeRoleCredentials].Content.Credentials = &probes.CredentialsDocument{
		Code: "Success", AccessKeyHash: s.keys, Expiration: r.Start.Add(6 * time.Hour),
	}
	return r
}

func newTracker() *track.Tracker {
	return track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: []string{"host"}})
}

func state(t *track.Tracker) track.State { return t.Snapshot().Vantages[0] }

func kinds(events []track.Event) (all []track.EventKind) {
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return all
}

// TestOneRoundTeachesNothing wants a round that waits to be confirmed to change
// neither what is known nor what is told, and the third to change both.
func TestOneRoundTeachesNothing(t *testing.T) {
	tracker := newTracker()
	tracker.Record(says{"app", "1"}.round())
	before := state(tracker)
	for i := range 2 {
		events, confirm := tracker.Record(says{"other", "1"}.round())
		if confirm == 0 || len(events) > 0 {
			t.Fatalf("sight %d: %v, %v", i, kinds(events), confirm)
		}
		now := state(tracker)
		if diff := cmp.Diff(before.Known, now.Known); diff != "" {
			t.Errorf("sight %d taught: %s", i, diff)
		}
		if now.Round.Role() != "app" || now.Last.Role() != "other" {
			t.Errorf("the verdict is of %q, the last round of %q", now.Round.Role(), now.Last.Role())
		}
	}
	events, confirm := tracker.Record(says{"other", "1"}.round())
	want := []track.EventKind{track.EventProfileChanged, track.EventConditionChanged}
	if diff := cmp.Diff(want, kinds(events)); diff != "" || confirm != 0 {
		t.Errorf("%v: %s", confirm, diff)
	}
	if now := state(tracker); now.Known.Role != "other" || now.Diagnosis.Reason != probes.ReasonRoleReplaced || now.Round.Role() != "other" {
		t.Errorf("%+v", now.Diagnosis)
	}
}

// TestChangeUndone wants a role that is changed and changed back to be over, although
// the credentials were never replaced.
func TestChangeUndone(t *testing.T) {
	tracker := newTracker()
	tracker.Record(says{"app", "1"}.round())
	for range 3 {
		tracker.Record(says{"other", "1"}.round())
	}
	events, _ := tracker.Record(says{"app", "1"}.round())
	want := []track.EventKind{track.EventProfileChanged, track.EventConditionChanged}
	if diff := cmp.Diff(want, kinds(events)); diff != "" || state(tracker).Diagnosis.Condition != probes.ConditionHealthy {
		t.Errorf("%v: %s", state(tracker).Diagnosis, diff)
	}
}

// TestRotations counts credentials that a confirmed round has seen, and no others.
func TestRotations(t *testing.T) {
	tracker := newTracker()
	for i, s := range []says{{"app", "1"}, {"app", "1"}, {"app", "2"}, {}, {"app", "2"}} {
		events, _ := tracker.Record(s.round())
		rotated := 0
		for _, e := range events {
			if e.Kind == track.EventRotated {
				rotated++
			}
		}
		if want := map[int]int{2: 1}[i]; rotated != want {
			t.Errorf("round %d: %v", i, kinds(events))
		}
	}
	if got := state(tracker).Rotations; got != 1 {
		t.Errorf("%d rotations", got)
	}
}

// TestBlip wants a suspicion to end with the round that disproves it.
func TestBlip(t *testing.T) {
	tracker := newTracker()
	tracker.Record(says{"app", "1"}.round())
	tracker.Record(sight(probes.ReasonConnectTimeout))
	events, confirm := tracker.Record(says{"app", "1"}.round())
	if len(events) != 1 || events[0].Kind != track.EventBlip || events[0].Blip.Reason != probes.ReasonConnectTimeout || confirm != 0 {
		t.Errorf("%+v, %v", events, confirm)
	}
	if events, _ := tracker.Record(says{"app", "1"}.round()); len(events) != 0 {
		t.Errorf("a blip is told twice: %v", kinds(events))
	}
	if got := state(tracker).Failures[probes.ProbeToken]; got != 1 {
		t.Errorf("%d failures", got)
	}
}

// TestGone wants a vantage that is gone to be unknown: an event if something was known
// of it, once; and none at each restart while it stays away.
func TestGone(t *testing.T) {
	tracker := newTracker()
	if events := tracker.RecordGone("host"); len(events) != 0 || state(tracker).Transitions != 0 || len(tracker.Snapshot().Transitions) != 0 {
		t.Errorf("unknown to unknown is an event: %v", kinds(events))
	}
	if s := state(tracker); !s.Judged || s.Diagnosis.Reason != probes.ReasonVantageGone {
		t.Errorf("%+v", s.Diagnosis)
	}
	tracker.Record(says{"app", "1"}.round())
	if events := tracker.RecordGone("host"); len(events) != 1 || events[0].Transition.From != probes.ConditionHealthy || events[0].Transition.To != probes.ConditionUnknown {
		t.Errorf("%+v", events)
	}
	if events := tracker.RecordGone("host"); len(events) != 0 {
		t.Errorf("told twice: %v", kinds(events))
	}
	restarted := track.New(track.Options{Policy: probes.DefaultPolicy(), Vantages: []string{"host"}, Saved: tracker.Saved()})
	if events := restarted.RecordGone("host"); len(events) != 0 || state(restarted).Transitions != state(tracker).Transitions {
		t.Errorf("a restart tells it again: %v", kinds(events))
	}
	if restarted := track.New(track.Options{Vantages: []string{"host"}, Saved: track.Saved{Vantages: []track.SavedVantage{
		{Vantage: "host", Condition: probes.ConditionHealthy, Since: time.Now().Add(-time.Hour)},
	}}}); len(restarted.RecordGone("host")) != 1 {
		t.Error("gone during a restart is no event")
	}
}

// TestStrangers wants a vantage that the tracker was not made for to be passed over.
func TestStrangers(t *testing.T) {
	tracker := newTracker()
	r := says{"app", "1"}.round()
	r.Vantage = "netns:/nowhere"
	if events, confirm := tracker.Record(r); len(events) != 0 || confirm != 0 {
		t.Errorf("%v, %v", kinds(events), confirm)
	}
	tracker.RecordOnce(r)
	tracker.RecordNext(r.Vantage, time.Now())
	if events := tracker.RecordGone(r.Vantage); len(events) != 0 {
		t.Errorf("%v", kinds(events))
	}
	if s := state(tracker); s.Judged || !s.Next.IsZero() || s.Diagnosis.Condition != probes.ConditionUnknown {
		t.Errorf("%+v", s)
	}
}

// TestMeasurements keeps the last of each and forgets it when it fails.
func TestMeasurements(t *testing.T) {
	tracker := newTracker()
	tracker.RecordHopLimit(2)
	tracker.RecordV1(true, true)
	tracker.RecordRequests(probes.Exchange{Status: 200}, probes.Exchange{Status: 299}, probes.Exchange{Status: 200, Fault: probes.ReasonAnswerTruncated})
	s := tracker.Snapshot()
	if s.HopLimit != 2 || s.V1 == nil || !*s.V1 {
		t.Errorf("%d, %v", s.HopLimit, s.V1)
	}
	if diff := cmp.Diff(map[string]int{"200": 1, "other": 1, "error": 1}, s.Requests); diff != "" {
		t.Error(diff)
	}
	tracker.RecordHopLimit(0)
	tracker.RecordV1(true, false)
	if s := tracker.Snapshot(); s.HopLimit != 0 || s.V1 != nil {
		t.Errorf("%d, %v", s.HopLimit, s.V1)
	}
}
