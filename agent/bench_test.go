package agent_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// judged returns the handler of an agent that has made its first round.
func judged(tb testing.TB) http.Handler {
	tb.Helper()
	a, err := agent.New(tb.Context(), agent.Options{
		Endpoint: ladder.EndpointIPv4, Interval: 5 * time.Minute, Timeout: time.Second, Policy: probes.DefaultPolicy(),
		TelemetryPath: "/metrics", HTTPClient: wire.NewClient(imdstest.New(imdstest.MustFind("healthy")).Dial), Logger: zap.NewNop(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	for !a.Tracker().Snapshot().Ready() {
		time.Sleep(time.Millisecond)
	}
	return a.Handler()
}

// nowhere is an answer that nobody reads.
type nowhere struct {
	io.Writer
	header http.Header
}

func (n nowhere) Header() http.Header { return n.header }
func (nowhere) WriteHeader(int)       {}

func serve(h http.Handler, path string) {
	h.ServeHTTP(nowhere{io.Discard, http.Header{}}, httptest.NewRequest(http.MethodGet, path, http.NoBody))
}

func BenchmarkScrape(b *testing.B) { benchmarkPath(b, "/metrics") }
func BenchmarkStatus(b *testing.B) { benchmarkPath(b, "/api/v1/status") }

func benchmarkPath(b *testing.B, path string) {
	b.Helper()
	h := judged(b)
	b.ReportAllocs()
	for b.Loop() {
		serve(h, path)
	}
}

// maxScrapeAllocs bounds what a scrape allocates (1,150). It is for noticing a change,
// not a target.
const maxScrapeAllocs = 1250

func TestScrapeAllocations(t *testing.T) {
	h := judged(t)
	got := testing.AllocsPerRun(50, func() { serve(h, "/metrics") })
	t.Logf("%.0f allocations a scrape", got)
	if got > maxScrapeAllocs {
		t.Errorf("%.0f allocations a scrape, at most %d", got, maxScrapeAllocs)
	}
}
