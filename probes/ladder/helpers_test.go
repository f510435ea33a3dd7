package ladder_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// seen is what a round came to.
type seen struct {
	Condition probes.Condition
	Reason    probes.Reason
}

// checkScenario lets a prober see the scenario, after a healthy round where the
// scenario is about a change, and wants the condition and reason that it names.
func checkScenario(t *testing.T, sim *imdstest.Simulator, o ladder.Options, sc imdstest.Scenario) {
	t.Helper()
	policy, err := sc.Policy()
	if err != nil {
		t.Fatal(err)
	}
	o.Policy = policy
	prober, err := ladder.New(o)
	if err != nil {
		t.Fatal(err)
	}
	known := probes.Known{}
	if sc.Before > 0 {
		known, _ = known.Learn(round(t, prober))
		sc.Before = 0
	}
	sim.Set(sc)
	r := round(t, prober)
	if sc.Name == "blip" {
		r = round(t, prober)
	}
	known, _ = known.Learn(r)
	d := probes.Diagnose(r, policy, known)
	if diff := cmp.Diff(seen{sc.Condition, sc.Reason}, seen{d.Condition, d.Reason}); diff != "" {
		t.Errorf("-want +got:\n%s\n%+v", diff, r)
	}
}

func round(t *testing.T, p *ladder.Prober) probes.Round {
	t.Helper()
	r, err := p.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
