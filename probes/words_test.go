package probes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

// TestIAMNames wants names of IAM's own alphabet and length, and none that would
// change the path of a request.
func TestIAMNames(t *testing.T) {
	long := strings.Repeat("a", 128)
	for name, want := range map[string]bool{
		"app": true, "A-z_0+=,.@": true, long: true, "...": true, long + "a": false,
		"": false, ".": false, "..": false, "a/b": false, "a b": false, "a\n": false, "ä": false,
	} {
		if got := probes.IsIAMName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	const prefix = "arn:aws-us-gov:iam::123456789012:instance-profile/"
	for arn, want := range map[string]string{
		prefix + "app": "app", prefix + "path/to/app": "app", " " + prefix + "app\n": "app", prefix + long: long,
		prefix + long + "a": "", prefix: "", "arn:aws:iam::123456789012:role/app": "", "app": "",
	} {
		if got := probes.ProfileName(arn); got != want {
			t.Errorf("%q: %q, want %q", arn, got, want)
		}
	}
}

// TestAnchored wants an expression to match the whole of a text, however it is written.
func TestAnchored(t *testing.T) {
	if re, err := probes.Anchored(""); re != nil || err != nil {
		t.Errorf("the empty one: %v, %v", re, err)
	}
	if _, err := probes.Anchored("("); err == nil || !strings.Contains(err.Error(), `"("`) {
		t.Errorf("%v", err)
	}
	re, err := probes.Anchored("a|b")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"a": true, "b": true, "ab": false, "xa": false, "": false, "a\n": false} {
		if re.MatchString(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
	for server, want := range map[string]bool{"EC2ws": true, "ec2ws": false, "": false, "a": true, "aa": false} {
		if got := (probes.Policy{AllowServer: re}).IsIMDS(probes.Exchange{Server: server}); got != want {
			t.Errorf("server %q: %v", server, got)
		}
	}
}

// TestTimesOfJSON wants the years that RFC 3339 has a form for, and no others.
func TestTimesOfJSON(t *testing.T) {
	for _, tc := range []struct {
		year int
		want bool
	}{{-1, false}, {0, true}, {2026, true}, {9999, true}, {10000, false}} {
		if got := probes.HasFormInUTC(time.Date(tc.year, 6, 1, 0, 0, 0, 0, time.UTC)); got != tc.want {
			t.Errorf("%d: %v", tc.year, got)
		}
	}
}

// TestSteps wants names that were seen to be filled in, if IAM allows them.
func TestSteps(t *testing.T) {
	step := probes.Step{Text: "Do", Command: "aws PROFILE ROLE EXPECTED_PROFILE"}
	if got := step.String(); got != "Do: "+step.Command {
		t.Errorf("%q", got)
	}
	if got := (probes.Step{Text: "Wait"}).String(); got != "Wait" {
		t.Errorf("%q", got)
	}
	for _, tc := range []struct{ profile, role, want string }{
		{"p", "r", "aws p r EXPECTED_PROFILE"}, {"", "r", "aws PROFILE r EXPECTED_PROFILE"}, {"$(x)", "..", "aws PROFILE ROLE EXPECTED_PROFILE"},
	} {
		if got := step.With(tc.profile, tc.role).Command; got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	entry := probes.Explain(probes.ConditionNoRole)
	steps := entry.RemedyFor("p", "r")
	if len(steps) != len(entry.Remedy) || !strings.Contains(steps[0].Command, "--instance-profile-name p") || strings.Contains(entry.Remedy[0].Command, " p") {
		t.Errorf("%+v", steps)
	}
	if got := probes.Explain(probes.Condition(200)); got.Condition != probes.ConditionUnknown {
		t.Errorf("outside of the set: %v", got.Condition)
	}
	if got := probes.Explain(probes.Condition(len(probes.Conditions()))); got.Condition != probes.ConditionUnknown {
		t.Errorf("just outside of the set: %v", got.Condition)
	}
}

// TestQuestions wants one for each probe and none for what is no probe.
func TestQuestions(t *testing.T) {
	for _, p := range probes.Ladder() {
		if !strings.HasSuffix(p.Question(), "?") {
			t.Errorf("%v: %q", p, p.Question())
		}
	}
	for _, p := range []probes.Probe{probes.Probe(len(probes.Ladder())), 255} {
		if got := p.Question(); got != "" {
			t.Errorf("%d: %q", p, got)
		}
	}
}

// TestRounds adds up what a round took, and lists what it asked.
func TestRounds(t *testing.T) {
	r := probes.Round{Start: now, Duration: time.Minute}
	first, second, third := probes.Exchange{Path: "1", Total: time.Second}, probes.Exchange{Path: "2", Total: 2 * time.Second}, probes.Exchange{Path: "3"}
	r.Results[probes.ProbeToken].Exchanges = []probes.Exchange{first, second}
	r.Results[probes.ProbeIAM].Exchanges = []probes.Exchange{third}
	if diff := cmp.Diff([]probes.Exchange{first, second, third}, r.Exchanges()); diff != "" {
		t.Error(diff)
	}
	if got := r.Result(probes.ProbeToken).Duration(); got != 3*time.Second {
		t.Errorf("%v", got)
	}
	if got := r.End(); got != now.Add(time.Minute) {
		t.Errorf("%v", got)
	}
	r.Clock = bounds(time.Hour, time.Hour)
	if got := r.Now(); got != now.Add(-59*time.Minute) {
		t.Errorf("by IMDS's clock %v", got)
	}
}

// TestLife halves a life of four hours.
func TestLife(t *testing.T) {
	l := probes.Life{Born: now, Expires: now.Add(4 * time.Hour)}
	if got := l.At(0.75); got != now.Add(time.Hour) {
		t.Errorf("%v", got)
	}
	for after, want := range map[time.Duration]float64{-time.Hour: 1, 0: 1, time.Hour: 0.75, 4 * time.Hour: 0, 5 * time.Hour: 0} {
		if got := l.Left(now.Add(after)); got != want {
			t.Errorf("after %v: %v, want %v", after, got, want)
		}
	}
}
