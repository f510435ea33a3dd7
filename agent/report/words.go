package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// The words that terminal text and the page share; those of conditions are the
// catalogue's.

// Spaced turns a name of the contract into words.
func Spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// Span is a duration as people say it, to the second below an hour.
func Span(d time.Duration) string {
	s := int64(max(0, d).Seconds())
	switch {
	case s >= 86400:
		return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
	case s >= 3600:
		return fmt.Sprintf("%d h %02d min", s/3600, s%3600/60)
	case s >= 60:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	return fmt.Sprintf("%d s", s)
}

// Away tells how far a moment lies ahead or back.
func Away(left time.Duration) string {
	if left < 0 {
		return Span(-left) + " ago"
	}
	return "in " + Span(left)
}

// Millis is a time on the wire.
func Millis(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1e3) }

// Asked is the request of an exchange.
func (e Exchange) Asked() string {
	if !e.WithToken && e.Method == "GET" {
		return e.Method + " " + e.Path + " (without a token)"
	}
	return e.Method + " " + e.Path
}

// Answered is what came back: the status and who sent it, and what kept the
// answer from being whole.
func (e Exchange) Answered() string {
	var parts []string
	switch {
	case e.Status != 0 && e.Server != "":
		parts = append(parts, fmt.Sprintf("%d from %q", e.Status, e.Server))
	case e.Status != 0:
		parts = append(parts, fmt.Sprintf("%d without a Server header", e.Status))
	}
	if e.Error != "" {
		parts = append(parts, Spaced(e.Error))
	}
	if e.Errno != "" {
		parts = append(parts, e.Errno)
	}
	return strings.Join(parts, ", ")
}

// Phases tells when the phases of an exchange were over.
func (e Exchange) Phases() string {
	var parts []string
	if e.ConnectSeconds > 0 {
		parts = append(parts, "connected "+Millis(e.ConnectSeconds))
	}
	if e.FirstByteSeconds > 0 {
		parts = append(parts, "first byte "+Millis(e.FirstByteSeconds))
	}
	return strings.Join(append(parts, "end "+Millis(e.DurationSeconds)), ", ")
}

// Skipped says why a step was not asked.
func (v Vantage) Skipped() string {
	for _, p := range v.Probes {
		if p.Reason == probes.ReasonAbsentAsExpected {
			return "not asked: there is no instance profile"
		}
	}
	if v.CheckedAt == nil || v.Reason == probes.ReasonVantageGone {
		return "not asked yet"
	}
	return "not asked: a step before it did not pass"
}

// RootMark says beside the step at which the cause showed how it did.
func (p Probe) RootMark() string {
	if p.Status == probes.StatusFail {
		return "it stopped here"
	}
	return "it shows here"
}

// IsRoot tells whether the cause showed at this step.
func (v Vantage) IsRoot(p Probe) bool {
	return v.RootProbe != nil && *v.RootProbe == p.Probe
}

// Advice is what one condition means and how to fix it.
type Advice struct {
	Condition probes.Condition
	Severity  probes.Severity
	Title     string
	Summary   string
	Meaning   string
	Steps     []Step
	Doc       string
	// Vantages are those that see it, if there are several to tell apart.
	Vantages []string
}

// Advices lists what is to be done, the most urgent first: each condition once,
// with the figures of the first vantage that sees it.
func (r Report) Advices() (all []Advice) {
	for _, severity := range []probes.Severity{probes.SeverityCritical, probes.SeverityWarning, probes.SeverityUnknown} {
		for _, v := range r.Vantages {
			if v.Severity == severity {
				all = advise(all, v, len(r.Vantages) > 1)
			}
		}
	}
	return all
}

func advise(all []Advice, v Vantage, several bool) []Advice {
	i := 0
	for i < len(all) && all[i].Condition != v.Condition {
		i++
	}
	if i == len(all) {
		entry := probes.Explain(v.Condition)
		all = append(all, Advice{
			Condition: v.Condition, Severity: v.Severity, Title: entry.Title, Summary: v.Summary,
			Meaning: entry.Meaning, Steps: v.Steps, Doc: entry.Doc,
		})
	}
	if several {
		all[i].Vantages = append(all[i].Vantages, v.Name)
	}
	return all
}

// Fact is one thing that was seen, with its name.
type Fact struct{ Name, Value string }

// Facts lists what a vantage saw of the instance's profile and role.
func (v Vantage) Facts() (facts []Fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, Fact{name, value})
		}
	}
	add("role", v.Role)
	add("profile", v.InstanceProfileARN)
	add("profile id", v.InstanceProfileID)
	if !strings.EqualFold(v.Code, "Success") {
		add("EC2's code", v.Code)
	}
	return facts
}
