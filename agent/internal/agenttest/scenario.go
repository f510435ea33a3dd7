package agenttest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// PolicyOf reads the flags that a scenario needs.
func PolicyOf(t *testing.T, sc imdstest.Scenario) probes.Policy {
	t.Helper()
	policy, err := sc.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// BeforeOf is the healthy scenario that comes before another one, with its clock.
func BeforeOf(sc imdstest.Scenario) imdstest.Scenario {
	before := imdstest.MustFind("healthy")
	before.Instance.ClockAhead = sc.Instance.ClockAhead
	return before
}

// Settle ends a bubble: it lets answers that drip find their client gone.
func Settle() { time.Sleep(time.Minute) }

// ReportOf reports what one round from the host makes of a scenario, after a
// healthy round where the scenario is about a change.
func ReportOf(t *testing.T, sc imdstest.Scenario) report.Report {
	t.Helper()
	sim := imdstest.New(BeforeOf(sc))
	policy := PolicyOf(t, sc)
	prober, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: policy, HTTPClient: wire.NewClient(sim.Dial)})
	if err != nil {
		t.Fatal(err)
	}
	tracker := track.New(track.Options{Policy: policy, Vantages: []string{prober.Vantage()}})
	look := func() {
		r, err := prober.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tracker.RecordOnce(r)
	}
	if sc.Before > 0 {
		look()
	}
	sc.Before = 0
	sim.Set(sc)
	look()
	if sc.Name == "blip" {
		look()
	}
	return report.New(tracker.Snapshot())
}

// Hostile is markup and terminal control in every text that IMDS controls.
func Hostile(text string) imdstest.Scenario {
	sc := imdstest.MustFind("credentials_error")
	sc.Name = "hostile"
	p := sc.Instance.Profile
	sc.Instance.Hostname, p.ARN, p.ID = text, text, text
	p.Code, p.Message, p.RoleCode, p.RoleMessage = text, text, text, text
	return sc
}

// Serving runs an agent in memory until the test ends, long enough for a
// scenario to be confirmed, and returns its handler.
func Serving(t *testing.T, sc imdstest.Scenario, change func(*agent.Options)) http.Handler {
	t.Helper()
	sim := imdstest.New(BeforeOf(sc))
	o := agent.Options{
		Endpoint: "http://127.0.0.1:1", Interval: 30 * time.Second, Timeout: time.Second,
		Policy: PolicyOf(t, sc), TelemetryPath: "/metrics", Version: "1.2.3",
		Logger: zap.NewNop(), HTTPClient: wire.NewClient(sim.Dial),
	}
	if change != nil {
		change(&o)
	}
	a, err := agent.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	time.Sleep(time.Second) // of the bubble's: a round of the healthy instance
	sc.Before = 0
	sim.Set(sc)
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	return a.Handler()
}

// Get asks a handler for what must be there.
func Get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return w
}
