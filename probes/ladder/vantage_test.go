package ladder_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// lossy is a path on which the first SYNs of every connection are lost.
type lossy struct {
	sim  *imdstest.Simulator
	lose int32
	err  error

	lost *atomic.Int32 // since the last connection
}

func (lossy) Name() string { return "host" }

func (l lossy) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.err != nil {
		return nil, l.err
	}
	if l.lost.Add(1) <= l.lose {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
	l.lost.Store(0)
	return l.sim.Dial(ctx, network, address)
}

func proberFrom(t *testing.T, v wire.Vantage) *ladder.Prober {
	t.Helper()
	p, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: probes.DefaultPolicy(), Vantage: v})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRoundInsists wants a round not to trust a single SYN, and to take no longer for
// it.
func TestRoundInsists(t *testing.T) {
	for _, tc := range []struct {
		name     string
		scenario string
		lose     int32
		want     probes.Reason
	}{
		{"well", "healthy", 0, probes.ReasonOK},
		{"a SYN is lost", "healthy", 1, probes.ReasonOK},
		{"two SYNs are lost", "healthy", 2, probes.ReasonOK},
		{"all SYNs are lost", "healthy", 1000, probes.ReasonConnectTimeout},
		{"a SYN is lost, no answer", "hang", 1, probes.ReasonAnswerTimeout},
		{"no answer", "hang", 0, probes.ReasonAnswerTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := lossy{sim: imdstest.New(imdstest.MustFind(tc.scenario)), lose: tc.lose, lost: new(atomic.Int32)}
				p := proberFrom(t, path)
				r := round(t, p)
				if got := r.Result(probes.ProbeToken); got.Reason != tc.want {
					t.Errorf("%v, want %v", got.Reason, tc.want)
				}
				for _, e := range r.Exchanges() {
					if e.Total > time.Second {
						t.Errorf("%s %s took %v", e.Method, e.Path, e.Total)
					}
				}
			})
		})
	}
}

// TestRoundFromNowhere wants a vantage that is gone to be no verdict.
func TestRoundFromNowhere(t *testing.T) {
	for _, gone := range []error{wire.ErrVantageGone, wire.ErrVantageDenied} {
		if _, err := proberFrom(t, lossy{err: gone}).Round(t.Context()); !errors.Is(err, gone) {
			t.Errorf("got %v, want %v", err, gone)
		}
	}
}
