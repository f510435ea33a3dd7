package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestDetectionDocument writes docs/detection.md: for each condition, how long
// after the fault the daemon names it, and how long the keys that applications
// hold go on working from then. The fault comes at the worst moment: right
// behind a round, and just before keys would have been renewed.
func TestDetectionDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Detection and lead time\n\n<!-- Written by `make docs` from TestDetectionDocument in agent/. Do not edit. -->\n\n")
	b.WriteString("Measured in fake time with the default flags (rounds every 30 s, 1 s a request), at the worst moment: the fault comes right behind a round,\n")
	b.WriteString("with keys that were about to be renewed. *Detected* is from the fault to the flip, confirmation included; *lead* is how long the keys that\n")
	b.WriteString("applications hold still work from then. A dash means that nothing is left to wait for, or that no key is at stake.\n\n")
	b.WriteString("| condition | scenario | detected after | lead |\n|---|---|---|---|\n")
	shown := map[probes.Condition]bool{probes.ConditionHealthy: true}
	for _, sc := range imdstest.Scenarios() {
		if shown[sc.Condition] {
			continue
		}
		shown[sc.Condition] = true
		synctest.Test(t, func(t *testing.T) {
			after, lead := detect(t, sc)
			fmt.Fprintf(&b, "| `%s` | `%s` | %v | %s |\n", sc.Condition, sc.Name, after, lead)
		})
	}
	synctest.Test(t, func(t *testing.T) { fmt.Fprintf(&b, "\n%s", stallLead(t)) })
	agenttest.Golden(t, "../docs/detection.md", b.String())
}

// detect measures one scenario.
func detect(t *testing.T, sc imdstest.Scenario) (after time.Duration, lead string) {
	t.Helper()
	policy, before := agenttest.PolicyOf(t, sc), "healthy"
	if policy.Profile == probes.ProfileForbidden {
		before = "no_instance_profile"
	}
	d := agenttest.Start(t, before, func(o *agent.Options) { o.Policy = policy })
	defer d.Stop()
	// Past the second round, which comes at the host's own phase; behind a later one.
	time.Sleep(35 * time.Minute)
	behindARound(d)
	expiry := d.Agent.Tracker().Snapshot().Worst().Known.Expiration
	sc.Before = 0
	fault := time.Now()
	d.Simulator.Set(sc)
	found := awaitCondition(t, d, sc.Condition, time.Minute)
	after = found.Sub(fault).Round(time.Second)
	switch sc.Condition {
	case probes.ConditionCredentialsExpired, probes.ConditionWrongRole, probes.ConditionUnexpectedProfile,
		probes.ConditionClockSkewed, probes.ConditionRotationStalled:
		return after, "–"
	default:
		return after, expiry.Sub(found).Round(time.Minute).String()
	}
}

// behindARound lets time pass until a round has just ended.
func behindARound(d *agenttest.Daemon) {
	last := func() time.Time { return d.Agent.Tracker().Snapshot().Worst().Round.Start }
	for before := last(); last().Equal(before); {
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
	}
}

// stallLead measures a refresh that stops: its symptom is no fault of an answer
// but of time.
func stallLead(t *testing.T) string {
	t.Helper()
	d := agenttest.Start(t, "healthy", nil)
	defer d.Stop()
	born := time.Now().Truncate(time.Second)
	d.SetKeys(func(k *imdstest.Keys) { k.Born, k.RefreshStops = born, born.Add(time.Second) })
	found := awaitCondition(t, d, probes.ConditionRotationStalled, imdstest.Lifetime)
	return fmt.Sprintf("A refresh that stops is named `rotation_stalled` %v after the last keys were made, %v before they expire.\n",
		found.Sub(born).Round(time.Minute), born.Add(imdstest.Lifetime).Sub(found).Round(time.Minute))
}
