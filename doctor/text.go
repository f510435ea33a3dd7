package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/imds-probe/imds-probe/probes"
)

// textWidth is the width of a terminal that nobody made wider. Only what must
// be copied whole is longer: a link, an ARN, or a word of a command.
const textWidth = 80

// answerColumn is where the ladder's right column begins, as imds-probe check has
// it.
const answerColumn = 31

// palette colours words, or leaves them as they are.
type palette bool

func (p palette) paint(code, text string) string {
	if !bool(p) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p palette) bold(text string) string { return p.paint("1", text) }

func (p palette) dim(text string) string { return p.paint("2", text) }

func (p palette) severity(s probes.Severity, text string) string {
	switch s {
	case probes.SeverityOK:
		return p.paint("1;32", text)
	case probes.SeverityWarning:
		return p.paint("1;33", text)
	case probes.SeverityCritical:
		return p.paint("1;31", text)
	case probes.SeverityUnknown:
	}
	return p.bold(text)
}

// status is the mark and word of a step's status.
func (p palette) status(s probes.Status) string {
	mark, code := "?", "2"
	switch s {
	case probes.StatusPass:
		mark, code = "✓", "32"
	case probes.StatusFail:
		mark, code = "✗", "1;31"
	case probes.StatusSkip:
		mark = "·"
	case probes.StatusUnknown:
	}
	return p.paint(code, fmt.Sprintf("%s %-7s", mark, s))
}

// WriteText writes the report for people: the verdict on the first line, then the
// ladder, what it means and what to do. Where the first step is the problem, there
// is one line.
func (r Report) WriteText(w io.Writer, colour bool) error {
	t := textWriter{palette: palette(colour)}
	if r.nothingAsked() {
		t.line("iam-doctor: %s: %s", t.severity(r.Severity, string(r.Condition)), r.Summary)
	} else {
		t.report(r)
	}
	_, err := w.Write(t.Bytes())
	return err
}

type textWriter struct {
	bytes.Buffer
	palette
}

func (t *textWriter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *textWriter) heading(text string) { t.line("\n%s", t.bold(text)) }

// paragraph writes text; its further lines are indented as far as its first.
func (t *textWriter) paragraph(indent, text string) {
	t.line("%s%s", indent, wrap(text, utf8.RuneCountInString(indent)))
}

func (t *textWriter) report(r Report) {
	severity := strings.ToUpper(r.Severity.String())
	gap := ": "
	if utf8.RuneCountInString(severity+" "+string(r.Condition)+gap+r.Title) > textWidth {
		gap = "\n"
	}
	t.line("%s %s%s%s", t.severity(r.Severity, severity), r.Condition, gap, t.bold(r.Title))
	if r.Severity == probes.SeverityOK {
		t.paragraph("", r.Summary)
	}
	t.line("\n%s", t.dim("iam-doctor "+r.Topic+" "+r.Target))
	for _, s := range r.Steps {
		t.step(s, len(r.Findings) > 0 && r.Findings[0].Step == s.Name)
	}
	if r.Severity != probes.SeverityOK || r.Summary != r.Meaning {
		t.heading("What it means")
	}
	if r.Severity != probes.SeverityOK {
		t.paragraph("  ", r.Summary)
	}
	if r.Meaning != r.Summary {
		t.paragraph("  ", r.Meaning)
	}
	t.findings(r.Findings)
	t.remedy(r.Remedy)
	for _, p := range r.Policies {
		t.heading(p.File)
		t.line("%s", indentPolicy(p.Document))
	}
	t.line("\nMore: %s", r.Doc)
}

// step writes a step of the ladder: status, name and answer, and where it did not
// pass what was asked.
func (t *textWriter) step(s Step, root bool) {
	answer := s.Answer
	if root {
		answer += "  ← root cause"
	}
	name := fmt.Sprintf("%-16s", s.Name)
	indent := strings.Repeat(" ", answerColumn)
	if len(name) > 16 {
		t.line("  %s  %s", t.status(s.Status), name)
		t.line("%s%s", indent, wrap(answer, answerColumn))
	} else {
		t.line("  %s  %s  %s", t.status(s.Status), name, wrap(answer, answerColumn))
	}
	if s.Status != probes.StatusFail && s.Status != probes.StatusUnknown {
		return
	}
	if s.Asked != "" {
		t.line("%s%s", indent, t.dim(wrap(s.Asked, answerColumn)))
	}
	if s.Lacks != "" {
		t.line("%slacks %s", indent, s.Lacks)
	}
}

// findings lists what else was found, beside the verdict.
func (t *textWriter) findings(all []Finding) {
	for i, f := range all {
		if i == 1 {
			t.heading("Also found")
		}
		if i > 0 {
			t.paragraph("  ", fmt.Sprintf("%s (%s): %s", f.Condition, f.Severity, f.Summary))
		}
	}
}

func (t *textWriter) remedy(steps []Remedy) {
	if len(steps) > 0 {
		t.heading("What to do")
	}
	for i, s := range steps {
		t.paragraph(fmt.Sprintf("  %d. ", i+1), s.Text+".")
		if s.Command != "" {
			t.line("       %s", wrapCommand(s.Command, 9))
		}
	}
}

// indentPolicy lays a policy out as people write one.
func indentPolicy(policy json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, policy, "", "  ") != nil {
		return ""
	}
	return b.String()
}
