package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestV1IsAskedHourly wants the question that AWS counts to be asked hourly, however
// often the hop limit has to be measured again; and each request to be counted.
func TestV1IsAskedHourly(t *testing.T) {
	simulator := imdstest.New(imdstest.MustFind("token_throttled")) // no token, so no hop limit
	server, err := imdstest.Listen(simulator, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", func(o *agent.Options) {
			o.HTTPClient, o.Endpoint = nil, server.URL()
			o.HopLimit, o.V1, o.Interval = true, true, 5*time.Minute
		})
		time.Sleep(3*time.Hour + time.Minute)
		d.Stop()
		counted := d.Agent.Tracker().Snapshot().Requests
		asked := simulator.Counts()
		// Without a token, a round asks for nothing but the token.
		if n := asked["GET /latest/meta-data/hostname"]; n != 4 || counted["401"] != 4 {
			t.Errorf("asked for IMDSv1 %d times in three hours, counted %d; want 4", n, counted["401"])
		}
		if n := asked["PUT /latest/api/token"]; n < 180 || counted["503"]+counted["429"] != n {
			t.Errorf("%d PUTs, counted %v", n, counted)
		}
	})
}
