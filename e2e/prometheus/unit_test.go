package prometheus_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
)

// unitFile is a file for promtool test rules.
type unitFile struct {
	RuleFiles          []string      `yaml:"rule_files"`
	EvaluationInterval time.Duration `yaml:"evaluation_interval"`
	// GroupOrder makes what is recorded known to the alerts at the same moment.
	GroupOrder []string   `yaml:"group_eval_order"`
	Tests      []unitTest `yaml:"tests"`
}

type unitTest struct {
	Name     string        `yaml:"name"`
	Interval time.Duration `yaml:"interval"`
	Input    []unitSeries  `yaml:"input_series"`
	Alerts   []unitAlert   `yaml:"alert_rule_test"`
	Silences []unitSilence `yaml:"promql_expr_test"`
}

type unitSeries struct{ Series, Values string }

type unitAlert struct {
	At       time.Duration  `yaml:"eval_time"`
	Name     string         `yaml:"alertname"`
	Expected []unitExpected `yaml:"exp_alerts"`
}

// unitSilence is an expression that must have no result: promtool knows alerts by
// their name only, which several scopes share.
type unitSilence struct {
	At   time.Duration `yaml:"eval_time"`
	Expr string
}

type unitExpected struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// unit is a test of one alert.
type unit struct {
	rule  rule
	input []unitSeries
	// silent is when it must not fire, fires when it must.
	silent []time.Duration
	fires  time.Duration
	// labels and annotations are those of the one alert that fires, beside those
	// that the rule has as they come.
	labels, annotations map[string]string
}

func (u unit) test() unitTest {
	test := unitTest{
		Name: u.rule.Alert + ", " + u.rule.Labels["scope"] + ", " + u.rule.Labels["severity"], Interval: time.Minute, Input: u.input,
	}
	for _, at := range u.silent {
		test.Silences = append(test.Silences, unitSilence{at, fmt.Sprintf(
			`ALERTS{alertname=%q,scope=%q,severity=%q,alertstate="firing"}`, u.rule.Alert, u.rule.Labels["scope"], u.rule.Labels["severity"],
		)})
	}
	if u.labels == nil {
		return test
	}
	test.Alerts = append(test.Alerts, unitAlert{At: u.fires, Name: u.rule.Alert, Expected: []unitExpected{{
		Labels: merge(u.rule.Labels, u.labels), Annotations: merge(u.rule.Annotations, u.annotations),
	}}})
	return test
}

// merge returns all entries; of the same key that of the last map.
func merge(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range all {
		maps.Copy(merged, m)
	}
	return merged
}

// The labels of the targets.
const (
	unitAccount = "123456789012"
	unitProfile = "app-profile"
	unitOf      = "profile " + unitProfile + " in account " + unitAccount
)

var (
	accountLabels  = map[string]string{"account_id": unitAccount}
	regionLabels   = merge(accountLabels, map[string]string{"job": "imds-probe", "region": "eu-west-1"})
	instanceLabels = merge(regionLabels, map[string]string{"instance": "i-0"})
	vantageLabels  = merge(instanceLabels, map[string]string{"vantage": "host"})
	withProfile    = map[string]string{"profile": unitProfile}
)

// series writes a series of an instance, with more labels.
func series(name, instance, more, values string) unitSeries {
	return unitSeries{fmt.Sprintf(`%s{job="imds-probe",instance=%q,account_id=%q,region="eu-west-1"%s}`, name, instance, unitAccount, more), values}
}

const host = `,vantage="host"`

// reporting is an instance whose agent sees its profile.
func reporting(instance string) []unitSeries {
	const arn = "arn:aws:iam::" + unitAccount + ":instance-profile/path/" + unitProfile
	return []unitSeries{
		series("imds_up", instance, host, "1+0x200"),
		series("imds_last_round_timestamp_seconds", instance, host, "0+60x200"),
		series("imds_instance_profile_info", instance, fmt.Sprintf(`%s,instance_profile_arn=%q,instance_profile_id="AIPA",role="app"`, host, arn), "1+0x200"),
	}
}

// failsAt is when failing's condition begins.
const failsAt = 3 * time.Minute

// failing is an instance that is well at first and then in the condition.
func failing(instance, more string, c probes.Condition) []unitSeries {
	return []unitSeries{
		series("imds_condition", instance, more+`,condition="healthy"`, "1 1 1 0+0x200"),
		series("imds_condition", instance, more+fmt.Sprintf(`,condition=%q`, c), "0 0 0 1+0x200"),
	}
}

// five repeats what an instance shows for five of them.
func five(of func(instance string) []unitSeries) (all []unitSeries) {
	for i := range 5 {
		all = append(all, of(fmt.Sprintf("i-%d", i))...)
	}
	return all
}

