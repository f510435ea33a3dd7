package probes_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"imds-probe/probes"
	"imds-probe/probes/imdstest"
)

// policyOf reads the flags that a scenario needs.
func policyOf(t *testing.T, args []string) probes.Policy {
	t.Helper()
	policy := probes.DefaultPolicy()
	for _, arg := range args {
		setFlag(t, &policy, arg)
	}
	return policy
}

// seen is what a round came to.
type seen struct {
	Condition probes.Condition
	Reason    probes.Reason
}

// TestScenarios runs one round on a healthy instance and then one on each
// scenario, and wants the condition and the reason that the scenario names.
func TestScenarios(t *testing.T) {
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := imdstest.MustFind("healthy")
				before.Instance.ClockAhead = sc.Instance.ClockAhead
				sim := imdstest.New(before)
				defer time.Sleep(time.Minute) // lets answers that drip find their client gone
				policy := policyOf(t, sc.Args)
				prober, err := probes.New(probes.Options{Timeout: time.Second, Policy: policy, HTTPClient: sim.Client()})
				if err != nil {
					t.Fatal(err)
				}
				known := probes.Known{}
				if sc.Before > 0 {
					known, _ = known.Learn(round(t, prober))
				}
				sc.Before = 0
				sim.Set(sc)
				r := round(t, prober)
				if sc.Name == "blip" {
					r = round(t, prober)
				}
				known, _ = known.Learn(r)
				d := probes.Diagnose(r, policy, known)
				want := seen{sc.Condition, sc.Reason}
				if diff := cmp.Diff(want, seen{d.Condition, d.Reason}); diff != "" {
					t.Errorf("-want +got:\n%s\n%+v", diff, r)
				}
			})
		})
	}
}

func round(t *testing.T, p *probes.Prober) probes.Round {
	t.Helper()
	r, err := p.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}
