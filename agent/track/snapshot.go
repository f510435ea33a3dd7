package track

import (
	"slices"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

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
	// Round is the one that the diagnosis is of, Last the last one, which may be
	// waiting to be confirmed; both are the zero value before there is one.
	Round, Last probes.Round
	// Known is what confirmed rounds taught.
	Known probes.Known
	// Next is when the next round is due; zero if none is planned yet.
	Next time.Time

	Transitions int
	Rotations   int
	Rounds      Rounds
	// Failures counts, for each probe, the rounds in which it failed.
	Failures [len(probes.Round{}.Results)]int
}

// Rounds counts rounds by what they were worth: Good found a healthy IMDS, Bad
// anything else, and Local failed for want of something on this host, which is no
// verdict on IMDS.
type Rounds struct{ Good, Bad, Local int }

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
