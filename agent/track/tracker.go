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

// vantage returns nil for one that the tracker was not made for.
func (t *Tracker) vantage(name string) *vantageState {
	for _, v := range t.vantages {
		if v.Vantage == name {
			return v
		}
	}
	return nil
}

// Record takes in a round. It returns what changed, and after how long the round
// should be repeated to confirm what it saw; 0 means with the next interval. What is
// not confirmed changes nothing but counters.
func (t *Tracker) Record(r probes.Round) (events []Event, confirm time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(r.Vantage)
	if v == nil {
		return nil, 0
	}
	known, change := v.Known.Learn(r)
	d := probes.Diagnose(r, t.policy, known)
	t.take(v, r, d)
	if d.Condition == probes.ConditionUnknown {
		return t.passOver(v, r, d), 0
	}
	flips, confirm := v.judge(d, r.Start)
	switch {
	case confirm > 0:
		return nil, confirm
	case flips && v.inGrace(d, r.Start, t.graceUntil):
		return nil, graceConfirm
	}
	events = v.accept(r, known, change)
	if flips {
		return append(events, t.flip(v, d)), 0
	}
	return append(events, v.settle(d)...), 0
}

// RecordOnce takes in a round whose verdict is not to be confirmed.
func (t *Tracker) RecordOnce(r probes.Round) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(r.Vantage)
	if v == nil {
		return
	}
	known, change := v.Known.Learn(r)
	d := probes.Diagnose(r, t.policy, known)
	t.take(v, r, d)
	v.suspectSince = r.Start
	v.accept(r, known, change)
	t.flip(v, d)
}

// RecordGone takes in that a vantage does not exist at the moment. A vantage of which
// nothing was known yet stays unknown, which is no event.
func (t *Tracker) RecordGone(name string) []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.vantage(name)
	gone := probes.Diagnosis{Condition: probes.ConditionUnknown, Reason: probes.ReasonVantageGone}
	if v == nil {
		return nil
	}
	v.Last = probes.Round{}
	return t.lose(v, probes.Round{}, gone, time.Now())
}

// lose makes a vantage unknown. One of which nothing was known yet stays so, which is
// no event.
func (t *Tracker) lose(v *vantageState, r probes.Round, why probes.Diagnosis, at time.Time) []Event {
	v.sights, v.suspectSince, v.Round = 0, at, r
	before := v.Diagnosis.Condition
	if v.resume != nil {
		before = v.resume.Condition
	}
	if before == probes.ConditionUnknown {
		v.Diagnosis, v.Judged, v.resume = why, true, nil
		return nil
	}
	return []Event{t.flip(v, why)}
}

// take counts a round, whatever it is worth.
func (t *Tracker) take(v *vantageState, r probes.Round, d probes.Diagnosis) {
	t.count(r.Exchanges())
	t.drops = r.Drops
	v.Last = r
	switch d.Condition {
	case probes.ConditionUnknown:
		v.Rounds.Local++
		v.locals++
		return // nothing of IMDS failed
	case probes.ConditionHealthy:
		v.Rounds.Good++
	default:
		v.Rounds.Bad++
	}
	v.locals = 0
	for p, result := range r.Results {
		if result.Status == probes.StatusFail {
			v.Failures[p]++
		}
	}
}

// RecordNext takes in when the next round of a vantage is due.
func (t *Tracker) RecordNext(name string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if v := t.vantage(name); v != nil {
		v.Next = at
	}
}

// RecordHopLimit takes in a measurement of the hop limit; 0 forgets the last.
func (t *Tracker) RecordHopLimit(hops int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hopLimit = hops
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

// RecordRequests counts requests that were made beside the rounds.
func (t *Tracker) RecordRequests(made ...probes.Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(made)
}

func (t *Tracker) count(made []probes.Exchange) {
	for _, e := range made {
		t.requests[requestCode(e)]++
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
