package imdstest_test

import (
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestMarks wants a single look to come to the condition of a scenario exactly
// where the scenario does not say that it takes more.
func TestMarks(t *testing.T) {
	for _, sc := range imdstest.Scenarios() {
		synctest.Test(t, func(t *testing.T) {
			defer time.Sleep(time.Minute) // lets answers that drip find their client gone
			sim := imdstest.New(sc)
			time.Sleep(sc.Before)
			policy, err := sc.Policy()
			if err != nil {
				t.Fatal(err)
			}
			prober, err := ladder.New(ladder.Options{Timeout: time.Second, Policy: policy, HTTPClient: wire.NewClient(sim.Dial)})
			if err != nil {
				t.Fatal(err)
			}
			round, err := prober.Round(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			known, _ := probes.Known{}.Learn(round)
			got := probes.Diagnose(round, policy, known).Condition
			if enough := !sc.NeedsHistory() && !sc.Passes(); enough != (got == sc.Condition) {
				t.Errorf("%s: one look sees %v, marked as enough for %v: %t", sc.Name, got, sc.Condition, enough)
			}
		})
	}
}

// TestRedirectsStayOnLoopback wants no scenario to lead a client off the host.
func TestRedirectsStayOnLoopback(t *testing.T) {
	redirects := 0
	for _, sc := range imdstest.Scenarios() {
		for _, f := range sc.Faults {
			location, ok := strings.CutPrefix(f.Header, "Location: ")
			if !ok {
				continue
			}
			redirects++
			to, err := url.Parse(location)
			if err != nil || !net.ParseIP(to.Hostname()).IsLoopback() {
				t.Errorf("%s: %s, %v", sc.Name, location, err)
			}
		}
	}
	if redirects == 0 {
		t.Error("no scenario redirects: nothing was looked at")
	}
}
