package ladder_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// serve serves a scenario on a loopback address and returns its endpoint.
func serve(t *testing.T, sc imdstest.Scenario, address string) string {
	t.Helper()
	server, err := imdstest.Listen(imdstest.New(sc), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

const loopbackTimeout = 500 * time.Millisecond

// TestHopLimit measures on loopback, where an answer arrives with the very TTL
// that it was sent with.
func TestHopLimit(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		for set, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 64: ladder.MaxHops, 0: ladder.MaxHops} {
			t.Run(fmt.Sprintf("%s/%d", address, set), func(t *testing.T) {
				t.Parallel()
				sc := imdstest.MustFind("healthy")
				sc.Instance.HopLimit = set
				hops, ok := ladder.HopLimit(t.Context(), serve(t, sc, address), loopbackTimeout)
				if hops != want || !ok {
					t.Errorf("got %d, %v; want %d", hops, ok, want)
				}
			})
		}
	}
}

// TestHopLimitUnknown measures where nothing can be said.
func TestHopLimitUnknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hang", "imds_disabled", "token_throttled", "credential_agent", "firewall_reject", "reset"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hops, ok := ladder.HopLimit(t.Context(), serve(t, imdstest.MustFind(name), "127.0.0.1:0"), loopbackTimeout)
			if ok {
				t.Errorf("measured %d, although nothing can be said", hops)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		endpoint := "http://" + net.JoinHostPort("127.0.0.1", "1")
		if _, ok := ladder.HopLimit(t.Context(), endpoint, loopbackTimeout); ok {
			t.Error("measured where nobody listens")
		}
	})
}

func TestV1Enabled(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]bool{
		"healthy":          {false, true},
		"imdsv1_enabled":   {true, true},
		"imds_disabled":    {false, false},
		"credential_agent": {false, false},
		"firewall_reject":  {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			enabled, ok := ladder.V1Enabled(t.Context(), serve(t, imdstest.MustFind(name), "127.0.0.1:0"), loopbackTimeout)
			if got := [2]bool{enabled && ok, ok}; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