func held(t *testing.T, r rule) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(r.For)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// conditionUnits tests the alerts of a condition: silent while it is not there
// and until it has lasted, then firing with the catalogue's words.
func conditionUnits(t *testing.T, c probes.Condition) []unit {
	t.Helper()
	e, rules := probes.Explain(c), shippedRules(t)
	show := func(instance string) []unitSeries { return append(reporting(instance), failing(instance, host, c)...) }
	single, profile := ruleOf(t, rules, "vantage:imds_condition:current", c), ruleOf(t, rules, "profile:imds_instances:count", c)
	condition := map[string]string{"condition": c.String()}
	return []unit{{
		rule: single, input: show("i-0"),
		silent: []time.Duration{failsAt - time.Minute, failsAt + held(t, single) - time.Minute}, fires: failsAt + held(t, single),
		labels:      merge(vantageLabels, withProfile, condition),
		annotations: merge(wordsOf(e), map[string]string{"summary": "i-0 (host): " + e.Title}),
	}, {
		rule: profile, input: five(show),
		silent: []time.Duration{failsAt - time.Minute}, fires: failsAt + held(t, profile),
		labels:      merge(accountLabels, withProfile, condition),
		annotations: merge(wordsOf(e), map[string]string{"summary": "5 instances of " + unitOf + ": " + e.Title}),
	}}
}

// accountUnits tests the alerts on many profiles, which are known by a tag here.
func accountUnits(t *testing.T) (all []unit) {
	t.Helper()
	for _, c := range []probes.Condition{probes.ConditionIMDSDisabled, probes.ConditionThrottled} {
		r := find(t, "IMDSManyProfiles", "account", c.Severity().String())
		condition := map[string]string{"condition": c.String()}
		annotations := map[string]string{}
		for name, text := range r.Annotations {
			annotations[name] = strings.ReplaceAll(text, "{{ $labels.condition }}", c.String())
		}
		annotations["summary"] = fmt.Sprintf("5 profiles of account %s have instances in the condition %s", unitAccount, c)
		all = append(all, unit{
			rule: r, silent: []time.Duration{failsAt - time.Minute}, fires: failsAt + held(t, r),
			input: five(func(instance string) []unitSeries {
				tagged := host + fmt.Sprintf(`,profile="profile-of-%s"`, instance)
				return append(failing(instance, tagged, c), series("imds_up", instance, tagged, "1+0x200"))
			}),
			labels: merge(accountLabels, condition), annotations: annotations,
		})
		// As many, but not even half of the account's.
		few := all[len(all)-1]
		few.labels, few.silent = nil, []time.Duration{time.Hour}
		for i := range 6 {
			few.input = append(few.input, series("imds_up", fmt.Sprintf("i-1%d", i), host+fmt.Sprintf(`,profile="well-%d"`, i), "1+0x200"))
		}
		all = append(all, few)
	}
	return all
}

// find returns the one alert of a name, scope and severity.
func find(t *testing.T, alert, scope, severity string) rule {
	t.Helper()
	rules := shippedRules(t)
	i := slices.IndexFunc(rules, func(r rule) bool {
		return r.Alert == alert && r.Labels["scope"] == scope && r.Labels["severity"] == severity
	})
	if i < 0 {
		t.Fatalf("no alert %s of scope %s and severity %s", alert, scope, severity)
	}
	return rules[i]
}

func summary(text string) map[string]string { return map[string]string{"summary": text} }

// gaugeUnits tests the alerts on what gauges tell by themselves.
func gaugeUnits(t *testing.T) []unit {
	t.Helper()
	expiring := func(instance string) []unitSeries {
		return append(reporting(instance), series("imds_credentials_expiration_timestamp_seconds", instance, host, "10000+0x200"))
	}
	with := func(name, more, values string) []unitSeries {
		return append(reporting("i-0"), series(name, "i-0", more, values))
	}
	profiled := merge(accountLabels, withProfile)
	return []unit{{
		rule: find(t, "IMDSCredentialsExpiring", "instance", "critical"), input: expiring("i-0"),
		silent: []time.Duration{105 * time.Minute, 116 * time.Minute}, fires: 117 * time.Minute,
		labels:      merge(vantageLabels, withProfile),
		annotations: summary("i-0 (host): the last credentials seen expire in 49m 40s"),
	}, {
		rule: find(t, "IMDSCredentialsExpiring", "profile", "critical"), input: five(expiring),
		silent: []time.Duration{111 * time.Minute}, fires: 112 * time.Minute, labels: profiled,
		annotations: summary("5 instances of " + unitOf + ": the last credentials seen expire within the hour"),
	}, {
		rule: find(t, "IMDSLinkLocalDrops", "instance", "warning"), input: with("imds_linklocal_allowance_exceeded_total", `,device="eth0"`, "7+0x20 7+10x60"),
		silent: []time.Duration{20 * time.Minute, 25 * time.Minute}, fires: 40 * time.Minute,
		labels:      merge(instanceLabels, map[string]string{"device": "eth0"}),
		annotations: summary("i-0: eth0 dropped 100 packets to link-local services in ten minutes"),
	}, {
		rule: find(t, "IMDSv1Enabled", "profile", "info"), input: with("imds_v1_enabled", "", "0 0 0 1+0x60"),
		silent: []time.Duration{2 * time.Minute, 12 * time.Minute}, fires: 13 * time.Minute, labels: profiled,
		annotations: summary("1 instances of " + unitOf + " answer requests without a session token"),
	}, {
		rule: find(t, "IMDSHopLimitOne", "profile", "info"), input: with("imds_token_hop_limit_min", "", "2 2 2 1+0x60"),
		silent: []time.Duration{2 * time.Minute, 12 * time.Minute}, fires: 13 * time.Minute, labels: profiled,
		annotations: summary("1 instances of " + unitOf + " have a hop limit of 1"),
	}}
}

