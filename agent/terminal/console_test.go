package terminal_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestConsole wants the events of a fault and a recovery as lines for people.
func TestConsole(t *testing.T) {
	for _, name := range []string{"no_role", "firewall_drop", "profile_recreated", "rotation_stalled"} {
		synctest.Test(t, func(t *testing.T) {
			defer agenttest.Settle()
			var out bytes.Buffer
			agenttest.Serving(t, imdstest.MustFind(name), func(o *agent.Options) {
				o.Logger = zap.New(terminal.NewCore(&out, terminal.Style{}), zap.WithClock(utc{}))
			})
			// When a round is due differs from host to host.
			agenttest.Golden(t, "testdata/console/"+name+".txt", clockTime.ReplaceAllString(out.String(), "HH:MM:SS"))
			wantNarrow(t, out.String())
			wantPlain(t, out.String())
		})
	}
}

var clockTime = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d`)

// utc is the bubble's clock, whatever the zone of the machine.
type utc struct{}

func (utc) Now() time.Time                         { return time.Now().UTC() }
func (utc) NewTicker(d time.Duration) *time.Ticker { return time.NewTicker(d) }

func TestConsoleOfOtherEvents(t *testing.T) {
	var out bytes.Buffer
	log := zap.New(terminal.NewCore(&out, terminal.Style{}), zap.WithClock(utc{}))
	log.Debug("left out")
	log.With(zap.String("event", string(track.EventBlip))).Info("", zap.String("condition", "throttled"), zap.String("reason", "too_many_requests"))
	log.Warn("textfile not written", zap.Error(errors.New("read-only file system")))
	want := []string{"blip: throttled (too many requests), gone before it was confirmed", "textfile not written read-only file system"}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%q", lines)
	}
	for i, line := range lines {
		if _, text, _ := strings.Cut(line, "  "); text != want[i] {
			t.Errorf("got %q, want %q", text, want[i])
		}
	}
}
