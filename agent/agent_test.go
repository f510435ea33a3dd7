package agent_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
)

func TestAnHourOfHealthyRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(time.Hour)
		synctest.Wait()

		requests := d.Simulator.Counts()
		rounds := requests["PUT /latest/api/token"]
		if rounds < 120 || rounds > 122 {
			t.Errorf("%d rounds in an hour of 30 s intervals", rounds)
		}
		want := map[string]int{
			"PUT /latest/api/token":                              rounds,
			"GET /latest/meta-data/hostname":                     rounds,
			"GET /latest/meta-data/iam/":                         rounds,
			"GET /latest/meta-data/iam/info":                     rounds,
			"GET /latest/meta-data/iam/security-credentials/":    rounds,
			"GET /latest/meta-data/iam/security-credentials/app": rounds,
		}
		if diff := cmp.Diff(want, requests); diff != "" {
			t.Errorf("a healthy round makes six requests and no other; -want +got:\n%s", diff)
		}
		wantEvents := []agenttest.Event{
			{Event: "started"},
			{Event: "condition_changed", Vantage: "host", From: "unknown", To: "healthy", Reason: "ok"},
			{Event: "credentials_rotated", Vantage: "host"},
		}
		if diff := cmp.Diff(wantEvents, d.Events()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestFlipIsConfirmed wants the first bad round to be repeated after 1 s and 2 s
// more before the condition flips, and one good round to flip it back.
func TestFlipIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(time.Minute)
		d.Set("no_role")
		since := awaitCondition(t, d, probes.ConditionNoRole, 33*time.Second)
		first := d.Status().Since
		if got := since.Sub(first); got < 3*time.Second || got > 4*time.Second {
			t.Errorf("flipped %v after the first bad round, want 3 s", got)
		}
		d.Set("healthy")
		awaitCondition(t, d, probes.ConditionHealthy, 30*time.Second)
		want := []agenttest.Event{
			{Event: "started"},
			{Event: "condition_changed", Vantage: "host", From: "unknown", To: "healthy", Reason: "ok"},
			{Event: "condition_changed", Vantage: "host", From: "healthy", To: "no_role", Reason: "profile_without_role"},
			{Event: "condition_changed", Vantage: "host", From: "no_role", To: "healthy", Reason: "ok"},
		}
		ignoreHeld := cmpopts.IgnoreFields(agenttest.Event{}, "Held")
		if diff := cmp.Diff(want, d.Events(), ignoreHeld); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// awaitCondition lets time pass until the daemon names a condition.
func awaitCondition(t *testing.T, d *agenttest.Daemon, want probes.Condition, limit time.Duration) time.Time {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(500 * time.Millisecond) {
		got := d.Agent.Tracker().Snapshot().Worst().Diagnosis.Condition
		if got == want {
			synctest.Wait() // for the log
			return time.Now()
		}
		if time.Now().After(deadline) {
			t.Fatalf("condition is %v after %v, want %v", got, limit, want)
		}
	}
}

func TestBlipDoesNotFlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		time.Sleep(time.Second)
		d.Set("blip")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		want := []agenttest.Event{
			{Event: "started"},
			{Event: "condition_changed", Vantage: "host", From: "unknown", To: "healthy", Reason: "ok"},
			{Event: "blip", Vantage: "host", Condition: "throttled", Reason: "service_unavailable"},
		}
		if diff := cmp.Diff(want, d.Events()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if got := d.Sample(`imds_probe_failures_total{probe="iam_info",vantage="host"}`); got != "1" {
			t.Errorf("a blip counts as %s failures, want 1", got)
		}
	})
}

// TestHealthPathsDoNotDependOnIMDS wants the process ready once every vantage is
// judged, whatever the verdict.
func TestHealthPathsDoNotDependOnIMDS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "firewall_drop", nil)
		defer d.Stop()
		if got := d.Get("/-/ready").Code; got != http.StatusServiceUnavailable {
			t.Errorf("/-/ready before the first verdict: %d", got)
		}
		if got := d.Get("/-/healthy").Code; got != http.StatusOK {
			t.Errorf("/-/healthy before the first verdict: %d", got)
		}
		awaitCondition(t, d, probes.ConditionFirewallBlocked, 10*time.Second)
		for _, path := range []string{"/-/ready", "/-/healthy", "/", "/metrics"} {
			if got := d.Get(path).Code; got != http.StatusOK {
				t.Errorf("%s while IMDS is blocked: %d", path, got)
			}
		}
	})
}

// TestStopWhileIMDSHangs wants a round that the end cut to be no verdict.
func TestStopWhileIMDSHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "hang", nil)
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		d.Stop()
		if took := time.Since(began) - time.Minute; took > time.Second {
			t.Errorf("stopped after %v", took)
		}
		want := []agenttest.Event{{Event: "started"}, {Event: "stopping"}}
		if diff := cmp.Diff(want, d.Events()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestUnknownPathsAndMethods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		for _, path := range []string{"/nope", "/debug/pprof/", "/api/v1/status/x", "/metrics/"} {
			if got := d.Get(path).Code; got != http.StatusNotFound {
				t.Errorf("GET %s: %d, want 404", path, got)
			}
		}
	})
}
