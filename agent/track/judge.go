package track

import (
	"slices"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Before a condition flips to a bad one, the round is repeated after these
// pauses: a lost packet or one 503 is a blip, not a fault.
var confirmAfter = []time.Duration{time.Second, 2 * time.Second}

// maxSights is how often a round is bad, each time in another way, before the
// condition flips all the same. Lost packets look different each time; a fault
// that does is one, too, if it lasts.
const maxSights = 5

// maxTransitions is how many transitions are kept in memory.
const maxTransitions = 50

// vantageState is a State with what is not published.
type vantageState struct {
	State
	// suspect is a bad diagnosis that is not confirmed yet. There have been so many
	// bad rounds since, of which so many in a row agreed with the one before.
	suspect        probes.Diagnosis
	suspectSince   time.Time
	sights, agreed int
	// locals is how many rounds in a row said nothing of IMDS.
	locals int
	// resume is what an earlier run left, until the first verdict of this one.
	resume *SavedVantage
}

// maxLocals is how many rounds in a row may say nothing of IMDS before the vantage is
// unknown. Until then the last condition stands.
const maxLocals = 3

// passOver takes in a round that failed for want of something on this host.
func (t *Tracker) passOver(v *vantageState, r probes.Round, d probes.Diagnosis) []Event {
	if v.locals < maxLocals {
		return nil
	}
	return t.lose(v, r, d, r.Start)
}

// accept takes over what a confirmed round says.
func (v *vantageState) accept(r probes.Round, known probes.Known, change probes.Change) (events []Event) {
	before := v.Known
	v.Round, v.Known = r, known
	if change.Rotated {
		v.Rotations++
		events = append(events, Event{Kind: EventRotated, State: v.State})
	}
	if change.Profile != probes.ReasonNone {
		events = append(events, Event{Kind: EventProfileChanged, State: v.State, Change: change.Profile, Before: before})
	}
	return events
}

// judge tells whether the condition flips now, or else after how long to look
// again. Recovery needs one good round, anything else is confirmed first.
func (v *vantageState) judge(d probes.Diagnosis, at time.Time) (flips bool, confirm time.Duration) {
	if v.resume != nil && d.Condition == v.resume.Condition {
		// As before the restart: nothing has changed.
		v.Diagnosis, v.Since, v.Judged, v.resume = d, v.resume.Since, true, nil
	}
	if d.Condition == v.Diagnosis.Condition {
		return false, 0
	}
	if v.sights == 0 || d.Condition == probes.ConditionHealthy {
		v.suspectSince = at
	}
	if v.sights > 0 && d.Condition == v.suspect.Condition {
		v.agreed = min(v.agreed+1, len(confirmAfter)) // the grace after boot lets it go on
	} else {
		v.agreed = 0
	}
	if d.Condition == probes.ConditionHealthy || v.agreed == len(confirmAfter) || v.sights == maxSights {
		return true, 0
	}
	v.suspect = d
	v.sights++
	return false, confirmAfter[v.agreed]
}

// settle ends a suspicion that a round in the old condition disproved.
func (v *vantageState) settle(d probes.Diagnosis) (events []Event) {
	v.Diagnosis = d // another reason or probe of the same condition
	if v.sights > 0 {
		events = []Event{{Kind: EventBlip, State: v.State, Blip: v.suspect}}
	}
	v.sights = 0
	return events
}

// flip changes the condition of a vantage.
func (t *Tracker) flip(v *vantageState, d probes.Diagnosis) Event {
	now, from, since := v.suspectSince, v.Diagnosis.Condition, v.Since
	if v.resume != nil {
		from, since, v.resume = v.resume.Condition, v.resume.Since, nil
	}
	transition := Transition{
		At: now.UTC().Truncate(time.Millisecond), Vantage: v.Vantage, From: from, To: d.Condition,
		Reason: d.Reason, HeldSeconds: now.Sub(since).Seconds(),
	}
	v.Diagnosis, v.Since, v.Judged, v.sights = d, now, true, 0
	v.Transitions++
	t.transitions = append(t.transitions, transition)
	t.transitions = slices.Delete(t.transitions, 0, max(0, len(t.transitions)-maxTransitions))
	return Event{Kind: EventConditionChanged, State: v.State, Transition: transition}
}

// graceConfirm is how often a bad verdict is looked at again during the grace
// period after boot.
const graceConfirm = 5 * time.Second

// inGrace tells whether a bad verdict says more about the boot than about IMDS:
// the host has only just booted, and the vantage has not been judged yet. Routes,
// firewalls, clocks and credentials may still be on their way.
func (v *vantageState) inGrace(d probes.Diagnosis, at, until time.Time) bool {
	return !v.Judged && d.Condition != probes.ConditionHealthy && at.Before(until)
}
