package report_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// now is a moment of the tests, in a zone and with figures that no document has.
var now = time.Date(2026, 3, 1, 13, 0, 0, 123456789, time.FixedZone("", 3600))

const arn = "arn:aws:iam::123456789012:instance-profile/app"

// sees is the state of a vantage that a whole round brought to a condition.
func sees(name string, c probes.Condition) track.State {
	r := probes.Round{Vantage: name, Start: now, Duration: time.Second}
	r.Results[probes.ProbeIAMInfo].Content.Info = &probes.InfoDocument{Code: "Success", ProfileARN: arn, ProfileID: "AIPA"}
	r.Results[probes.ProbeRoleList].Content.Role = "app"
	s := track.State{Vantage: name, Since: now.Add(-time.Hour), Judged: true, Round: r, Last: r}
	s.Diagnosis = probes.Diagnosis{Condition: c, Probe: probes.ProbeRoleList, Reason: probes.Explain(c).Faces[0].Reason}
	s.Known.Identity = probes.Identity{ProfileARN: arn, ProfileID: "AIPA", Role: "app"}
	return s
}

func snapshot(vantages ...track.State) track.Snapshot {
	return track.Snapshot{At: now.Add(time.Minute), Start: now.Add(-time.Hour), Policy: probes.DefaultPolicy(), Vantages: vantages}
}

// TestWorstFirst wants the report to speak for the vantage to act on first, by name
// where there are several, and each vantage to keep its own words.
func TestWorstFirst(t *testing.T) {
	const (
		ok      = probes.ConditionHealthy
		ticket  = probes.ConditionThrottled
		page    = probes.ConditionNoRole
		unknown = probes.ConditionUnknown
	)
	for name, tc := range map[string]struct {
		sees   []probes.Condition
		worst  int
		prefix string
	}{
		"one":              {[]probes.Condition{page}, 0, ""},
		"one healthy":      {[]probes.Condition{ok}, 0, ""},
		"all healthy":      {[]probes.Condition{ok, ok}, 0, ""},
		"the last is":      {[]probes.Condition{ok, ticket, page}, 2, "c: "},
		"the first is":     {[]probes.Condition{page, ticket, ok}, 0, "a: "},
		"a warning before": {[]probes.Condition{unknown, ticket}, 1, "b: "},
		"unknown before":   {[]probes.Condition{ok, unknown}, 1, "b: "},
		"the first of two": {[]probes.Condition{ok, page, page}, 1, "b: "},
	} {
		var states []track.State
		for i, c := range tc.sees {
			states = append(states, sees(string(rune('a'+i)), c))
		}
		got := report.New(snapshot(states...))
		worst := states[tc.worst]
		entry := probes.Explain(worst.Diagnosis.Condition)
		if got.Condition != entry.Condition || got.Severity != entry.Severity || got.Title != entry.Title || got.Doc != entry.Doc || got.APIVersion != "v1" {
			t.Errorf("%s: %+v", name, got)
		}
		if want := tc.prefix + probes.Summary(worst.Round, worst.Diagnosis); got.Summary != want {
			t.Errorf("%s: %q, want %q", name, got.Summary, want)
		}
		if len(got.Vantages) != len(states) {
			t.Fatalf("%s: %d vantages", name, len(got.Vantages))
		}
		for i, v := range got.Vantages {
			own := states[i].Diagnosis
			if v.Name != states[i].Vantage || v.Condition != own.Condition || v.Reason != own.Reason || v.Severity != own.Condition.Severity() ||
				v.Title != probes.Explain(own.Condition).Title || v.Summary != probes.Summary(states[i].Round, own) {
				t.Errorf("%s: vantage %d: %+v", name, i, v)
			}
		}
	}
}

// TestRemedy wants the remedy twice: in lines for people, and in parts for pages, of
// one text.
func TestRemedy(t *testing.T) {
	got := report.New(snapshot(sees("host", probes.ConditionNoRole)))
	steps := probes.Explain(probes.ConditionNoRole).Remedy
	if len(got.Remedy) != len(steps) || len(got.Vantages[0].Steps) != len(steps) {
		t.Fatalf("%q, %q", got.Remedy, got.Vantages[0].Steps)
	}
	for i, step := range got.Vantages[0].Steps {
		if line := (probes.Step{Text: step.Text, Command: step.Command}).String(); line != got.Remedy[i] || step.Text != steps[i].Text {
			t.Errorf("%q and %q", line, got.Remedy[i])
		}
	}
	if all := strings.Join(got.Remedy, "\n"); !strings.Contains(all, "--instance-profile-name app ") {
		t.Errorf("no name of the profile in\n%s", all)
	}
	if healthy := report.New(snapshot(sees("host", probes.ConditionHealthy))); healthy.Remedy == nil || healthy.Vantages[0].Steps == nil {
		t.Error("null for no steps")
	}
}

