package track

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Tracker keeps the state of every vantage. It is safe for concurrent use.
type Tracker struct {
	policy     probes.Policy
	start      time.Time
	graceUntil time.Time

	mu          sync.Mutex
	vantages    []*vantageState
	transitions []Transition
	requests    map[string]int
	hopLimit    int // 0: not measured
	v1          *bool
	drops       map[string]uint64
}

// Options configures a [Tracker].
type Options struct {
	// Policy is what rounds are judged by.
	Policy probes.Policy
	// Vantages are the names of those that will be recorded.
	Vantages []string
	// GraceUntil is until when a bad first verdict is held back, since the host has
	// only just booted; the zero value is no grace.
	GraceUntil time.Time
	// Saved is what an earlier run left; the zero value is nothing.
	Saved Saved
}

// New returns a tracker. Until its first round a vantage is unknown, whatever an
// earlier run knew of it.
func New(o Options) *Tracker {
	t := &Tracker{
		policy: o.Policy, start: time.Now(), graceUntil: o.GraceUntil,
		requests: map[string]int{"200": 0, "error": 0},
	}
	for _, name := range o.Vantages {
		t.vantages = append(t.vantages, &vantageState{State: State{Vantage: name, Since: t.start}})
	}
	t.resume(o.Saved)
	return t
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

// RecordOnce takes in a round whose verdict is not to be confirmed.
func (t *Tracker) RecordOnce(r probes.Round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(r.Vantage)
	v.learn(r)
	v.suspectSince = r.Start
	t.flip(v, probes.Diagnose(r, t.policy, v.Known))
}

// RecordNext takes in when the next round of a vantage is due.
func (t *Tracker) RecordNext(name string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.vantage(name).Next = at
}

// RecordHopLimit takes in a measurement; one that is not ok forgets the last.
func (t *Tracker) RecordHopLimit(hops int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hopLimit = 0
	if ok {
		t.hopLimit = hops
	}
}

// RecordV1 takes in whether IMDSv1 is enabled; one that is not ok forgets the last.
func (t *Tracker) RecordV1(enabled, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.v1 = nil
	if ok {
		t.v1 = &enabled
	}
}

// requestCode returns the label of imds_requests_total: a status that HTTP
// knows, "other" for one that it does not, "error" where no whole answer came.
func requestCode(e probes.Exchange) string {
	switch {
	case e.Fault != probes.ReasonNone:
		return "error"
	case http.StatusText(e.Status) == "":
		return "other"
	}
	return strconv.Itoa(e.Status)
}
