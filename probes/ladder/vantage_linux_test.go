package ladder_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestOwnUserVantage looks as the user of the test, which needs no capability.
func TestOwnUserVantage(t *testing.T) {
	name := fmt.Sprintf("user:%d", os.Geteuid())
	v, err := wire.ParseVantage(name)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := serve(t, imdstest.MustFind("healthy"), "127.0.0.1:0")
	p, err := ladder.New(ladder.Options{Endpoint: endpoint, Timeout: time.Second, Policy: probes.DefaultPolicy(), Vantage: v})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		r := round(t, p)
		if got := r.Result(probes.ProbeRoleCredentials); got.Status != probes.StatusPass || r.Vantage != name {
			t.Fatalf("%s: %v", r.Vantage, got.Verdict)
		}
	}
}