// longestInterval is the longest --probe.interval that the daemon takes. The alert
// on agents without rounds relies on it.
const longestInterval = 5 * time.Minute

// TestLongestInterval holds the daemon to it.
func TestLongestInterval(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), harness.Build(t, "imds-probe"), "run", "--probe.interval="+(longestInterval+time.Second).String())
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "must not be above "+longestInterval.String()) {
		t.Errorf("a longer interval: %v: %s", err, out)
	}
}

// longest returns when the last round ended, each minute, at that interval.
func longest() string {
	var b strings.Builder
	minutes := int(longestInterval / time.Minute)
	for i := range 200 / minutes {
		fmt.Fprintf(&b, "%dx%d ", i*int(longestInterval.Seconds()), minutes-1)
	}
	return b.String()
}

// agentUnits tests the alerts on the witness itself.
func agentUnits(t *testing.T) []unit {
	t.Helper()
	down := func(instance string) []unitSeries { return []unitSeries{series("up", instance, "", "1 1 1 0+0x60")} }
	stuck := series("imds_last_round_timestamp_seconds", "i-0", host, "0+60x10 600+0x60")
	account := "account " + unitAccount
	return []unit{{
		rule: find(t, "IMDSProbeDown", "instance", "warning"), input: down("i-0"),
		silent: []time.Duration{2 * time.Minute, 7 * time.Minute}, fires: 8 * time.Minute, labels: instanceLabels,
		annotations: summary("i-0: imds-probe has not answered a scrape for five minutes"),
	}, {
		rule: find(t, "IMDSProbesMostlyDown", "account", "critical"), input: append(five(down), series("up", "i-5", "", "1+0x60")),
		silent: []time.Duration{5 * time.Minute}, fires: 6 * time.Minute, labels: regionLabels,
		annotations: summary("Only 16.67% of the agents of " + account + " answer scrapes"),
	}, {
		rule: find(t, "IMDSProbeAbsent", "account", "critical"), input: []unitSeries{{"up{job=\"other\"}", "1+0x60"}},
		silent: []time.Duration{9 * time.Minute}, fires: 10 * time.Minute, labels: map[string]string{"job": "imds-probe"},
	}, {
		rule:  find(t, "IMDSProbeAbsent", "account", "critical"), // by textfile there is no such job
		input: reporting("i-0"), silent: []time.Duration{time.Hour},
	}, {
		rule:   find(t, "IMDSProbeStale", "instance", "warning"), // the longest interval that the agent takes
		input:  []unitSeries{series("imds_last_round_timestamp_seconds", "i-0", host, longest())},
		silent: []time.Duration{20 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour},
	}, {
		rule: find(t, "IMDSProbeStale", "instance", "warning"), input: []unitSeries{stuck},
		silent: []time.Duration{19 * time.Minute, 24 * time.Minute}, fires: 25 * time.Minute, labels: vantageLabels,
		annotations: summary("i-0 (host): no round has ended for more than ten minutes"),
	}, {
		rule:   find(t, "IMDSProbeStale", "instance", "warning"), // the vantage does not exist
		input:  []unitSeries{series("imds_last_round_timestamp_seconds", "i-0", host, "0+60x10 stale"), series("imds_condition", "i-0", host+`,condition="unknown"`, "1+0x60")},
		silent: []time.Duration{15 * time.Minute, 20 * time.Minute, time.Hour},
	}, {
		rule:   find(t, "IMDSProbeVanished", "instance", "warning"),
		input:  []unitSeries{series("imds_up", "i-0", host, "1+0x90 stale"), series("up", "i-0", "", "1+0x200")},
		silent: []time.Duration{90 * time.Minute, 95 * time.Minute}, fires: 96 * time.Minute, labels: instanceLabels,
		annotations: summary("i-0: the metrics of imds-probe are gone, and its target still answers"),
	}, {
		rule:   find(t, "IMDSProbeVanished", "instance", "warning"), // the whole instance is gone
		input:  []unitSeries{series("imds_up", "i-0", host, "1+0x90 stale"), series("up", "i-0", "", "1+0x90 stale")},
		silent: []time.Duration{100 * time.Minute},
	}, {
		rule: find(t, "IMDSRecordingRulesMissing", "account", "critical"), input: reporting("i-0"),
		silent: []time.Duration{4 * time.Minute}, fires: 5 * time.Minute, labels: map[string]string{},
		annotations: summary("1 vantages report metrics, but vantage:imds_condition:current is missing"),
	}, {
		rule:  find(t, "IMDSRecordingRulesMissing", "account", "critical"),
		input: append(reporting("i-0"), failing("i-0", host, probes.ConditionNoRole)...), silent: []time.Duration{time.Hour},
	}}
}

