package report_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/probes"
)

// TestSpan wants the two largest units of a duration, cut and never rounded up.
func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour:              "0 s",
		0:                       "0 s",
		time.Second - 1:         "0 s",
		59 * time.Second:        "59 s",
		time.Minute - 1:         "59 s",
		time.Minute:             "1 min 00 s",
		time.Hour - 1:           "59 min 59 s",
		time.Hour:               "1 h 00 min",
		day - 1:                 "23 h 59 min",
		day:                     "1 d 0 h",
		2*day - 1:               "1 d 23 h",
		400*day + 5*time.Hour:   "400 d 5 h",
		65 * time.Minute:        "1 h 05 min",
		2*time.Minute + 3*1e9:   "2 min 03 s",
		-24 * 365 * time.Hour:   "0 s",
		3*day + 59*time.Minute:  "3 d 0 h",
		10*time.Hour + 30*60e9:  "10 h 30 min",
		100 * time.Millisecond:  "0 s",
		1500 * time.Millisecond: "1 s",
	} {
		if got := report.Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestAway wants this very moment to be ahead, as nothing has passed since.
func TestAway(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "in 0 s", time.Minute: "in 1 min 00 s", -time.Minute: "1 min 00 s ago", -time.Second: "1 s ago",
	} {
		if got := report.Away(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestExchangeWords words what was asked, what came back, and when.
func TestExchangeWords(t *testing.T) {
	const path = "/latest/meta-data/"
	for name, tc := range map[string]struct {
		exchange report.Exchange
		want     [3]string
	}{
		"whole": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Status: 200, Server: "EC2ws", ConnectSeconds: 0.0001, FirstByteSeconds: 0.00025, DurationSeconds: 0.002},
			[3]string{"GET " + path, `200 from "EC2ws"`, "connected 0.1 ms, first byte 0.2 ms, end 2.0 ms"},
		},
		"a GET without a token": {
			report.Exchange{Method: "GET", Path: path, Status: 401, Server: "EC2ws", FirstByteSeconds: 0.001, DurationSeconds: 0.001},
			[3]string{"GET " + path + " (without a token)", `401 from "EC2ws"`, "first byte 1.0 ms, end 1.0 ms"},
		},
		"the PUT has none yet": {
			report.Exchange{Method: "PUT", Path: "/latest/api/token", Status: 200, Server: "EC2ws"},
			[3]string{"PUT /latest/api/token", `200 from "EC2ws"`, "end 0.0 ms"},
		},
		"a server without a name": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Status: 200, ConnectSeconds: 0.001, DurationSeconds: 0.003},
			[3]string{"GET " + path, "200 without a Server header", "connected 1.0 ms, end 3.0 ms"},
		},
		"no answer": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Error: "connect_refused", Errno: "ECONNREFUSED", DurationSeconds: 0.001},
			[3]string{"GET " + path, "connect refused, ECONNREFUSED", "end 1.0 ms"},
		},
		"no system error": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Error: "answer_timeout", DurationSeconds: 1},
			[3]string{"GET " + path, "answer timeout", "end 1000.0 ms"},
		},
		"half an answer": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Status: 200, Server: "EC2ws", Error: "answer_truncated", DurationSeconds: 1},
			[3]string{"GET " + path, `200 from "EC2ws", answer truncated`, "end 1000.0 ms"},
		},
		"a server that claims a name without an answer": {
			report.Exchange{Method: "GET", Path: path, WithToken: true, Server: "EC2ws"},
			[3]string{"GET " + path, "", "end 0.0 ms"},
		},
	} {
		got := [3]string{tc.exchange.Asked(), tc.exchange.Answered(), tc.exchange.Phases()}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestSkipped wants the reason why a step was not asked that a person would give.
func TestSkipped(t *testing.T) {
	const (
		failed = "not asked: a step before it did not pass"
		absent = "not asked: there is no instance profile"
		early  = "not asked yet"
	)
	some := []report.Probe{{Probe: probes.ProbeToken, Reason: probes.ReasonConnectRefused}, {Probe: probes.ProbeIAM}}
	none := []report.Probe{{Probe: probes.ProbeToken, Reason: probes.ReasonOK}, {Probe: probes.ProbeIAM, Reason: probes.ReasonAbsentAsExpected}}
	for name, tc := range map[string]struct {
		vantage report.Vantage
		want    string
	}{
		"a step failed":          {report.Vantage{CheckedAt: &time.Time{}, Probes: some, Reason: probes.ReasonConnectRefused}, failed},
		"no profile, as allowed": {report.Vantage{CheckedAt: &time.Time{}, Probes: none}, absent},
		"no round yet":           {report.Vantage{Probes: some}, early},
		"the vantage is gone":    {report.Vantage{CheckedAt: &time.Time{}, Probes: some, Reason: probes.ReasonVantageGone}, early},
	} {
		if got := tc.vantage.Skipped(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestRoot wants the mark beside the step of the root alone, and to tell a step that
// failed from one that passed and shows what is wrong.
func TestRoot(t *testing.T) {
	root := probes.ProbeIAM
	v := report.Vantage{RootProbe: &root}
	if !v.IsRoot(report.Probe{Probe: root}) || v.IsRoot(report.Probe{Probe: probes.ProbeToken}) {
		t.Error("another step is the root")
	}
	if (report.Vantage{}).IsRoot(report.Probe{}) {
		t.Error("a vantage without a root has one")
	}
	for status, want := range map[probes.Status]string{probes.StatusFail: "it stopped here", probes.StatusPass: "it shows here"} {
		if got := (report.Probe{Status: status}).RootMark(); got != want {
			t.Errorf("%v: %q", status, got)
		}
	}
}

// TestFacts lists what was seen and nothing that was not, and EC2's code only where it
// is none of success, in whatever case.
func TestFacts(t *testing.T) {
	seen := report.Vantage{Role: "app", InstanceProfileARN: "arn", InstanceProfileID: "AIPA", Code: "InstanceProfileNotFound"}
	want := []report.Fact{{"role", "app"}, {"profile", "arn"}, {"profile id", "AIPA"}, {"EC2's code", "InstanceProfileNotFound"}}
	if diff := cmp.Diff(want, seen.Facts()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, code := range []string{"", "Success", "success"} {
		if facts := (report.Vantage{Code: code}).Facts(); len(facts) != 0 {
			t.Errorf("%q: %v", code, facts)
		}
	}
}

// TestAdvices wants each condition once, the most urgent first, with the words of the
// first vantage that sees it and the names of all that do.
func TestAdvices(t *testing.T) {
	steps := []report.Step{{Text: "Do it", Command: "aws"}}
	vantage := func(name string, c probes.Condition) report.Vantage {
		return report.Vantage{Name: name, Condition: c, Severity: c.Severity(), Summary: "seen by " + name, Steps: steps}
	}
	type advice struct {
		condition probes.Condition
		summary   string
		vantages  []string
	}
	for name, tc := range map[string]struct {
		vantages []report.Vantage
		want     []advice
	}{
		"nothing to do": {[]report.Vantage{vantage("host", probes.ConditionHealthy)}, nil},
		"one vantage":   {[]report.Vantage{vantage("host", probes.ConditionNoRole)}, []advice{{probes.ConditionNoRole, "seen by host", nil}}},
		"one of two": {
			[]report.Vantage{vantage("host", probes.ConditionHealthy), vantage("user:app", probes.ConditionFirewallBlocked)},
			[]advice{{probes.ConditionFirewallBlocked, "seen by user:app", []string{"user:app"}}},
		},
		"the same twice": {
			[]report.Vantage{vantage("host", probes.ConditionNoRole), vantage("user:app", probes.ConditionNoRole)},
			[]advice{{probes.ConditionNoRole, "seen by host", []string{"host", "user:app"}}},
		},
		"by urgency": {
			[]report.Vantage{
				vantage("a", probes.ConditionUnknown), vantage("b", probes.ConditionThrottled), vantage("c", probes.ConditionNoRole),
				vantage("d", probes.ConditionClockSkewed), vantage("e", probes.ConditionFirewallBlocked), vantage("f", probes.ConditionNoRole),
			},
			[]advice{
				{probes.ConditionNoRole, "seen by c", []string{"c", "f"}},
				{probes.ConditionFirewallBlocked, "seen by e", []string{"e"}},
				{probes.ConditionThrottled, "seen by b", []string{"b"}},
				{probes.ConditionClockSkewed, "seen by d", []string{"d"}},
				{probes.ConditionUnknown, "seen by a", []string{"a"}},
			},
		},
	} {
		var got []advice
		for _, a := range (report.Report{Vantages: tc.vantages}).Advices() {
			got = append(got, advice{a.Condition, a.Summary, a.Vantages})
			entry := probes.Explain(a.Condition)
			want := report.Advice{
				Condition: a.Condition, Severity: entry.Severity, Title: entry.Title, Summary: a.Summary, Meaning: entry.Meaning,
				Steps: steps, Doc: entry.Doc, Vantages: a.Vantages,
			}
			if diff := cmp.Diff(want, a); diff != "" {
				t.Errorf("%s: -want +got:\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(advice{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
