package agenttest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// Daemon is an agent under test, in a bubble of fake time, against a simulator
// in memory.
type Daemon struct {
	t         *testing.T
	Simulator *imdstest.Simulator
	Agent     *agent.Agent
	// Log is what was logged, as JSON.
	Log *Buffer
	// Stop ends the agent and waits for its end. The test's end does it too.
	Stop func()
}

// Start starts an agent; change may adapt its options. It must be called
// in a synctest bubble.
func Start(t *testing.T, scenario string, change func(*agent.Options)) *Daemon {
	t.Helper()
	d := &Daemon{t: t, Simulator: imdstest.New(imdstest.MustFind(scenario)), Log: &Buffer{}}
	o := agent.Options{
		Endpoint:      ladder.EndpointIPv4,
		Interval:      30 * time.Second,
		Timeout:       time.Second,
		Policy:        probes.DefaultPolicy(),
		TelemetryPath: "/metrics",
		Host:          "test",
		Version:       "test",
		HTTPClient:    wire.NewClient(d.Simulator.Dial),
		Logger: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
			zapcore.AddSync(d.Log), zapcore.InfoLevel)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if d.Agent, err = agent.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Agent.Run(ctx) }()
	d.Stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(time.Minute) // lets answers that drip find their client gone
	})
	t.Cleanup(d.Stop)
	synctest.Wait()
	return d
}

// Set changes the scenario.
func (d *Daemon) Set(scenario string) {
	s := imdstest.MustFind(scenario)
	s.Before = 0
	d.Simulator.Set(s)
}

// Get asks the agent for a path.
func (d *Daemon) Get(path string) *httptest.ResponseRecorder {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.Agent.Handler().ServeHTTP(w, httptest.NewRequestWithContext(d.t.Context(), http.MethodGet, path, http.NoBody))
	return w
}

// Status returns what is served at [report.Path].
func (d *Daemon) Status() (s report.Status) {
	d.t.Helper()
	if err := json.Unmarshal(d.Get("/api/v1/status").Body.Bytes(), &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// Event is what tests look at of a log event.
type Event struct {
	Event     string
	Vantage   string  `json:",omitempty"`
	From      string  `json:",omitempty"`
	To        string  `json:",omitempty"`
	Reason    string  `json:",omitempty"`
	Condition string  `json:",omitempty"`
	Held      float64 `json:"held_seconds,omitempty"`
}

// Events returns the log's events so far.
func (d *Daemon) Events() (all []Event) {
	d.t.Helper()
	for line := range bytes.Lines(d.Log.Bytes()) {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			d.t.Fatalf("not JSON: %s", line)
		}
		all = append(all, e)
	}
	return all
}

// Buffer is a buffer that one goroutine writes and another reads.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (s *Buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// Bytes returns a copy of what was written.
func (s *Buffer) Bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}

// Sample returns the value of one line of the exposition.
func (d *Daemon) Sample(series string) string {
	d.t.Helper()
	for line := range strings.Lines(d.Get("/metrics").Body.String()) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// SetKeys changes how the healthy instance's keys live.
func (d *Daemon) SetKeys(change func(*imdstest.Keys)) {
	s := imdstest.MustFind("healthy")
	change(&s.Instance.Profile.Keys)
	d.Simulator.Set(s)
}

// SetProfile changes the healthy instance's profile.
func (d *Daemon) SetProfile(change func(*imdstest.Profile)) {
	s := imdstest.MustFind("healthy")
	change(s.Instance.Profile)
	d.Simulator.Set(s)
}

// Counts returns how often each kind of event is in the log.
func (d *Daemon) Counts() map[string]int {
	n := map[string]int{}
	for _, e := range d.Events() {
		n[e.Event]++
	}
	return n
}

// Transitions returns the conditions that the daemon went through.
func (d *Daemon) Transitions() (all []string) {
	for _, e := range d.Events() {
		if e.Event == "condition_changed" {
			all = append(all, e.To)
		}
	}
	return all
}
