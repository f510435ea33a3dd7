package doctor

import (
	"encoding/json"
	"io"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// AuditReport is the outcome of an audit: the problems of an account, the most
// severe first.
type AuditReport struct {
	Topic   string `json:"topic"`
	Caller  string `json:"caller"`
	Account string `json:"account"`
	// Regions are those that were looked at.
	Regions []string `json:"regions"`
	// Condition, Severity and Summary are those of the first problem.
	Condition Condition        `json:"condition"`
	Severity  probes.Severity  `json:"severity"`
	Summary   string           `json:"summary"`
	CheckedAt time.Time        `json:"checked_at"`
	Counts    AuditCounts      `json:"counts"`
	Problems  []Problem        `json:"problems"`
	Profiles  []ProfileSummary `json:"profiles"`
}

// AuditCounts is how much was looked at.
type AuditCounts struct {
	// Instances are those that run; Clean have no problem.
	Instances int `json:"instances"`
	Clean     int `json:"clean"`
	// NotRunning are instances that were asked for and do not run.
	NotRunning int `json:"not_running"`
	// AgentsAsked and AgentsAnswered are 0 where no agent was asked.
	AgentsAsked    int `json:"agents_asked"`
	AgentsAnswered int `json:"agents_answered"`
}

// Problem is one problem with all its instances.
type Problem struct {
	Condition Condition       `json:"condition"`
	Severity  probes.Severity `json:"severity"`
	Reason    Reason          `json:"reason"`
	Title     string          `json:"title"`
	Summary   string          `json:"summary"`
	// Profile and Role are empty where the problem is not one of a profile.
	Profile   string        `json:"instance_profile"`
	Role      string        `json:"role"`
	Instances []InstanceRef `json:"instances"`
	Remedy    []Remedy      `json:"remedy"`
	Policies  []PolicyFile  `json:"policies"`
	Doc       string        `json:"doc"`
}

// InstanceRef names an instance.
type InstanceRef struct {
	ID     string `json:"id"`
	Region string `json:"region"`
}

// ProfileSummary is what the audit found of the instances of a profile.
type ProfileSummary struct {
	Account      string    `json:"account"`
	Profile      string    `json:"instance_profile"`
	Role         string    `json:"role"`
	Instances    int       `json:"instances"`
	WithProblems int       `json:"with_problems"`
	Condition    Condition `json:"condition"`
}

// ExitCode returns the exit code of the monitoring-plugin convention.
func (r AuditReport) ExitCode() int { return r.Severity.ExitCode() }

// WriteJSON writes the report as one JSON document.
func (r AuditReport) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
