package probes_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"imds-probe/probes"
	"imds-probe/probes/imdstest"
)

func TestParseVantage(t *testing.T) {
	for _, name := range []string{"", "Host", "host:", "host:x", "user", "user:", "netns", "netns:", "pod:app", "hostx", ":"} {
		if v, err := probes.ParseVantage(name); err == nil {
			t.Errorf("%q is taken for %v", name, v)
		}
	}
	v, err := probes.ParseVantage("host")
	if err != nil || v.Name() != "host" {
		t.Errorf("host: %v, %v", v, err)
	}
}

// lossy is a path on which connections take a while: SYNs are lost and sent
// again. An error is the vantage's own, before any packet.
type lossy struct {
	sim   *imdstest.Simulator
	delay time.Duration
	err   error
}

func (lossy) Name() string { return "host" }

func (l lossy) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.err != nil {
		return nil, l.err
	}
	select {
	case <-time.After(l.delay):
		return l.sim.Dial(ctx, network, address)
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	}
}

func proberFrom(t *testing.T, v probes.Vantage) *probes.Prober {
	t.Helper()
	p, err := probes.New(probes.Options{Timeout: time.Second, Policy: probes.DefaultPolicy(), Vantage: v})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestConfirmWaitsForConnections wants a round that confirms to wait until a lost
// SYN was sent again, but no longer than else for an answer.
func TestConfirmWaitsForConnections(t *testing.T) {
	for _, tc := range []struct {
		name           string
		scenario       string
		delay          time.Duration
		round, confirm probes.Reason
	}{
		{"well", "healthy", 0, probes.ReasonOK, probes.ReasonOK},
		{"a SYN is lost", "healthy", 1050 * time.Millisecond, probes.ReasonConnectTimeout, probes.ReasonOK},
		{"two SYNs are lost", "healthy", 3050 * time.Millisecond, probes.ReasonConnectTimeout, probes.ReasonOK},
		{"all SYNs are lost", "healthy", time.Hour, probes.ReasonConnectTimeout, probes.ReasonConnectTimeout},
		{"a SYN is lost, no answer", "hang", 1050 * time.Millisecond, probes.ReasonConnectTimeout, probes.ReasonAnswerTimeout},
		{"no answer", "hang", 0, probes.ReasonAnswerTimeout, probes.ReasonAnswerTimeout},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := proberFrom(t, lossy{sim: imdstest.New(imdstest.MustFind(tc.scenario)), delay: tc.delay})
				r := round(t, p)
				if got := r.Result(probes.ProbeToken); got.Reason != tc.round {
					t.Errorf("Round: %v, want %v", got.Reason, tc.round)
				}
				r, err := p.Confirm(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Result(probes.ProbeToken); got.Reason != tc.confirm {
					t.Errorf("Confirm: %v, want %v", got.Reason, tc.confirm)
				}
				for _, e := range r.Exchanges() {
					if waited := e.Total - e.Connect; e.Connect > 0 && waited > time.Second {
						t.Errorf("%s %s: waited %v for an answer", e.Method, e.Path, waited)
					}
				}
			})
		})
	}
}

// TestRoundFromNowhere wants a vantage that is gone to be no verdict.
func TestRoundFromNowhere(t *testing.T) {
	for _, gone := range []error{probes.ErrVantageGone, probes.ErrVantageDenied} {
		if _, err := proberFrom(t, lossy{err: gone}).Round(t.Context()); !errors.Is(err, gone) {
			t.Errorf("got %v, want %v", err, gone)
		}
	}
}
