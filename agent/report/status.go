package report

import (
	"regexp"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// Status is what the daemon serves at /api/v1/status: a [Report], with how long
// it has been so and what came before.
type Status struct {
	Report
	// Since is when the condition of the worst vantage was first seen.
	Since       time.Time          `json:"since"`
	Transitions []track.Transition `json:"transitions"`
	Agent       Daemon             `json:"agent"`
	Expect      Expectations       `json:"expect"`
	// TokenHopLimitMin is the measured hop limit; null if there is none.
	TokenHopLimitMin *int `json:"token_hop_limit_min"`
	// V1Enabled tells whether requests without a token are answered; null if not asked.
	V1Enabled *bool `json:"v1_enabled"`
}

// Daemon tells of the daemon itself. StartedAt is the snapshot's.
type Daemon struct {
	Version string `json:"version"`
	// Host is the name of the host that the daemon runs on.
	Host            string    `json:"host"`
	StartedAt       time.Time `json:"started_at"`
	Endpoint        string    `json:"endpoint"`
	IntervalSeconds float64   `json:"interval_seconds"`
	TelemetryPath   string    `json:"telemetry_path"`
	// Banner says what is special about this agent, as in the demo; mostly empty.
	Banner string `json:"banner"`
}

// Expectations tells what the daemon expects, as its flags have it.
type Expectations struct {
	Profile    probes.Presence `json:"profile"`
	ProfileARN string          `json:"profile_arn"`
	Role       string          `json:"role"`
	StallRatio float64         `json:"stall_ratio"`
	MaxSkew    float64         `json:"max_skew_seconds"`
	// AllowServer is the Server header of a known proxy.
	AllowServer string `json:"allow_server"`
}

// NewStatus writes the status of a snapshot, of which the daemon says who it is.
func NewStatus(s track.Snapshot, d Daemon) Status {
	d.StartedAt = jsonTime(s.Start)
	status := Status{
		Report:      New(s),
		Since:       jsonTime(s.Worst().Since),
		Transitions: append([]track.Transition{}, s.Transitions...),
		Agent:       d,
		Expect:      newExpectations(s.Policy),
		V1Enabled:   s.V1,
	}
	if s.HopLimit > 0 {
		status.TokenHopLimitMin = &s.HopLimit
	}
	return status
}

func newExpectations(p probes.Policy) Expectations {
	return Expectations{
		Profile:     p.Profile,
		ProfileARN:  pattern(p.ProfileARN),
		Role:        pattern(p.Role),
		StallRatio:  p.StallRatio,
		MaxSkew:     p.MaxSkew.Seconds(),
		AllowServer: pattern(p.AllowServer),
	}
}

// pattern returns an expression as its flag has it, without the anchors of
// [probes.Anchored].
func pattern(re *regexp.Regexp) string {
	if re == nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(re.String(), "^(?s:"), ")$")
}
