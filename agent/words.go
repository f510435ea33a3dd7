package agent

import (
	"fmt"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// The words that terminal text and the page share; those of conditions are the
// catalogue's.

// spaced turns a name of the contract into words.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// span is a duration as people say it, to the second below an hour.
func span(d time.Duration) string {
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

// away tells how far a moment lies ahead or back.
func away(left time.Duration) string {
	if left < 0 {
		return span(-left) + " ago"
	}
	return "in " + span(left)
}

// millis is a time on the wire.
func millis(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1e3) }

// asked is the request of an exchange.
func asked(e ExchangeReport) string {
	if !e.WithToken && e.Method == "GET" {
		return e.Method + " " + e.Path + " (without a token)"
	}
	return e.Method + " " + e.Path
}

// answered is what came back: the status and who sent it, and what kept the
// answer from being whole.
func answered(e ExchangeReport) string {
	var parts []string
	switch {
	case e.Status != 0 && e.Server != "":
		parts = append(parts, fmt.Sprintf("%d from %q", e.Status, e.Server))
	case e.Status != 0:
		parts = append(parts, fmt.Sprintf("%d without a Server header", e.Status))
	}
	if e.Error != "" {
		parts = append(parts, spaced(e.Error))
	}
	if e.Errno != "" {
		parts = append(parts, e.Errno)
	}
	return strings.Join(parts, ", ")
}

// phases tells when the phases of an exchange were over.
func phases(e ExchangeReport) string {
	var parts []string
	if e.ConnectSeconds > 0 {
		parts = append(parts, "connected "+millis(e.ConnectSeconds))
	}
	if e.FirstByteSeconds > 0 {
		parts = append(parts, "first byte "+millis(e.FirstByteSeconds))
	}
	return strings.Join(append(parts, "end "+millis(e.DurationSeconds)), ", ")
}

// skipped says why a step was not asked.
func skipped(v VantageReport) string {
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

// rootMark says beside the step at which the cause showed how it did.
func rootMark(p ProbeReport) string {
	if p.Status == probes.StatusFail {
		return "it stopped here"
	}
	return "it shows here"
}

// isRoot tells whether the cause showed at this step.
func (v VantageReport) isRoot(p ProbeReport) bool {
	return v.RootProbe != nil && *v.RootProbe == p.Probe
}

// advice is what one condition means and how to mend it.
type advice struct {
	Condition probes.Condition
	Severity  probes.Severity
	Title     string
	Summary   string
	Meaning   string
	Steps     []StepReport
	Doc       string
	// Vantages are those that see it, if there are several to tell apart.
	Vantages []string
}

// advices lists what is to be done, the most urgent first: each condition once,
// with the figures of the first vantage that sees it.
func advices(r Report) (all []advice) {
	for _, severity := range []probes.Severity{probes.SeverityCritical, probes.SeverityWarning, probes.SeverityUnknown} {
		for _, v := range r.Vantages {
			if v.Severity == severity {
				all = advise(all, v, len(r.Vantages) > 1)
			}
		}
	}
	return all
}

func advise(all []advice, v VantageReport, several bool) []advice {
	i := 0
	for i < len(all) && all[i].Condition != v.Condition {
		i++
	}
	if i == len(all) {
		entry := probes.Explain(v.Condition)
		all = append(all, advice{
			Condition: v.Condition, Severity: v.Severity, Title: entry.Title, Summary: v.Summary,
			Meaning: entry.Meaning, Steps: v.Steps, Doc: entry.Doc,
		})
	}
	if several {
		all[i].Vantages = append(all[i].Vantages, v.Vantage)
	}
	return all
}

// fact is one thing that was seen, with its name.
type fact struct{ Name, Value string }

// factsOf lists what a vantage saw of the instance's profile and role.
func factsOf(v VantageReport) (facts []fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
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
