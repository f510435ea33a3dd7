package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// daemon is an agent under test, in a bubble of fake time, against a simulator
// in memory.
type daemon struct {
	t         *testing.T
	simulator *imdstest.Simulator
	agent     *agent.Agent
	log       *syncBuffer
	stop      func()
}

// startDaemon starts an agent; change may adapt its options. It must be called
// in a synctest bubble.
func startDaemon(t *testing.T, scenario string, change func(*agent.Options)) *daemon {
	t.Helper()
	d := &daemon{t: t, simulator: imdstest.New(imdstest.MustFind(scenario)), log: &syncBuffer{}}
	o := agent.Options{
		Endpoint:      ladder.EndpointIPv4,
		Interval:      30 * time.Second,
		Timeout:       time.Second,
		Policy:        probes.DefaultPolicy(),
		TelemetryPath: "/metrics",
		Host:          "test",
		Version:       "test",
		HTTPClient:    d.simulator.Client(),
		Logger: zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
			zapcore.AddSync(d.log), zapcore.InfoLevel)),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if d.agent, err = agent.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.agent.Run(ctx) }()
	d.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(time.Minute) // lets answers that drip find their client gone
	})
	t.Cleanup(d.stop)
	synctest.Wait()
	return d
}

// set changes the scenario.
func (d *daemon) set(scenario string) {
	s := imdstest.MustFind(scenario)
	s.Before = 0
	d.simulator.Set(s)
}

func (d *daemon) get(path string) *httptest.ResponseRecorder {
	d.t.Helper()
	w := httptest.NewRecorder()
	d.agent.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w
}

func (d *daemon) status() (s agent.Status) {
	d.t.Helper()
	if err := json.Unmarshal(d.get("/api/v1/status").Body.Bytes(), &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// event is what tests look at of a log event.
type event struct {
	Event     string
	Vantage   string  `json:",omitempty"`
	From      string  `json:",omitempty"`
	To        string  `json:",omitempty"`
	Reason    string  `json:",omitempty"`
	Condition string  `json:",omitempty"`
	Held      float64 `json:"held_seconds,omitempty"`
}

// events returns the log's events so far.
func (d *daemon) events() (all []event) {
	d.t.Helper()
	for line := range bytes.Lines(d.log.Bytes()) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			d.t.Fatalf("not JSON: %s", line)
		}
		all = append(all, e)
	}
	return all
}

// syncBuffer is a buffer that one goroutine writes and another reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) Bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}
