package endurance_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// toxicTimeout is the limit of a request behind a toxic.
const toxicTimeout = time.Second

// toxic is something that toxiproxy does to a connection, and what the probe
// whose request it hits may come to.
type toxic struct {
	name, json string
	want       []probes.Reason
}

func toxicsOfAllKinds() []toxic {
	down := func(kind, attributes string) string {
		return `{"type":"` + kind + `","stream":"downstream","attributes":{` + attributes + `}}`
	}
	ok, late := probes.ReasonOK, probes.ReasonAnswerTimeout
	return []toxic{
		{"latency", down("latency", `"latency":100`), []probes.Reason{ok}},
		{"latency beyond the limit", down("latency", `"latency":5000`), []probes.Reason{late, probes.ReasonTokenAnswerLost}},
		{"jitter", down("latency", `"latency":100,"jitter":90`), []probes.Reason{ok}},
		{"bandwidth", down("bandwidth", `"rate":16`), []probes.Reason{ok}},
		{"bandwidth of nothing", down("bandwidth", `"rate":0`), []probes.Reason{late, probes.ReasonTokenAnswerLost}},
		{"slicer", down("slicer", `"average_size":7,"size_variation":3,"delay":100`), []probes.Reason{ok}},
		{"slicer beyond the limit", down("slicer", `"average_size":2,"size_variation":1,"delay":100000`), []probes.Reason{probes.ReasonAnswerSlow}},
		{"slow close", down("slow_close", `"delay":200`), []probes.Reason{ok}},
		{"reset", down("reset_peer", `"timeout":0`), []probes.Reason{probes.ReasonConnectionReset, probes.ReasonConnectionClosed}},
		{"swallowed answer", down("timeout", `"timeout":0`), []probes.Reason{probes.ReasonConnectionClosed, probes.ReasonConnectionReset}},
		{"swallowed request", `{"type":"timeout","stream":"upstream","attributes":{"timeout":0}}`, []probes.Reason{late, probes.ReasonTokenAnswerLost}},
		{"silence, then the end", down("timeout", `"timeout":200`), []probes.Reason{probes.ReasonConnectionClosed, probes.ReasonConnectionReset}},
		{"cut head", down("limit_data", `"bytes":20`), []probes.Reason{probes.ReasonAnswerTruncated}},
		{"cut request", `{"type":"limit_data","stream":"upstream","attributes":{"bytes":10}}`, []probes.Reason{probes.ReasonConnectionClosed, probes.ReasonConnectionReset}},
		{"slow request", `{"type":"latency","stream":"upstream","attributes":{"latency":5000}}`, []probes.Reason{late, probes.ReasonTokenAnswerLost}},
	}
}

// TestToxicsInEveryPhase puts each toxic between the prober and the simulator,
// on one request of a round after another, and wants the probe that makes it to
// say what happened, in bounded time, and the next round to be healthy.
func TestToxicsInEveryPhase(t *testing.T) {
	for _, toxic := range toxicsOfAllKinds() {
		for i, probe := range probes.Ladder() {
			t.Run(fmt.Sprintf("%s/%v", toxic.name, probe), func(t *testing.T) {
				t.Parallel()
				prober := behindToxic(t, toxic.json, i)
				began := time.Now()
				r := roundOf(t, prober)
				if took := time.Since(began); took > 10*toxicTimeout {
					t.Errorf("the round took %v", took)
				}
				result := r.Result(probe)
				if !slices.Contains(toxic.want, result.Reason) {
					t.Errorf("%v, want one of %v: %+v", result.Reason, toxic.want, result)
				}
				known, _ := probes.Known{}.Learn(r)
				d := probes.Diagnose(r, probes.DefaultPolicy(), known)
				if well := toxic.want[0] == probes.ReasonOK; well != (d.Condition == probes.ConditionHealthy) || d.Condition == probes.ConditionUnknown {
					t.Errorf("condition %v (%v)", d.Condition, d.Reason)
				}
				next := roundOf(t, prober)
				if d := probes.Diagnose(next, probes.DefaultPolicy(), known); d.Condition != probes.ConditionHealthy {
					t.Errorf("the round after it: %v (%v)", d.Condition, d.Reason)
				}
			})
		}
	}
}

func roundOf(t *testing.T, p *ladder.Prober) probes.Round {
	t.Helper()
	r, err := p.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// behindToxic returns a prober whose nth connection goes through a toxic.
func behindToxic(t *testing.T, json string, nth int) *ladder.Prober {
	t.Helper()
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("healthy")), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(api, "imds", "127.0.0.1:0", server.Addr())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(json)); err != nil {
		t.Fatal(err)
	}
	made := 0
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		address := server.Addr()
		if made == nth {
			address = proxy.Listen
		}
		made++
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	p, err := ladder.New(ladder.Options{
		Endpoint: server.URL(), Timeout: toxicTimeout, Policy: probes.DefaultPolicy(), HTTPClient: wire.NewClient(dial),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
