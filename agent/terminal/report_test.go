package terminal_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

func textOf(t *testing.T, r report.Report, style terminal.Style) string {
	t.Helper()
	var out bytes.Buffer
	if err := terminal.WriteReport(&out, r, style); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTextOfScenarios(t *testing.T) {
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer agenttest.Settle()
				text := textOf(t, agenttest.ReportOf(t, sc), terminal.Style{})
				agenttest.Golden(t, "testdata/check/"+sc.Name+".txt", text)
				wantNarrow(t, text)
				wantPlain(t, text)
			})
		})
	}
}

func TestTextOfConditions(t *testing.T) {
	for _, c := range probes.Conditions() {
		t.Run(c.String(), func(t *testing.T) {
			var out bytes.Buffer
			if err := terminal.WriteExplanation(&out, c, terminal.Style{}); err != nil {
				t.Fatal(err)
			}
			agenttest.Golden(t, "testdata/explain/"+c.String()+".txt", out.String())
			wantNarrow(t, out.String())
			wantPlain(t, out.String())
		})
	}
}

// TestTextInColour wants colour to add to the text and change nothing of it.
func TestTextInColour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		report := agenttest.ReportOf(t, imdstest.MustFind("no_role"))
		coloured := textOf(t, report, terminal.Style{Colour: true})
		agenttest.Golden(t, "testdata/check/no_role.colour", coloured)
		plain := textOf(t, report, terminal.Style{})
		for _, code := range []string{"0", "1", "2", "32", "36", "1;31"} {
			coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
		}
		if coloured != plain {
			t.Errorf("without its colours the text is another:\n%s", coloured)
		}
	})
}

func TestTextOfSeveralVantages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		report := agenttest.ReportOf(t, imdstest.MustFind("rotation_stalled"))
		blocked := agenttest.ReportOf(t, imdstest.MustFind("firewall_reject"))
		blocked.Vantages[0].Name = "user:app"
		blocked.Vantages = append(report.Vantages, blocked.Vantages[0])
		text := textOf(t, blocked, terminal.Style{})
		agenttest.Golden(t, "testdata/check/vantages.txt", text)
		wantNarrow(t, text)
	})
}

// TestTextOfHostileAnswers wants no control character in the text, whatever
// IMDS says.
func TestTextOfHostileAnswers(t *testing.T) {
	for _, text := range []string{
		"\x1b[2J\x1b]0;owned\a", "a\rb\nc\td", "\u202egnihtyna\u200b", "\x9b31m\x85", "\xff\xfe",
	} {
		synctest.Test(t, func(t *testing.T) {
			defer agenttest.Settle()
			sc := agenttest.Hostile(text)
			wantPlain(t, textOf(t, agenttest.ReportOf(t, sc), terminal.Style{}))
			sc.Faults = []imdstest.Fault{{Server: strings.Map(headerText, text)}}
			wantPlain(t, textOf(t, agenttest.ReportOf(t, sc), terminal.Style{}))
		})
	}
}

// headerText leaves out what would end a header line.
func headerText(r rune) rune {
	if r == '\r' || r == '\n' {
		return -1
	}
	return r
}

// TestCommandsStayWhole wants each command of the catalogue to be the same
// command when the shell has joined its lines.
func TestCommandsStayWhole(t *testing.T) {
	for _, c := range probes.Conditions() {
		var out bytes.Buffer
		if err := terminal.WriteExplanation(&out, c, terminal.Style{}); err != nil {
			t.Fatal(err)
		}
		joined := strings.ReplaceAll(out.String(), " \\\n           ", " ")
		for _, step := range probes.Explain(c).Remedy {
			if step.Command != "" && !strings.Contains(joined, "       "+step.Command+"\n") {
				t.Errorf("%v: %q is not in\n%s", c, step.Command, joined)
			}
		}
	}
}

// unbreakable is what no line end may stand in: an address, quoted text, an
// option with its one value.
var unbreakable = regexp.MustCompile(`http|['"]|^ +--[a-z-]+ [^ ]+$`)

// wantNarrow wants lines of 80 columns, but for what cannot be broken.
func wantNarrow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > 80 && !unbreakable.MatchString(line) {
			t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
		}
	}
}

// wantPlain wants printable text and line ends only.
func wantPlain(t *testing.T, text string) {
	t.Helper()
	for i, r := range text {
		if r != '\n' && r != ' ' && !unicode.IsPrint(r) || r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			t.Errorf("%q at %d in %q", r, i, text[max(0, i-20):i])
			return
		}
	}
}
