package ladder_test

import (
	"fmt"
	"net"
	"net/http"
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

// at are the options of a measurement on loopback.
func at(endpoint string) ladder.Options {
	return ladder.Options{Endpoint: endpoint, Timeout: 500 * time.Millisecond}
}

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
				hops, made := ladder.HopLimit(t.Context(), at(serve(t, sc, address)))
				if hops != want || len(made) == 0 {
					t.Errorf("got %d by %d requests; want %d", hops, len(made), want)
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
			hops, _ := ladder.HopLimit(t.Context(), at(serve(t, imdstest.MustFind(name), "127.0.0.1:0")))
			if hops != 0 {
				t.Errorf("measured %d, although nothing can be said", hops)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		endpoint := "http://" + net.JoinHostPort("127.0.0.1", "1")
		if hops, _ := ladder.HopLimit(t.Context(), at(endpoint)); hops != 0 {
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
			enabled, ok, made := ladder.V1Enabled(t.Context(), at(serve(t, imdstest.MustFind(name), "127.0.0.1:0")))
			if made.Method != http.MethodGet || made.WithToken {
				t.Errorf("made %+v", made)
			}
			if got := [2]bool{enabled && ok, ok}; got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// TestMeasureThroughKnownProxy wants a server that the policy allows to be measured
// as IMDS itself.
func TestMeasureThroughKnownProxy(t *testing.T) {
	t.Parallel()
	o := at(serve(t, imdstest.MustFind("known_proxy"), "127.0.0.1:0"))
	if hops, _ := ladder.HopLimit(t.Context(), o); hops != 0 {
		t.Errorf("measured %d of a stranger", hops)
	}
	policy, err := imdstest.MustFind("known_proxy").Policy()
	if err != nil {
		t.Fatal(err)
	}
	o.Policy = policy
	if hops, _ := ladder.HopLimit(t.Context(), o); hops != ladder.MaxHops {
		t.Errorf("measured %d of an allowed proxy, want %d", hops, ladder.MaxHops)
	}
	if _, ok, _ := ladder.V1Enabled(t.Context(), o); !ok {
		t.Error("an allowed proxy says nothing of IMDSv1")
	}
}
