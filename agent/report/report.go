package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// APIVersion is the version of the document, Path where the daemon serves it.
const (
	APIVersion = "v1"
	Path       = "/api/v1/status"
)

// Report is one diagnosis as check prints it and the daemon serves it at
// /api/v1/status. Its shape is a contract: docs/status.schema.json.
type Report struct {
	// APIVersion is that of the document's shape: fields may be added under it,
	// none is renamed, removed or given another meaning.
	APIVersion string           `json:"api_version"`
	Condition  probes.Condition `json:"condition"`
	Severity   probes.Severity  `json:"severity"`
	Title      string           `json:"title"`
	Summary    string           `json:"summary"`
	Remedy     []string         `json:"remedy"`
	Doc        string           `json:"doc"`
	CheckedAt  time.Time        `json:"checked_at"`
	Vantages   []Vantage        `json:"vantages"`
}

// Vantage is the part of a report that one vantage saw.
type Vantage struct {
	Name      string           `json:"vantage"`
	Condition probes.Condition `json:"condition"`
	Severity  probes.Severity  `json:"severity"`
	Reason    probes.Reason    `json:"reason"`
	Title     string           `json:"title"`
	Summary   string           `json:"summary"`
	// RootProbe is the step of the ladder at which the cause showed, though it may
	// have passed; null if there is nothing wrong, or nothing known.
	RootProbe *probes.Probe `json:"root_probe"`
	// Steps are the remedy, text and command apart.
	Steps []Step `json:"steps"`
	// Since is when the condition was first seen, CheckedAt when the last round
	// ended, NextRoundAt when the next is due.
	Since              time.Time    `json:"since"`
	CheckedAt          *time.Time   `json:"checked_at"`
	NextRoundAt        *time.Time   `json:"next_round_at"`
	Role               string       `json:"role"`
	InstanceProfileARN string       `json:"instance_profile_arn"`
	InstanceProfileID  string       `json:"instance_profile_id"`
	Code               string       `json:"code"`
	Message            string       `json:"message"`
	Credentials        *Credentials `json:"credentials"`
	ClockOffsetSeconds *float64     `json:"clock_offset_seconds"`
	Probes             []Probe      `json:"probes"`
}

// Step is one step of a remedy.
type Step struct {
	Text    string `json:"text"`
	Command string `json:"command"`
}

// Credentials is the lifetime of the credentials that a vantage saw.
type Credentials struct {
	Expiration    time.Time  `json:"expiration"`
	SecondsLeft   int64      `json:"seconds_left"`
	AccessKeyHash string     `json:"access_key_hash"`
	LastUpdated   *time.Time `json:"last_updated"`
	LifeLeft      *float64   `json:"life_left_ratio"`
	// StallsAt is when less of the life is left than renewal ever leaves, by
	// --credentials.stall-ratio.
	StallsAt *time.Time `json:"stalls_at"`
}

// Probe is one step of the ladder.
type Probe struct {
	Probe           probes.Probe  `json:"probe"`
	Status          probes.Status `json:"status"`
	Reason          probes.Reason `json:"reason"`
	DurationSeconds float64       `json:"duration_seconds"`
	Exchanges       []Exchange    `json:"exchanges"`
}

// Exchange is one request and its outcome.
type Exchange struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	// WithToken tells an IMDSv2 request from one without a token.
	WithToken bool   `json:"with_token"`
	Status    int    `json:"status"`
	Server    string `json:"server"`
	// Error is the reason for which no whole answer came, Errno the system's name.
	Error            string  `json:"error"`
	Errno            string  `json:"errno"`
	ConnectSeconds   float64 `json:"connect_seconds"`
	FirstByteSeconds float64 `json:"first_byte_seconds"`
	DurationSeconds  float64 `json:"duration_seconds"`
}

// New writes the report of a snapshot.
func New(s track.Snapshot) Report {
	worst := s.Worst()
	d := worst.Diagnosis
	entry := probes.Explain(d.Condition)
	summary := probes.Summary(worst.Round, d)
	if len(s.Vantages) > 1 && entry.Severity != probes.SeverityOK {
		summary = worst.Vantage + ": " + summary
	}
	r := Report{
		APIVersion: APIVersion,
		Condition:  d.Condition,
		Severity:   entry.Severity,
		Title:      entry.Title,
		Summary:    summary,
		Remedy:     []string{},
		Doc:        entry.Doc,
		CheckedAt:  jsonTime(checkedAt(s)),
	}
	for _, step := range Remedy(worst) {
		r.Remedy = append(r.Remedy, step.String())
	}
	for _, v := range s.Vantages {
		r.Vantages = append(r.Vantages, newVantage(v, s))
	}
	return r
}

