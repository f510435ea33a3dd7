package agent

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"imds-probe/probes"
)

// textWidth is the width that text is wrapped at; commands are never broken.
const textWidth = 80

// TextStyle is how text is coloured. The zero value is plain.
type TextStyle struct {
	Colour bool
}

func (s TextStyle) paint(code, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s TextStyle) bold(text string) string { return s.paint("1", text) }

func (s TextStyle) severity(sev probes.Severity, text string) string {
	switch sev {
	case probes.SeverityOK:
		return s.paint("1;32", text)
	case probes.SeverityWarning:
		return s.paint("1;33", text)
	case probes.SeverityCritical:
		return s.paint("1;31", text)
	case probes.SeverityUnknown:
	}
	return s.bold(text)
}

// statusMarks has a mark for each status beside its word, never instead of it.
var statusMarks = map[probes.Status]struct{ mark, colour string }{
	probes.StatusPass:    {"✓", "32"},
	probes.StatusSkip:    {"·", "2"},
	probes.StatusFail:    {"✗", "1;31"},
	probes.StatusUnknown: {"?", "2"},
}

// WriteText writes a report for people: the verdict on the first line, then the
// ladder, what it means and what to do.
func WriteText(w io.Writer, r Report, style TextStyle) error {
	t := &textWriter{style: style}
	t.line("%s %s: %s", style.severity(r.Severity, strings.ToUpper(r.Severity.String())), r.Condition, style.bold(r.Title))
	for _, v := range r.Vantages {
		t.vantage(v, len(r.Vantages) > 1)
	}
	if r.Severity != probes.SeverityOK {
		t.heading("What it means")
		t.paragraph("  ", r.Summary)
		t.paragraph("  ", probes.Explain(r.Condition).Meaning)
		t.remedy(worstRemedy(r))
		t.line("\nMore: %s", r.Doc)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

// worstRemedy returns the remedy as steps, with the names that were seen.
func worstRemedy(r Report) []probes.Step {
	for _, v := range r.Vantages {
		if v.Condition == r.Condition {
			return probes.Explain(r.Condition).RemedyFor(probes.ProfileName(v.InstanceProfileARN), v.Role)
		}
	}
	return probes.Explain(r.Condition).Remedy
}

// WriteExplanation writes the catalogue's entry of a condition.
func WriteExplanation(w io.Writer, c probes.Condition, style TextStyle) error {
	e := probes.Explain(c)
	t := &textWriter{style: style}
	t.line("%s (%s): %s", style.bold(e.Condition.String()), style.severity(e.Severity, e.Severity.String()), e.Title)
	t.heading("What it means")
	t.paragraph("  ", e.Meaning)
	if len(e.Faces) > 0 {
		t.heading("How it shows (reason)")
		for _, f := range e.Faces {
			t.paragraph("  ", f.Reason.String()+": "+f.Meaning)
		}
	}
	t.remedy(e.Remedy)
	t.line("\nMore: %s", e.Doc)
	_, err := io.WriteString(w, t.String())
	return err
}

type textWriter struct {
	strings.Builder
	style TextStyle
}

func (t *textWriter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *textWriter) heading(text string) { t.line("\n%s", t.style.bold(text)) }

func (t *textWriter) vantage(v VantageReport, several bool) {
	if several {
		t.line("\n%s  %s", t.style.bold(v.Vantage), t.style.severity(v.Severity, v.Condition.String()))
	} else {
		t.line("")
	}
	for _, p := range v.Probes {
		t.probe(p)
	}
	if facts := factsOf(v); len(facts) > 0 {
		t.line("")
		for _, f := range facts {
			t.line("  %-13s %s", f.name, f.value)
		}
	}
}

func (t *textWriter) probe(p ProbeReport) {
	m := statusMarks[p.Status]
	status := t.style.paint(m.colour, fmt.Sprintf("%s %-4s", m.mark, p.Status))
	if len(p.Exchanges) == 0 {
		t.line("  %s  %-16s  %s", status, p.Probe, t.style.paint("2", "not asked: a step before it did not pass"))
		return
	}
	t.line("  %s  %-16s  %s", status, p.Probe, outcome(p))
	for _, e := range p.Exchanges {
		if p.Status == probes.StatusFail {
			t.line("%27s%s %s", "", e.Method, shortPath(e))
			t.line("%29s→ %s", "", answerOf(e))
		}
	}
}

// outcome is what a probe came to, in a few words.
func outcome(p ProbeReport) string {
	if p.Status == probes.StatusFail || p.Reason != probes.ReasonOK {
		return strings.ReplaceAll(p.Reason.String(), "_", " ")
	}
	return fmt.Sprintf("%-3d  %5.1f ms", p.Exchanges[0].Status, p.DurationSeconds*1e3)
}

func shortPath(e ExchangeReport) string {
	if !e.WithToken && e.Method == "GET" {
		return e.Path + " (without a token)"
	}
	return e.Path
}

func answerOf(e ExchangeReport) string {
	var parts []string
	if e.Status != 0 {
		parts = append(parts, fmt.Sprintf("%d from %q", e.Status, e.Server))
	}
	if e.Error != "" {
		parts = append(parts, strings.ReplaceAll(e.Error, "_", " "))
	}
	if e.Errno != "" {
		parts = append(parts, e.Errno)
	}
	return fmt.Sprintf("%s after %.1f ms", strings.Join(parts, ", "), e.DurationSeconds*1e3)
}

type fact struct{ name, value string }

// factsOf lists what a vantage saw of the instance's role and keys.
func factsOf(v VantageReport) (facts []fact) {
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
		}
	}
	add("role", v.Role)
	add("profile", v.InstanceProfileARN)
	add("profile id", v.InstanceProfileID)
	if v.Code != "" && v.Severity != probes.SeverityOK {
		add("EC2's code", v.Code)
	}
	if c := v.Credentials; c != nil {
		left := time.Duration(c.SecondsLeft) * time.Second
		add("keys expire", fmt.Sprintf("%s (%s)", c.Expiration.Format(time.RFC3339), expiresIn(left)))
	}
	return facts
}

func expiresIn(left time.Duration) string {
	if left < 0 {
		return (-left).Round(time.Second).String() + " ago"
	}
	return "in " + left.Round(time.Second).String()
}

func (t *textWriter) remedy(steps []probes.Step) {
	if len(steps) == 0 {
		return
	}
	t.heading("What to do")
	for i, s := range steps {
		t.paragraph(fmt.Sprintf("  %d. ", i+1), s.Text+".")
		if s.Command != "" {
			t.line("       %s", t.style.paint("36", s.Command))
		}
	}
}

// paragraph wraps text; its further lines are indented as far as its first.
func (t *textWriter) paragraph(indent, text string) {
	width := utf8.RuneCountInString(indent)
	line, column := indent, width
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > textWidth:
			t.line("%s", line)
			line, column = strings.Repeat(" ", width), width
		default:
			line, column = line+" ", column+1
		}
		line, column = line+word, column+n
	}
	t.line("%s", line)
}
