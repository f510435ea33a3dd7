package prometheus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestGoneVantagePagesNobody ends a network namespace whose credentials are about to
// expire: the page ends with it, and the ticket comes that tells why.
func TestGoneVantagePagesNobody(t *testing.T) {
	t.Parallel()
	harness.NeedRoot(t)
	expiring := imdstest.MustFind("rotation_stalled")
	expiring.Instance.Profile.Keys.Age = imdstest.Lifetime - 30*time.Minute
	container := harness.Start(t, "sleep", "3600")
	i := startInstance(t, expiring, fmt.Sprintf("--vantage=netns:/proc/%d/ns/net", container.Cmd.Process.Pid))
	prometheus := startPrometheus(t, setup{
		interval: time.Second, by: int(time.Minute / minute),
		targets: writeTargets(t, []target{ec2Target(i.address, "i-0", "")}),
	})
	awaitFiring(t, prometheus, "IMDSCredentialsExpiring")
	_ = container.Cmd.Process.Kill()
	awaitFiring(t, prometheus, "IMDSUnknown")
	if firing := prometheus.query(`ALERTS{alertname!="IMDSUnknown",alertstate="firing"}`); len(firing) > 0 {
		t.Errorf("firing beside IMDSUnknown: %v", firing)
	}
}