// jsonTime cuts what no reader needs, and some cannot read.
func jsonTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = jsonTime(t)
	return &t
}

// Remedy returns the remedy of a vantage's condition, with the names it saw.
func Remedy(v track.State) []probes.Step {
	return probes.Explain(v.Diagnosis.Condition).RemedyFor(probes.ProfileName(v.Known.ProfileARN), v.Known.Role)
}

// checkedAt is when the last round ended; the moment itself before the first.
func checkedAt(s track.Snapshot) time.Time {
	var last time.Time
	for _, v := range s.Vantages {
		if end := v.Last.End(); end.After(last) {
			last = end
		}
	}
	if last.IsZero() {
		return s.At
	}
	return last
}

func newVantage(v track.State, s track.Snapshot) Vantage {
	code, message := v.Round.Code()
	entry := probes.Explain(v.Diagnosis.Condition)
	report := Vantage{
		Name:               v.Vantage,
		Condition:          v.Diagnosis.Condition,
		Severity:           entry.Severity,
		Reason:             v.Diagnosis.Reason,
		Title:              entry.Title,
		Steps:              []Step{},
		Since:              jsonTime(v.Since),
		CheckedAt:          optionalTime(v.Last.End()),
		NextRoundAt:        optionalTime(v.Next),
		Summary:            probes.Summary(v.Round, v.Diagnosis),
		Role:               v.Round.Role(),
		InstanceProfileARN: v.Round.Info().ProfileARN,
		InstanceProfileID:  v.Round.Info().ProfileID,
		Code:               code,
		Message:            message,
		Credentials:        newCredentials(v, s),
	}
	if entry.Severity == probes.SeverityWarning || entry.Severity == probes.SeverityCritical {
		report.RootProbe = &v.Diagnosis.Probe
	}
	for _, step := range Remedy(v) {
		report.Steps = append(report.Steps, Step{step.Text, step.Command})
	}
	if v.Known.Clock.Measured {
		offset := v.Known.Clock.Estimate().Seconds()
		report.ClockOffsetSeconds = &offset
	}
	for _, p := range probes.Ladder() {
		report.Probes = append(report.Probes, newProbe(p, v.Round.Result(p)))
	}
	return report
}

// newCredentials tells of the keys last seen, also while IMDS cannot be
// asked: they go on ageing.
func newCredentials(v track.State, s track.Snapshot) *Credentials {
	if v.Known.Expiration.IsZero() {
		return nil
	}
	now := v.Known.Clock.Correct(s.At)
	report := &Credentials{
		Expiration:    v.Known.Expiration.UTC(),
		SecondsLeft:   int64(v.Known.Expiration.Sub(now).Seconds()),
		AccessKeyHash: v.Known.AccessKeyHash,
	}
	if life, ok := v.Known.Life(); ok {
		born, left := life.Born.UTC(), life.Left(now)
		report.LastUpdated, report.LifeLeft = &born, &left
		if s.Policy.StallRatio > 0 {
			report.StallsAt = optionalTime(life.At(s.Policy.StallRatio))
		}
	}
	return report
}

func newProbe(p probes.Probe, result probes.Result) Probe {
	report := Probe{
		Probe:           p,
		Status:          result.Status,
		Reason:          result.Reason,
		DurationSeconds: result.Duration().Seconds(),
		Exchanges:       []Exchange{},
	}
	for _, e := range result.Exchanges {
		report.Exchanges = append(report.Exchanges, NewExchange(e))
	}
	return report
}

// NewExchange writes one exchange.
func NewExchange(e probes.Exchange) Exchange {
	report := Exchange{
		Method:           e.Method,
		Path:             e.Path,
		WithToken:        e.WithToken,
		Status:           e.Status,
		Server:           e.Server,
		ConnectSeconds:   e.Connect.Seconds(),
		FirstByteSeconds: e.FirstByte.Seconds(),
		DurationSeconds:  e.Total.Seconds(),
		Errno:            errnoName(e.Errno),
	}
	if e.Fault != probes.ReasonNone {
		report.Error = e.Fault.String()
	}
	return report
}

// WriteJSON writes a report or status as people and programs can read it.
func WriteJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
