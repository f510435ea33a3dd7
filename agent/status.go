package agent

import (
	"time"

	"imds-probe/probes"
)

// Status is what the daemon serves at /api/v1/status: a [Report], with how long
// it has been so and what came before.
type Status struct {
	Report
	// Since is when the condition of the worst vantage was first seen.
	Since       time.Time    `json:"since"`
	Transitions []Transition `json:"transitions"`
	Agent       Daemon       `json:"agent"`
	Expect      ExpectStatus `json:"expect"`
	// TokenHopLimitMin is the measured hop limit; null if there is none.
	TokenHopLimitMin *int `json:"token_hop_limit_min"`
	// V1Enabled tells whether requests without a token are answered; null if not asked.
	V1Enabled *bool `json:"v1_enabled"`
}

// Daemon tells of the daemon itself.
type Daemon struct {
	Version         string    `json:"version"`
	StartedAt       time.Time `json:"started_at"`
	Endpoint        string    `json:"endpoint"`
	IntervalSeconds float64   `json:"interval_seconds"`
}

// ExpectStatus tells what the daemon expects, as its flags have it.
type ExpectStatus struct {
	Profile    probes.Presence `json:"profile"`
	ProfileARN string          `json:"profile_arn"`
	Role       string          `json:"role"`
	StallRatio float64         `json:"stall_ratio"`
	MaxSkew    float64         `json:"max_skew_seconds"`
}

func (a *Agent) status() Status {
	s := a.tracker.Snapshot()
	o := a.options
	status := Status{
		Report:      NewReport(s),
		Since:       jsonTime(s.Worst().Since),
		Transitions: append([]Transition{}, s.Transitions...),
		Agent: Daemon{
			Version:         o.Version,
			StartedAt:       jsonTime(s.Start),
			Endpoint:        o.Endpoint,
			IntervalSeconds: o.Interval.Seconds(),
		},
		Expect: ExpectStatus{
			Profile:    o.Policy.Profile,
			StallRatio: o.Policy.StallRatio,
			MaxSkew:    o.Policy.MaxSkew.Seconds(),
		},
		V1Enabled: s.V1,
	}
	if o.Policy.ProfileARN != nil {
		status.Expect.ProfileARN = o.Policy.ProfileARN.String()
	}
	if o.Policy.Role != nil {
		status.Expect.Role = o.Policy.Role.String()
	}
	if s.HopLimit > 0 {
		status.TokenHopLimitMin = &s.HopLimit
	}
	return status
}
