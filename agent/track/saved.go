package track

import (
	"slices"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// Saved is what outlives the process: what the state file holds, so that a restart
// keeps since when a condition has lasted, the rotations and the last known expiry.
// It holds no secret.
type Saved struct {
	Format string `json:"format"`
	// Machine identifies the host, so that the file of an image is not taken over.
	Machine     string         `json:"machine"`
	Salt        string         `json:"salt"`
	Vantages    []SavedVantage `json:"vantages"`
	Transitions []Transition   `json:"transitions"`
}

// SavedVantage is what is kept of one vantage.
type SavedVantage struct {
	Vantage     string           `json:"vantage"`
	Condition   probes.Condition `json:"condition"`
	Reason      probes.Reason    `json:"reason"`
	Since       time.Time        `json:"since"`
	Transitions int              `json:"transitions"`
	Rotations   int              `json:"rotations"`

	Known probes.Known `json:"known"`
}

// unwritable tells whether a time could not be written as JSON again: read at
// another offset, it may leave the years that JSON has a form for.
func (v SavedVantage) unwritable() bool {
	return slices.ContainsFunc([]time.Time{v.Since, v.Known.Expiration, v.Known.Born}, func(t time.Time) bool {
		return !probes.HasFormInUTC(t)
	})
}

// Saved returns what the state file keeps of the tracker.
func (t *Tracker) Saved() Saved {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Saved{Vantages: []SavedVantage{}, Transitions: append([]Transition{}, t.transitions...)}
	for _, v := range t.vantages {
		if v.resume != nil { // not judged yet
			s.Vantages = append(s.Vantages, *v.resume)
			continue
		}
		s.Vantages = append(s.Vantages, SavedVantage{
			Vantage: v.Vantage, Condition: v.Diagnosis.Condition, Reason: v.Diagnosis.Reason, Since: v.Since.UTC(),
			Transitions: v.Transitions, Rotations: v.Rotations,
			Known: v.Known,
		})
	}
	return s
}

// resume takes over what an earlier run knew. Until the first round, the
// condition is unknown all the same.
func (t *Tracker) resume(s Saved) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.transitions = s.Transitions
	for _, v := range t.vantages {
		for _, old := range s.Vantages {
			if old.Vantage != v.Vantage {
				continue
			}
			if old.Since.After(t.start) {
				old.Since = t.start // the clock was set back
			}
			v.resume, v.Known = &old, old.Known
			v.Transitions, v.Rotations = max(0, old.Transitions), max(0, old.Rotations)
		}
	}
}
