package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes"
)

// textWidth is the width that text is wrapped at; what cannot be broken without
// harm (an address, a quoted policy) goes beyond it.
const textWidth = 80

// Style is how text is coloured. The zero value is plain.
type Style struct {
	Colour bool
}

func (s Style) paint(code, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold returns the text in bold, if the style has colours.
func (s Style) Bold(text string) string { return s.paint("1", text) }

func (s Style) dim(text string) string { return s.paint("2", text) }

func (s Style) severity(sev probes.Severity, text string) string {
	switch sev {
	case probes.SeverityOK:
		return s.paint("1;32", text)
	case probes.SeverityWarning:
		return s.paint("1;33", text)
	case probes.SeverityCritical:
		return s.paint("1;31", text)
	case probes.SeverityUnknown:
	}
	return s.Bold(text)
}

// statusMark returns the mark beside a status's word, and its colour.
func statusMark(s probes.Status) (mark, colour string) {
	switch s {
	case probes.StatusPass:
		return "✓", "32"
	case probes.StatusFail:
		return "✗", "1;31"
	case probes.StatusSkip:
		return "·", "2"
	case probes.StatusUnknown:
	}
	return "?", "2"
}

// WriteReport writes a report for people: the verdict on the first line, then the
// ladder, what it means and what to do.
func WriteReport(w io.Writer, r report.Report, style Style) error {
	t := &textWriter{style: style}
	severity := strings.ToUpper(r.Severity.String())
	t.title(severity+" "+r.Condition.String(), style.severity(r.Severity, severity)+" "+r.Condition.String(), r.Title)
	if r.Severity == probes.SeverityOK {
		t.paragraph("", r.Summary)
	}
	for _, v := range r.Vantages {
		t.vantage(v, len(r.Vantages) > 1)
	}
	all := r.Advices()
	for _, a := range all {
		t.advice(a, len(all) > 1)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

// WriteExplanation writes the catalogue's entry of a condition.
func WriteExplanation(w io.Writer, c probes.Condition, style Style) error {
	e := probes.Explain(c)
	t := &textWriter{style: style}
	t.title(e.Condition.String()+" ("+e.Severity.String()+")",
		style.Bold(e.Condition.String())+" ("+style.severity(e.Severity, e.Severity.String())+")", e.Title)
	t.heading("What it means")
	t.paragraph("  ", e.Meaning)
	if len(e.Faces) > 0 {
		t.heading("How it shows (reason)")
		for _, f := range e.Faces {
			t.paragraph("  ", f.Reason.String()+": "+f.Meaning)
		}
	}
	steps := make([]report.Step, len(e.Remedy))
	for i, s := range e.Remedy {
		steps[i] = report.Step(s)
	}
	t.remedy(steps)
	t.line("\nMore: %s", e.Doc)
	_, err := io.WriteString(w, t.String())
	return err
}

type textWriter struct {
	strings.Builder
	style Style
}

func (t *textWriter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

// title writes a name with its title, on one line if that is not too long; the
// name is given plain, to be measured, and coloured.
func (t *textWriter) title(plain, name, title string) {
	gap := ": "
	if utf8.RuneCountInString(plain+gap+title) > textWidth {
		gap = "\n"
	}
	t.line("%s%s%s", name, gap, t.style.Bold(title))
}

func (t *textWriter) heading(text string) { t.line("\n%s", t.style.Bold(text)) }

func (t *textWriter) vantage(v report.Vantage, several bool) {
	t.line("")
	if several {
		t.line("%s: %s", t.style.Bold(v.Name), t.style.severity(v.Severity, v.Condition.String()))
	}
	for _, p := range v.Probes {
		t.probe(v, p)
	}
	facts := append(v.Facts(), lifeFacts(v)...)
	if len(facts) > 0 {
		t.line("")
	}
	for _, f := range facts {
		t.paragraph(fmt.Sprintf("  %-12s  ", f.Name), f.Value)
	}
}

// detailIndent is where the outcome of a step begins.
const detailIndent = "                            "

func (t *textWriter) probe(v report.Vantage, p report.Probe) {
	mark, colour := statusMark(p.Status)
	status := t.style.paint(colour, fmt.Sprintf("%s %-4s", mark, p.Status))
	said := outcome(v, p)
	if v.IsRoot(p) {
		said = t.style.Bold(said + "  ← " + p.RootMark())
	} else if p.Status == probes.StatusSkip || p.Status == probes.StatusUnknown {
		said = t.style.dim(said)
	}
	t.line("  %s  %-16s  %s", status, p.Probe, said)
	if p.Status != probes.StatusFail {
		return
	}
	for _, e := range p.Exchanges {
		t.line("%s%s", detailIndent, e.Asked())
		t.line("%s→ %s", detailIndent, e.Answered())
		t.line("%s  %s", detailIndent, t.style.dim(e.Phases()))
	}
}

// outcome is what a step came to, in a few words.
func outcome(v report.Vantage, p report.Probe) string {
	switch {
	case len(p.Exchanges) == 0:
		return v.Skipped()
	case p.Status == probes.StatusFail || p.Reason != probes.ReasonOK:
		return report.Spaced(p.Reason.String())
	}
	return fmt.Sprintf("%d  %s", p.Exchanges[0].Status, report.Millis(p.DurationSeconds))
}

// lifeFacts tells of the life of the keys.
func lifeFacts(v report.Vantage) (facts []report.Fact) {
	c := v.Credentials
	if c == nil {
		return nil
	}
	now := c.Expiration.Add(-time.Duration(c.SecondsLeft) * time.Second) // by IMDS's clock
	tell := func(name string, t time.Time) {
		facts = append(facts, report.Fact{Name: name, Value: t.Format(time.RFC3339) + " (" + report.Away(t.Sub(now)) + ")"})
	}
	if c.LastUpdated != nil {
		tell("keys issued", *c.LastUpdated)
	}
	if c.StallsAt != nil {
		tell("renewal due", *c.StallsAt)
	}
	tell("keys expire", c.Expiration)
	return facts
}

func (t *textWriter) advice(a report.Advice, several bool) {
	if several {
		t.heading(a.Title + " (" + strings.Join(a.Vantages, ", ") + ")")
	}
	t.heading("What it means")
	t.paragraph("  ", a.Summary)
	t.paragraph("  ", a.Meaning)
	t.remedy(a.Steps)
	t.line("\nMore: %s", a.Doc)
}

func (t *textWriter) remedy(steps []report.Step) {
	if len(steps) == 0 {
		return
	}
	t.heading("What to do")
	for i, s := range steps {
		t.paragraph(fmt.Sprintf("  %d. ", i+1), s.Text+".")
		if s.Command != "" {
			t.command("       ", s.Command)
		}
	}
}

// command writes a command so that it can be copied: broken before options,
// with a backslash.
func (t *textWriter) command(indent, command string) {
	for i, line := range breakCommand(command, textWidth-len(indent)) {
		if i > 0 {
			t.line("%s", t.style.paint("36", ` \`))
		}
		fmt.Fprint(t, indent+t.style.paint("36", line))
	}
	t.line("")
}

// breakCommand breaks a command that is wider than width into lines with room
// for " \": before options and operators only, and never within quotes.
func breakCommand(command string, width int) (lines []string) {
	if utf8.RuneCountInString(command) <= width {
		return []string{command}
	}
	for i, part := range probes.CommandParts(command) {
		last := len(lines) - 1
		switch {
		case i == 0:
			lines = append(lines, part)
		case utf8.RuneCountInString(lines[last]+" "+part+` \`) <= width:
			lines[last] += " " + part
		default:
			lines = append(lines, "    "+part)
		}
	}
	return lines
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
