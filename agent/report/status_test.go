package report_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// TestStatus wants what the daemon adds to its report: since when the worst condition
// lasts, what came before, who it is, and what it measured beside the ladder.
func TestStatus(t *testing.T) {
	healthy, bad := sees("a", probes.ConditionHealthy), sees("b", probes.ConditionNoRole)
	bad.Since = now.Add(-time.Minute)
	shot := snapshot(healthy, bad)
	enabled := false
	shot.HopLimit, shot.V1 = 2, &enabled
	shot.Transitions = []track.Transition{{Vantage: "b", From: probes.ConditionHealthy, To: probes.ConditionNoRole}}
	got := report.NewStatus(shot, report.Daemon{Version: "1", Host: "i-1", StartedAt: now})
	if diff := cmp.Diff(report.New(shot), got.Report); diff != "" {
		t.Errorf("another report: %s", diff)
	}
	if want := now.Add(-time.Minute).Truncate(time.Millisecond).UTC(); got.Since != want {
		t.Errorf("since %v, want %v", got.Since, want)
	}
	if diff := cmp.Diff(shot.Transitions, got.Transitions); diff != "" {
		t.Error(diff)
	}
	want := report.Daemon{Version: "1", Host: "i-1", StartedAt: shot.Start.Truncate(time.Millisecond).UTC()}
	if diff := cmp.Diff(want, got.Agent); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.TokenHopLimitMin == nil || *got.TokenHopLimitMin != 2 || got.V1Enabled == nil || *got.V1Enabled {
		t.Errorf("%v, %v", got.TokenHopLimitMin, got.V1Enabled)
	}
}

// TestStatusOfTheStart wants null for what was not measured, and a list for no
// transitions.
func TestStatusOfTheStart(t *testing.T) {
	got := map[string]any{}
	reread(t, report.NewStatus(snapshot(track.State{Vantage: "host", Since: now}), report.Daemon{}), &got)
	for field, want := range map[string]any{"transitions": []any{}, "token_hop_limit_min": nil, "v1_enabled": nil, "condition": "unknown"} {
		if diff := cmp.Diff(want, got[field]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", field, diff)
		}
	}
}

// TestExpectations wants each expectation as its flag has it.
func TestExpectations(t *testing.T) {
	anchored := func(text string) *regexp.Regexp {
		re, err := probes.Anchored(text)
		if err != nil {
			t.Fatal(err)
		}
		return re
	}
	for name, tc := range map[string]struct {
		policy probes.Policy
		want   report.Expectations
	}{
		"none": {probes.Policy{}, report.Expectations{}},
		"all": {
			probes.Policy{
				Profile: probes.ProfileOptional, ProfileARN: anchored(".*/app"), Role: anchored("app|^web$"), AllowServer: anchored("(?i)proxy"),
				StallRatio: 0.5, MaxSkew: 90 * time.Second,
			},
			report.Expectations{
				Profile: probes.ProfileOptional, ProfileARN: ".*/app", Role: "app|^web$", AllowServer: "(?i)proxy",
				StallRatio: 0.5, MaxSkew: 90,
			},
		},
	} {
		shot := snapshot(sees("host", probes.ConditionHealthy))
		shot.Policy = tc.policy
		if diff := cmp.Diff(tc.want, report.NewStatus(shot, report.Daemon{}).Expect); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
