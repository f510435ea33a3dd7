package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// NewCore writes the events of the log as short lines for people who watch
// them live: the time, what changed, and for a fault what it means and what to
// do first. Events below the level of information are left out.
func NewCore(w io.Writer, style Style) zapcore.Core {
	return &consoleCore{lines: &consoleLines{w: w}, style: style}
}

type consoleCore struct {
	lines *consoleLines
	style Style
	with  []zapcore.Field
}

// consoleLines keeps events of several goroutines apart.
type consoleLines struct {
	mu sync.Mutex
	w  io.Writer
}

// Enabled implements [zapcore.Core].
func (c *consoleCore) Enabled(l zapcore.Level) bool { return l >= zapcore.InfoLevel }

// With implements [zapcore.Core].
func (c *consoleCore) With(fields []zapcore.Field) zapcore.Core {
	next := *c
	next.with = append(append([]zapcore.Field{}, c.with...), fields...)
	return &next
}

// Check implements [zapcore.Core].
func (c *consoleCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

// Sync implements [zapcore.Core].
func (c *consoleCore) Sync() error { return nil }

// Write implements [zapcore.Core].
func (c *consoleCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(append([]zapcore.Field{}, c.with...), fields...) {
		f.AddTo(values)
	}
	t := &textWriter{style: c.style}
	t.event(e, consoleFields(values.Fields))
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	_, err := io.WriteString(c.lines.w, t.String())
	return err
}

// consoleFields are the fields of an event.
type consoleFields map[string]any

func (f consoleFields) text(name string) string {
	if f[name] == nil {
		return ""
	}
	return fmt.Sprint(f[name])
}

// eventIndent is where the text of an event begins, behind its time.
const eventIndent = "          "

func (t *textWriter) event(e zapcore.Entry, f consoleFields) {
	at := t.style.dim(e.Time.Format(time.TimeOnly))
	switch track.EventKind(f.text("event")) {
	case track.EventConditionChanged:
		t.changed(at, e.Message, f)
	case track.EventBlip:
		t.line("%s  blip: %s (%s), gone before it was confirmed", at, f.text("condition"), report.Spaced(f.text("reason")))
	case track.EventStarted:
		t.line("%s  %s, asking %s every %v", at, e.Message, f.text("endpoint"), f["interval"])
	case track.EventRotated, track.EventProfileChanged, track.EventStopping:
		t.line("%s  %s", at, e.Message)
	default:
		t.line("%s  %s %s", at, e.Message, f.text("error"))
	}
}

func (t *textWriter) changed(at, title string, f consoleFields) {
	var severity probes.Severity
	_ = severity.UnmarshalText([]byte(f.text("severity"))) // unknown, if it is not one
	t.line("%s  %s  %s → %s", at, t.style.severity(severity, fmt.Sprintf("%-8s", strings.ToUpper(severity.String()))),
		f.text("from"), t.style.severity(severity, f.text("to")))
	t.paragraph(eventIndent, title+". "+f.text("summary"))
	var condition probes.Condition
	remedy, _ := f["remedy"].([]any)
	if condition.UnmarshalText([]byte(f.text("to"))) != nil || severity == probes.SeverityOK || len(remedy) == 0 {
		return
	}
	step := probes.Explain(condition).Remedy[0]
	t.paragraph(eventIndent, "First: "+step.Text+".")
	if step.Command != "" { // with the names that were seen, as the event has it
		t.command(eventIndent+"  ", strings.TrimPrefix(fmt.Sprint(remedy[0]), step.Text+": "))
	}
}
