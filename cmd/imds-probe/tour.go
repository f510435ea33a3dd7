package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// stop is one scenario of the demo; a pace of 0 stays there.
type stop struct {
	scenario imdstest.Scenario
	pace     time.Duration
}

// demoStops are the stops of the tour, or of one pinned scenario: what is about
// a change begins healthy.
func demoStops(pinned string, pace time.Duration) ([]stop, error) {
	well := stop{imdstest.MustFind("healthy"), max(4*time.Second, pace/3)}
	if pinned != "" {
		s, err := imdstest.Find(pinned)
		if err != nil {
			return nil, err
		}
		if s.Before > 0 {
			return []stop{well, {s, 0}}, nil
		}
		return []stop{{s, 0}}, nil
	}
	var stops []stop
	for _, name := range tour {
		s := imdstest.MustFind(name)
		if p := s.Instance.Profile; p != nil && p.Role != imdstest.Role && s.Before == 0 {
			p.Keys.Seed = name // keys of another role are other keys
		}
		stops = append(stops, well, stop{s, pace})
		well.scenario = imdstest.MustFind("healthy")
		if s.Before > 0 {
			well.scenario.Instance.Profile.Keys.Seed = name // the refresh that ends a change
		}
	}
	return stops, nil
}

// flags are those that any of the stops needs.
func flags(stops []stop) (args []string) {
	for _, s := range stops {
		args = append(args, s.scenario.Args...)
	}
	return args
}

// walk shows the stops one after another, for ever.
type walk struct {
	stops     []stop
	simulator *imdstest.Simulator
	out       io.Writer
	style     terminal.Style
	here      atomic.Pointer[spell]
}

// spell is the stay at one stop.
type spell struct {
	stop
	number int
	until  time.Time
}

func newWalk(stops []stop, out io.Writer, style terminal.Style) *walk {
	w := &walk{stops: stops, out: out, style: style, simulator: imdstest.New(stops[0].scenario)}
	w.enter(0)
	return w
}

// enter begins the stay at a stop.
func (w *walk) enter(i int) {
	s := w.stops[i]
	s.scenario.Before = 0 // the stop before it shows that
	w.simulator.Set(s.scenario)
	w.here.Store(&spell{stop: s, number: i, until: time.Now().Add(s.pace)})
}

// run walks on until the context ends.
func (w *walk) run(ctx context.Context) error {
	for i := 0; ; i = (i + 1) % len(w.stops) {
		w.enter(i)
		w.announce()
		var over <-chan time.Time
		if pace := w.stops[i].pace; pace > 0 {
			over = time.After(pace)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
		}
	}
}

func (w *walk) welcome(address string) {
	fmt.Fprintf(w.out, "\n  %s  http://%s\n  The daemon watches a simulated instance; Ctrl-C ends the demo.\n", w.style.Bold("Status page:"), address)
}

// announce draws a line across the log.
func (w *walk) announce() {
	here := w.here.Load()
	title := "── " + here.scenario.Name + " " + w.stay(here) + " "
	rule := strings.Repeat("─", max(2, 80-len([]rune(title))))
	fmt.Fprintf(w.out, "\n%s\n   %s\n", w.style.Bold(title+rule), here.scenario.About)
}

func (w *walk) stay(here *spell) string {
	if here.pace == 0 {
		return "until Ctrl-C"
	}
	return fmt.Sprintf("for %v", here.pace)
}

// banner says above the page which scenario is on, and for how long.
func (w *walk) banner() string {
	here := w.here.Load()
	text := fmt.Sprintf("Demo: a simulated instance in the scenario “%s” – %s.", here.scenario.Name, here.scenario.About)
	if here.pace == 0 {
		return text
	}
	next := w.stops[(here.number+1)%len(w.stops)].scenario.Name
	left := max(0, time.Until(here.until)).Round(time.Second)
	return fmt.Sprintf("%s Next in %v: “%s”.", text, left, next)
}
