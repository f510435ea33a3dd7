package probes_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"imds-probe/probes"
	"imds-probe/probes/imdstest"
)

// TestScenariosOnSockets is TestScenarios on real sockets: the kernel's errors
// and the wire's bytes come to the same conditions.
func TestScenariosOnSockets(t *testing.T) {
	t.Parallel()
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			simulator := imdstest.New(imdstest.MustFind("healthy"))
			server, err := imdstest.Listen(simulator, "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			policy := policyOf(t, sc.Args)
			prober, err := probes.New(probes.Options{Endpoint: server.URL(), Timeout: 2 * time.Second, Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			known := probes.Known{}
			if sc.Before > 0 {
				known, _ = known.Learn(round(t, prober))
				sc.Before = 0
			}
			simulator.Set(sc)
			r := round(t, prober)
			if sc.Name == "blip" {
				r = round(t, prober)
			}
			known, _ = known.Learn(r)
			d := probes.Diagnose(r, policy, known)
			if diff := cmp.Diff(seen{sc.Condition, sc.Reason}, seen{d.Condition, d.Reason}); diff != "" {
				t.Errorf("-want +got:\n%s\n%+v", diff, r)
			}
		})
	}
}
