package agent_test

import (
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// policyOf reads the flags that a scenario needs.
func policyOf(t *testing.T, sc imdstest.Scenario) probes.Policy {
	t.Helper()
	policy, err := sc.Policy()
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// beforeOf is the healthy scenario that comes before another one, with its clock.
func beforeOf(sc imdstest.Scenario) imdstest.Scenario {
	before := imdstest.MustFind("healthy")
	before.Instance.ClockAhead = sc.Instance.ClockAhead
	return before
}

// settle ends a bubble: it lets answers that drip find their client gone.
func settle() { time.Sleep(time.Minute) }

// reportOf reports what one round from the host makes of a scenario, after a
// healthy round where the scenario is about a change.
func reportOf(t *testing.T, sc imdstest.Scenario) agent.Report {
	t.Helper()
	sim := imdstest.New(beforeOf(sc))
	policy := policyOf(t, sc)
	prober, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: policy, HTTPClient: sim.Client()})
	if err != nil {
		t.Fatal(err)
	}
	tracker := agent.NewTracker(policy, []string{prober.Vantage()})
	look := func() {
		r, err := prober.Round(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tracker.RecordOnce(r)
	}
	if sc.Before > 0 {
		look()
	}
	sc.Before = 0
	sim.Set(sc)
	look()
	if sc.Name == "blip" {
		look()
	}
	return agent.NewReport(tracker.Snapshot())
}

// hostile is markup and terminal control in every text that IMDS controls.
func hostile(text string) imdstest.Scenario {
	sc := imdstest.MustFind("credentials_error")
	sc.Name = "hostile"
	p := sc.Instance.Profile
	sc.Instance.Hostname, p.ARN, p.ID = text, text, text
	p.Code, p.Message, p.RoleCode, p.RoleMessage = text, text, text, text
	return sc
}
