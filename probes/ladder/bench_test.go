package ladder_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// serveHealthy starts a healthy IMDS on loopback.
func serveHealthy(tb testing.TB) string {
	tb.Helper()
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("healthy")), "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

func newProber(tb testing.TB, endpoint string) *ladder.Prober {
	tb.Helper()
	p, err := ladder.New(ladder.Options{Endpoint: endpoint, Timeout: 10 * time.Second, Policy: probes.DefaultPolicy()})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// BenchmarkRound makes healthy rounds over TCP; the simulator's own cost, which
// is in the figures too, is that of [BenchmarkBareRound] less a client's.
func BenchmarkRound(b *testing.B) {
	p := newProber(b, serveHealthy(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Round(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareRound makes the same six requests with net/http alone.
func BenchmarkBareRound(b *testing.B) {
	endpoint := serveHealthy(b)
	client := &http.Client{Transport: &http.Transport{Proxy: nil}, Timeout: 10 * time.Second}
	b.ReportAllocs()
	for b.Loop() {
		bareRound(b, client, endpoint)
	}
}

func bareRound(b *testing.B, client *http.Client, endpoint string) {
	b.Helper()
	token := string(ask(b, client, http.MethodPut, endpoint+"/latest/api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300"))
	for _, path := range []string{"hostname", "iam/", "iam/info", "iam/security-credentials/", "iam/security-credentials/" + imdstest.Role} {
		ask(b, client, http.MethodGet, endpoint+"/latest/meta-data/"+path, "X-Aws-Ec2-Metadata-Token", token)
	}
}

func ask(b *testing.B, client *http.Client, method, url, header, value string) []byte {
	b.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v", url, resp.Status, err)
	}
	return body
}

// healthyRound returns a round on a healthy IMDS.
func healthyRound(b *testing.B) probes.Round {
	b.Helper()
	r, err := newProber(b, serveHealthy(b)).Round(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func BenchmarkClassify(b *testing.B) {
	r, policy := healthyRound(b), probes.DefaultPolicy()
	o := r.Result(probes.ProbeRoleCredentials).Observation
	b.ReportAllocs()
	for b.Loop() {
		probes.Classify(o, policy, r.Start)
	}
}

func BenchmarkDiagnose(b *testing.B) {
	r, policy := healthyRound(b), probes.DefaultPolicy()
	known, _ := probes.Known{}.Learn(r)
	b.ReportAllocs()
	for b.Loop() {
		probes.Diagnose(r, policy, known)
	}
}

// maxRoundAllocs bounds what a healthy round allocates, the simulator's part
// included. It is for noticing a change, not a target.
const maxRoundAllocs = 2000

func TestRoundAllocations(t *testing.T) {
	p := newProber(t, serveHealthy(t))
	got := testing.AllocsPerRun(50, func() {
		if _, err := p.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%.0f allocations a round, with the simulator's", got)
	if got > maxRoundAllocs {
		t.Errorf("%.0f allocations a round, at most %d", got, maxRoundAllocs)
	}
}
