package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

// textWidth is the width of a terminal that nobody made wider. Only what must
// be copied whole is longer: a link, or a word of a command.
const textWidth = 80

// answerColumn is where the ladder's right column begins.
const answerColumn = 33

// palette colours words, or leaves them as they are.
type palette bool

// paint colours text as the severity or status of this name has it.
func (p palette) paint(name, text string) string {
	code := map[string]string{
		"pass": "32", "ok": "32", "warning": "33", "unknown": "35", "fail": "31", "critical": "31", "skip": "2", "dim": "2",
	}[name]
	if !bool(p) || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// WriteText writes the report for people. Where the caller itself is the
// problem, that is all there is to say, in one line.
func (r Report) WriteText(w io.Writer, colour bool) error {
	var b bytes.Buffer
	p := palette(colour)
	if r.nothingAsked() {
		fmt.Fprintf(&b, "iam-doctor: %s: %s\n", p.paint(r.Severity.String(), string(r.Condition)), r.Summary)
		_, err := w.Write(b.Bytes())
		return err
	}
	fmt.Fprintf(&b, "iam-doctor %s %s\n\n", r.Topic, r.Target)
	for _, s := range r.Steps {
		writeStep(&b, p, s)
	}
	fmt.Fprintf(&b, "\n%s\n", p.paint(r.Severity.String(), strings.ToUpper(r.Severity.String())+" "+string(r.Condition)))
	writeParagraph(&b, r.Title)
	b.WriteByte('\n')
	writeParagraph(&b, r.Summary)
	if r.Meaning != r.Summary {
		writeParagraph(&b, r.Meaning)
	}
	r.writeRemedy(&b)
	fmt.Fprintf(&b, "\nSee %s\n", r.Doc)
	_, err := w.Write(b.Bytes())
	return err
}

// writeStep writes a step of the ladder: status, name and answer, and below it
// what was asked.
func writeStep(b *bytes.Buffer, p palette, s Step) {
	status := s.Status.String()
	fmt.Fprintf(b, "%s%s%-*s", p.paint(status, status), strings.Repeat(" ", 8-len(status)), answerColumn-8, s.Name)
	b.WriteString(wrap(s.Answer, answerColumn))
	b.WriteByte('\n')
	if s.Asked != "" && s.Status != probes.StatusSkip {
		asked := wrap(s.Asked, answerColumn)
		fmt.Fprintf(b, "%*s%s\n", answerColumn, "", p.paint("dim", asked))
	}
	if s.Lacks != "" {
		fmt.Fprintf(b, "%*slacks %s\n", answerColumn, "", s.Lacks)
	}
}

func writeParagraph(b *bytes.Buffer, text string) {
	b.WriteString(wrap(text, 0))
	b.WriteByte('\n')
}

func (r Report) writeRemedy(b *bytes.Buffer) {
	if len(r.remedy) > 0 {
		b.WriteString("\nRemedy\n")
	}
	for i, step := range r.remedy {
		number := fmt.Sprintf("%3d. ", i+1)
		b.WriteString(number + wrap(step.Text, len(number)) + "\n")
		if step.Command != "" {
			b.WriteString("       " + wrapCommand(step.Command, 9) + "\n")
		}
	}
	if r.Policy != nil {
		b.WriteString("\nPolicy\n")
		b.WriteString(indentPolicy(r.Policy) + "\n")
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
