package agent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestFarTimes wants no time that IMDS may name to take away the status, the page
// or the state file: JSON has no form for years beyond 9999 or before 0.
func TestFarTimes(t *testing.T) {
	times := []string{
		"0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1677-09-21T00:00:00Z",
		"2262-04-12T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "never",
	}
	for _, born := range times {
		for _, expires := range times {
			t.Run(born+" to "+expires, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					path := filepath.Join(t.TempDir(), "state.json")
					d := agenttest.Start(t, "healthy", withState(path))
					d.Simulator.Set(between(born, expires))
					time.Sleep(2 * time.Minute)
					for _, path := range []string{"/api/v1/status", "/", "/metrics"} {
						if got := d.Get(path); got.Code != http.StatusOK || got.Body.Len() == 0 {
							t.Errorf("%s: status %d, %d bytes", path, got.Code, got.Body.Len())
						}
					}
					if !json.Valid(d.Get("/api/v1/status").Body.Bytes()) {
						t.Error("the status is not JSON")
					}
					restarted := restart(t, d, path)
					for _, d := range []*agenttest.Daemon{d, restarted} {
						if log := string(d.Log.Bytes()); strings.Contains(log, "state file") {
							t.Error(log)
						}
					}
				})
			})
		}
	}
}

// between is healthy but for when the keys were born and expire.
func between(born, expires string) imdstest.Scenario {
	info := fmt.Sprintf(`{"Code":"Success","LastUpdated":%q,"InstanceProfileArn":"arn:aws:iam::123456789012:instance-profile/app","InstanceProfileId":"AIPA"}`, born)
	keys := fmt.Sprintf(`{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":%q}`, expires)
	s := imdstest.MustFind("healthy")
	s.Faults = []imdstest.Fault{
		{Path: "meta-data/iam/info", Body: &info},
		{Path: "meta-data/iam/security-credentials/app", Body: &keys},
	}
	return s
}
