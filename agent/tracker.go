package agent

import (
	"maps"
	"slices"
	"sync"
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

// Transition is one change of a vantage's condition.
type Transition struct {
	At      time.Time        `json:"at"`
	Vantage string           `json:"vantage"`
	From    probes.Condition `json:"from"`
	To      probes.Condition `json:"to"`
	Reason  probes.Reason    `json:"reason"`
	// HeldSeconds is how long the condition before had lasted.
	HeldSeconds float64 `json:"held_seconds"`
}

// State is what is known of one vantage.
type State struct {
	Vantage   string
	Diagnosis probes.Diagnosis
	// Since is when the condition was first seen.
	Since time.Time
	// Judged tells whether the vantage has been judged since the start.
	Judged bool
	// Round is the last round; the zero value before the first.
	Round probes.Round
	// Known is what all rounds taught.
	Known probes.Known
	// Next is when the next round is due; zero if none is planned yet.
	Next time.Time

	Transitions int
	Rotations   int
	Failures    [len(probes.Round{}.Results)]int
}

// vantageState is a State with what is not published.
type vantageState struct {
	State
	// suspect is a bad diagnosis that is not confirmed yet. There have been so many
	// bad rounds since, of which so many in a row agreed with the one before.
	suspect        probes.Diagnosis
	suspectSince   time.Time
	sights, agreed int
	// resume is what an earlier run left, until the first verdict of this one.
	resume *savedVantage
}

// Tracker keeps the state of every vantage. It is safe for concurrent use.
type Tracker struct {
	policy     probes.Policy
	start      time.Time
	graceUntil time.Time // see Options

	mu          sync.Mutex
	vantages    []*vantageState
	transitions []Transition
	requests    map[string]int
	hopLimit    int // 0: not measured
	v1          *bool
	drops       map[string]uint64
}

// NewTracker returns a tracker of the named vantages, about which nothing is
// known yet.
func NewTracker(policy probes.Policy, vantages []string) *Tracker {
	t := &Tracker{policy: policy, start: time.Now(), requests: map[string]int{"200": 0, "error": 0}}
	for _, name := range vantages {
		t.vantages = append(t.vantages, &vantageState{State: State{Vantage: name, Since: t.start}})
	}
	return t
}

// Snapshot is the state of everything at one moment. Its slices and maps are
// the caller's own, but rounds are shared: do not change them.
type Snapshot struct {
	At          time.Time
	Start       time.Time
	Policy      probes.Policy
	Vantages    []State
	Transitions []Transition
	Requests    map[string]int
	HopLimit    int
	V1          *bool
	Drops       map[string]uint64
}

// Snapshot returns the state of everything.
func (t *Tracker) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Snapshot{
		At:          time.Now(),
		Start:       t.start,
		Policy:      t.policy,
		Transitions: slices.Clone(t.transitions),
		Requests:    make(map[string]int, len(t.requests)),
		HopLimit:    t.hopLimit,
		V1:          t.v1,
		Drops:       t.drops,
	}
	for _, v := range t.vantages {
		s.Vantages = append(s.Vantages, v.State)
	}
	maps.Copy(s.Requests, t.requests)
	return s
}

// Worst returns the vantage to act on first.
func (s Snapshot) Worst() State {
	conditions := make([]probes.Condition, len(s.Vantages))
	for i, v := range s.Vantages {
		conditions[i] = v.Diagnosis.Condition
	}
	return s.Vantages[slices.Index(conditions, probes.Worst(conditions...))]
}

// Ready tells whether every vantage has been judged once.
func (s Snapshot) Ready() bool {
	return !slices.ContainsFunc(s.Vantages, func(v State) bool { return !v.Judged })
}

func (t *Tracker) vantage(name string) *vantageState {
	i := slices.IndexFunc(t.vantages, func(v *vantageState) bool { return v.Vantage == name })
	return t.vantages[i]
}

// Record takes in a round. It returns what changed, and after how long the round
// should be repeated to confirm what it saw; 0 means with the next interval.
func (t *Tracker) Record(r probes.Round) (events []Event, confirm time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range r.Exchanges() {
		t.requests[requestCode(e)]++
	}
	t.drops = r.Drops
	v := t.vantage(r.Vantage)
	events = v.learn(r)
	diagnosis := probes.Diagnose(r, t.policy, v.Known)
	flip, confirm := v.judge(diagnosis, r.Start)
	if flip && diagnosis.Condition != probes.ConditionHealthy && v.inGrace(r.Start, t.graceUntil) {
		return events, graceConfirm
	}
	if flip {
		events = append(events, t.flip(v, diagnosis))
	} else if blip, was := v.settle(diagnosis); was {
		events = append(events, Event{Kind: EventBlip, State: v.State, Blip: blip})
	}
	return events, confirm
}

// RecordGone takes in that a vantage does not exist at the moment.
func (t *Tracker) RecordGone(name string) []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(name)
	gone := probes.Diagnosis{Condition: probes.ConditionUnknown, Reason: probes.ReasonVantageGone}
	v.sights = 0
	if v.Diagnosis == gone {
		return nil
	}
	v.suspectSince = time.Now()
	v.Round = probes.Round{Vantage: name, Start: v.suspectSince}
	return []Event{t.flip(v, gone)}
}

// learn takes in what the round saw, before it is judged.
func (v *vantageState) learn(r probes.Round) (events []Event) {
	before := v.Known
	var change probes.Change
	v.Known, change = v.Known.Learn(r)
	v.Round = r
	for p, result := range r.Results {
		if result.Status == probes.StatusFail {
			v.Failures[p]++
		}
	}
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
func (v *vantageState) judge(d probes.Diagnosis, at time.Time) (flip bool, confirm time.Duration) {
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

// settle ends a suspicion that a round in the old condition disproved, and
// returns what had been suspected.
func (v *vantageState) settle(d probes.Diagnosis) (blip probes.Diagnosis, was bool) {
	if d.Condition != v.Diagnosis.Condition {
		return blip, false // still to be confirmed
	}
	v.Diagnosis = d // another reason or probe of the same condition
	blip, was = v.suspect, v.sights > 0
	v.sights = 0
	return blip, was
}

// flip changes the condition of a vantage.
func (t *Tracker) flip(v *vantageState, d probes.Diagnosis) Event {
	now, from, since := v.suspectSince, v.Diagnosis.Condition, v.Since
	if v.resume != nil {
		from, since, v.resume = v.resume.Condition, v.resume.Since, nil
	}
	transition := Transition{
		At: jsonTime(now), Vantage: v.Vantage, From: from, To: d.Condition,
		Reason: d.Reason, HeldSeconds: now.Sub(since).Seconds(),
	}
	v.Diagnosis, v.Since, v.Judged, v.sights = d, now, true, 0
	v.Transitions++
	t.transitions = append(t.transitions, transition)
	if extra := len(t.transitions) - maxTransitions; extra > 0 {
		t.transitions = slices.Delete(t.transitions, 0, extra)
	}
	return Event{Kind: EventConditionChanged, State: v.State, Transition: transition}
}