// TestSeenOfTheInstance wants profile, role and EC2's own words as the round saw them.
func TestSeenOfTheInstance(t *testing.T) {
	s := sees("host", probes.ConditionAssumeRoleUnauthorized)
	s.Round.Results[probes.ProbeRoleCredentials].Content.Credentials = &probes.CredentialsDocument{Code: "AssumeRoleUnauthorizedAccess", Message: "EC2 cannot"}
	v := report.New(snapshot(s)).Vantages[0]
	got := []string{v.Role, v.InstanceProfileARN, v.InstanceProfileID, v.Code, v.Message}
	if diff := cmp.Diff([]string{"app", arn, "AIPA", "AssumeRoleUnauthorizedAccess", "EC2 cannot"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRootProbe wants a root where there is something wrong, and null where there is
// not, or where nothing is known.
func TestRootProbe(t *testing.T) {
	for c, want := range map[probes.Condition]bool{
		probes.ConditionHealthy: false, probes.ConditionUnknown: false, probes.ConditionThrottled: true, probes.ConditionNoRole: true,
	} {
		v := report.New(snapshot(sees("host", c))).Vantages[0]
		if (v.RootProbe != nil) != want || want && *v.RootProbe != probes.ProbeRoleList {
			t.Errorf("%v: %v", c, v.RootProbe)
		}
	}
}

// TestTimes wants times as JSON has them: in UTC, to the millisecond, null for none;
// and the whole report to be as old as the last of its rounds.
func TestTimes(t *testing.T) {
	early, late := sees("a", probes.ConditionHealthy), sees("b", probes.ConditionHealthy)
	late.Last.Duration = 2 * time.Second
	late.Next = now.Add(30 * time.Second)
	never := track.State{Vantage: "c", Since: now}
	type times struct {
		CheckedAt, Since, NextRoundAt string
	}
	for name, tc := range map[string]struct {
		states []track.State
		whole  string
		want   []times
	}{
		"the last of all": {[]track.State{early, late, never}, "2026-03-01T12:00:02.123Z", []times{
			{"2026-03-01T12:00:01.123Z", "2026-03-01T11:00:00.123Z", ""},
			{"2026-03-01T12:00:02.123Z", "2026-03-01T11:00:00.123Z", "2026-03-01T12:00:30.123Z"},
			{"", "2026-03-01T12:00:00.123Z", ""},
		}},
		"in whatever order": {[]track.State{late, early}, "2026-03-01T12:00:02.123Z", []times{
			{"2026-03-01T12:00:02.123Z", "2026-03-01T11:00:00.123Z", "2026-03-01T12:00:30.123Z"},
			{"2026-03-01T12:00:01.123Z", "2026-03-01T11:00:00.123Z", ""},
		}},
		"no round yet": {[]track.State{never}, "2026-03-01T12:01:00.123Z", []times{{"", "2026-03-01T12:00:00.123Z", ""}}},
	} {
		var got struct {
			CheckedAt string `json:"checked_at"`
			Vantages  []struct {
				CheckedAt   *string `json:"checked_at"`
				Since       string  `json:"since"`
				NextRoundAt *string `json:"next_round_at"`
			} `json:"vantages"`
		}
		reread(t, report.New(snapshot(tc.states...)), &got)
		if got.CheckedAt != tc.whole {
			t.Errorf("%s: checked at %s, want %s", name, got.CheckedAt, tc.whole)
		}
		var of []times
		for _, v := range got.Vantages {
			of = append(of, times{value(v.CheckedAt), v.Since, value(v.NextRoundAt)})
		}
		if diff := cmp.Diff(tc.want, of); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// reread reads what was written as JSON.
func reread(t *testing.T, written, read any) {
	t.Helper()
	var text strings.Builder
	if err := report.WriteJSON(&text, written); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text.String()), read); err != nil {
		t.Fatal(err)
	}
}

// TestCredentials wants the life of keys by IMDS's clock at this moment, and to the
// share from which renewal has stalled; what the documents did not say is null.
func TestCredentials(t *testing.T) {
	born, expires := now.Add(-2*time.Hour), now.Add(6*time.Hour)
	at := func(t time.Time) *time.Time { t = t.UTC().Truncate(time.Millisecond); return &t }
	share := func(f float64) *float64 { return &f }
	whole := probes.Known{Expiration: expires, Born: born, AccessKeyHash: "hash"}
	utcBorn := born.UTC()
	for name, tc := range map[string]struct {
		known probes.Known
		at    time.Time
		stall float64
		want  *report.Credentials
	}{
		"none": {probes.Known{AccessKeyHash: "hash"}, now, 0.75, nil},
		"a whole life": {whole, now, 0.75, &report.Credentials{
			SecondsLeft: 6 * 3600, LastUpdated: &utcBorn, LifeLeft: share(0.75), StallsAt: at(now),
		}},
		"no limit": {whole, now, 0, &report.Credentials{SecondsLeft: 6 * 3600, LastUpdated: &utcBorn, LifeLeft: share(0.75)}},
		"a smaller share": {whole, now, 0.25, &report.Credentials{
			SecondsLeft: 6 * 3600, LastUpdated: &utcBorn, LifeLeft: share(0.75), StallsAt: at(now.Add(4 * time.Hour)),
		}},
		"birth unknown": {probes.Known{Expiration: expires, AccessKeyHash: "hash"}, now, 0.75, &report.Credentials{SecondsLeft: 6 * 3600}},
		"expired":       {whole, expires.Add(time.Minute), 0, &report.Credentials{SecondsLeft: -60, LastUpdated: &utcBorn, LifeLeft: share(0)}},
		"a clock that is an hour ahead": {
			probes.Known{Expiration: expires, AccessKeyHash: "hash", Clock: probes.ClockOffset{Low: time.Hour, High: time.Hour, Measured: true}},
			now.Add(time.Hour), 0, &report.Credentials{SecondsLeft: 6 * 3600},
		},
	} {
		s := sees("host", probes.ConditionHealthy)
		s.Known = tc.known
		shot := snapshot(s)
		shot.At, shot.Policy.StallRatio = tc.at, tc.stall
		if tc.want != nil {
			tc.want.Expiration, tc.want.AccessKeyHash = expires.UTC(), "hash"
		}
		if diff := cmp.Diff(tc.want, report.New(shot).Vantages[0].Credentials); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestClockOffset wants null for a clock that nobody measured, and no zero.
func TestClockOffset(t *testing.T) {
	s := sees("host", probes.ConditionHealthy)
	if got := report.New(snapshot(s)).Vantages[0].ClockOffsetSeconds; got != nil {
		t.Errorf("%v, not measured", *got)
	}
	s.Known.Clock = probes.ClockOffset{Low: -3 * time.Second, High: -2 * time.Second, Measured: true}
	if got := report.New(snapshot(s)).Vantages[0].ClockOffsetSeconds; got == nil || *got != -2.5 {
		t.Errorf("%v", got)
	}
}

// TestProbes wants each step of the ladder with its requests, times in seconds, faults
// by name.
func TestProbes(t *testing.T) {
	s := sees("host", probes.ConditionFirewallBlocked)
	s.Round.Results[probes.ProbeToken] = probes.Result{
		Verdict: probes.Verdict{Status: probes.StatusFail, Reason: probes.ReasonConnectRefused},
		Observation: probes.Observation{Exchanges: []probes.Exchange{
			{Method: "PUT", Path: "/a", Fault: probes.ReasonConnectRefused, Errno: syscall.ECONNREFUSED, Total: 2 * time.Second},
			{Method: "GET", Path: "/b", WithToken: true, Status: 200, Server: "EC2ws", Connect: time.Millisecond, FirstByte: 500 * time.Millisecond, Total: time.Second},
		}},
	}
	var want []report.Probe
	for _, p := range probes.Ladder() {
		want = append(want, report.Probe{Probe: p, Exchanges: []report.Exchange{}})
	}
	want[0] = report.Probe{
		Probe: probes.ProbeToken, Status: probes.StatusFail, Reason: probes.ReasonConnectRefused, DurationSeconds: 3,
		Exchanges: []report.Exchange{
			{Method: "PUT", Path: "/a", Error: "connect_refused", Errno: "ECONNREFUSED", DurationSeconds: 2},
			{Method: "GET", Path: "/b", WithToken: true, Status: 200, Server: "EC2ws", ConnectSeconds: 0.001, FirstByteSeconds: 0.5, DurationSeconds: 1},
		},
	}
	if diff := cmp.Diff(want, report.New(snapshot(s)).Vantages[0].Probes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWriteJSON wants a document that people can read: indented, and no text escaped
// for the sake of HTML.
func TestWriteJSON(t *testing.T) {
	var text strings.Builder
	if err := report.WriteJSON(&text, map[string]any{"command": "a && b <c>"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("{\n  \"command\": \"a && b <c>\"\n}\n", text.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