// negativeUnits tests what must not alert, though it is near to what does.
func negativeUnits(t *testing.T) []unit {
	t.Helper()
	const expiration = "imds_credentials_expiration_timestamp_seconds"
	ago := func(instance, more string) unitSeries { return series(expiration, instance, more, "60+0x200") }
	in := func(c probes.Condition) func(string) []unitSeries {
		return func(instance string) []unitSeries {
			return append(reporting(instance), ago(instance, host), series("imds_condition", instance, host+fmt.Sprintf(`,condition=%q`, c), "1+0x200"))
		}
	}
	anonymous := func(instance string) []unitSeries {
		return append(failing(instance, host, probes.ConditionNoRole), series("imds_up", instance, host, "1+0x200"),
			series("imds_last_round_timestamp_seconds", instance, host, "0+60x200"), ago(instance, host))
	}
	// It was there, and so was its agent before it was restarted.
	gone := func(instance string) []unitSeries {
		const container = `,vantage="netns:/run/netns/app"`
		return append(reporting(instance), ago(instance, container), series("imds_condition", instance, container+`,condition="unknown"`, "1+0x200"))
	}
	expiring, many := find(t, "IMDSCredentialsExpiring", "instance", "critical"), find(t, "IMDSCredentialsExpiring", "profile", "critical")
	noRole := ruleOf(t, shippedRules(t), "profile:imds_instances:count", probes.ConditionNoRole)
	whole := []time.Duration{30 * time.Minute, time.Hour, 3 * time.Hour}
	return []unit{
		{rule: expiring, input: gone("i-0"), silent: whole},
		{rule: many, input: five(gone), silent: whole},
		{rule: many, input: five(in(probes.ConditionNoRole)), silent: whole}, // has a page of its own
		{rule: many, input: five(anonymous), silent: whole},                  // they share no profile
		{rule: noRole, input: five(anonymous), silent: whole},
		{ // rounds are made, and end without a verdict for want of something on the host
			rule: expiring, input: in(probes.ConditionUnknown)("i-0"), fires: time.Hour, labels: merge(vantageLabels, withProfile),
			annotations: summary("i-0 (host): the last credentials seen expire in -59m 0s"),
		},
	}
}

// TestRules has promtool run a test of every alert, in which it is silent and in
// which it fires.
func TestRules(t *testing.T) {
	units := slices.Concat(accountUnits(t), gaugeUnits(t), agentUnits(t), negativeUnits(t))
	for _, c := range probes.Conditions() {
		if c != probes.ConditionHealthy {
			units = append(units, conditionUnits(t, c)...)
		}
	}
	dir := filepath.Join(harness.Root(), "deploy", "prometheus")
	file := unitFile{
		RuleFiles:          []string{filepath.Join(dir, "imds-probe-recording.rules.yml"), filepath.Join(dir, "imds-probe.rules.yml")},
		EvaluationInterval: time.Minute,
		GroupOrder: []string{
			"imds-probe-profiles", "imds-probe-fleet", "imds-probe-instance-critical", "imds-probe-profile-critical",
			"imds-probe-instance-warning", "imds-probe-profile-warning", "imds-probe-account", "imds-probe-gauges", "imds-probe-agents",
		},
	}
	tested := map[string]bool{}
	for _, u := range units {
		test := u.test()
		file.Tests = append(file.Tests, test)
		if len(u.silent) > 0 && u.labels != nil {
			tested[test.Name] = true
		}
	}
	for _, r := range shippedRules(t) {
		if name := (unit{rule: r}).test().Name; !tested[name] {
			t.Errorf("%s: no test in which it is silent and fires", name)
		}
	}
	path := filepath.Join(t.TempDir(), "rules.test.yml")
	writeYAML(t, path, file)
	promtool(t, "test", "rules", path)
}
