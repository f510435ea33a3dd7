package deploy_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
)

var update = flag.Bool("update", false, "write the generated files")

// runbook is where runbook links lead. A fork replaces it here, runs
// `go test ./deploy -update`, and is done: docs/deploying.md says so.
const runbook = "https://github.com/imds-probe/imds-probe/blob/main/docs/runbook.md"

const rulesFile = "prometheus/imds-probe.rules.yml"

// held is for how long a condition must last before it alerts: as long as it
// takes to be more than what heals by itself.
func held(c probes.Condition) (minutes int) {
	switch c {
	case probes.ConditionProfileChanged:
		return 60 // the next refresh, due within the hour, mends it
	case probes.ConditionRotationStalled:
		return 15 // longer than IMDSCredentialsExpiring, which takes its place
	case probes.ConditionUnknown:
		return 30 // a vantage that comes and goes, such as a container's
	default:
		if alertSeverity(c) == "critical" {
			return 2 // an instance that boots has its profile by then
		}
		return 10
	}
}

// alertSeverity returns the severity of the condition's alert; "" for none.
func alertSeverity(c probes.Condition) string {
	switch s := c.Severity(); s {
	case probes.SeverityOK:
		return ""
	case probes.SeverityUnknown:
		return probes.SeverityWarning.String() // nobody watches that vantage: a ticket
	default:
		return s.String()
	}
}

// alertName returns the name of a condition's alert: no_role is IMDSNoRole.
func alertName(c probes.Condition) string {
	var name strings.Builder
	for word := range strings.SplitSeq(strings.TrimPrefix(c.String(), "imds_"), "_") {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return "IMDS" + name.String()
}

// conditionAlert is what the template needs of a condition.
type conditionAlert struct {
	probes.Entry
	Alert, For, FleetFor string
}

// rulesData is what the template reads.
type rulesData struct {
	Notice, Runbook  string
	Profile, Account string
	Severities       []string
}

// Conditions returns the alerts of a severity.
func (rulesData) Conditions(severity string) (all []conditionAlert) {
	for _, c := range probes.Conditions() {
		if alertSeverity(c) == severity {
			all = append(all, conditionAlert{
				probes.Explain(c), alertName(c),
				fmt.Sprintf("%dm", held(c)), fmt.Sprintf("%dm", held(c)/2),
			})
		}
	}
	return all
}

// Names returns the conditions of a severity as a regular expression.
func (d rulesData) Names(severity string) string {
	var all []probes.Condition
	for _, c := range d.Conditions(severity) {
		all = append(all, c.Condition)
	}
	return alternatives(all)
}

func alternatives(conditions []probes.Condition) string {
	names := make([]string, len(conditions))
	for i, c := range conditions {
		names[i] = c.String()
	}
	return strings.Join(names, "|")
}

// withholding are the conditions that keep an instance from new credentials, and so
// explain that the old ones run out.
var withholding = []probes.Condition{
	probes.ConditionFirewallBlocked, probes.ConditionHopLimitTooLow, probes.ConditionIMDSDisabled,
	probes.ConditionTokenRefused, probes.ConditionIntercepted, probes.ConditionIMDSError,
	probes.ConditionNoInstanceProfile, probes.ConditionInstanceProfileNotFound, probes.ConditionNoRole,
	probes.ConditionAssumeRoleUnauthorized, probes.ConditionCredentialsError,
	probes.ConditionCredentialsMalformed, probes.ConditionCredentialsExpired,
}

// Withholding returns those conditions as a regular expression.
func (rulesData) Withholding() string { return alternatives(withholding) }

// AccountFor is how long many profiles must share a condition.
func (rulesData) AccountFor(severity string) string {
	if severity == "critical" {
		return "1m"
	}
	return "5m"
}

// annotations writes the catalogue's words, as YAML.
func annotations(a conditionAlert) string {
	var b strings.Builder
	line := func(name, text string) { fmt.Fprintf(&b, "          %s: %s\n", name, quote(escape(text))) }
	line("title", a.Title)
	line("description", a.Meaning)
	b.WriteString("          remedy: |-\n")
	for i, step := range a.Remedy {
		fmt.Fprintf(&b, "            %d. %s\n", i+1, escape(step.String()))
	}
	line("doc", a.Doc)
	fmt.Fprintf(&b, "          runbook_url: %s#%s", runbook, a.Condition)
	return b.String()
}

// escape keeps Prometheus from taking text for its own templates.
func escape(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// quote writes text as a YAML string.
func quote(text string) string {
	if strings.ContainsAny(text, "\"\\") {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return strconv.Quote(text)
}

func renderRules(t *testing.T) string {
	t.Helper()
	tmpl, err := template.New("imds-probe.rules.yml.tmpl").
		Delims("[[", "]]").
		Funcs(template.FuncMap{"annotations": annotations, "quote": quote}).
		ParseFiles(rulesFile + ".tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err = tmpl.Execute(&b, rulesData{
		Notice:     "# Written by `go test ./deploy -update` from imds-probe.rules.yml.tmpl and the\n# catalogue in package probes. Do not edit.",
		Runbook:    runbook,
		Profile:    `{{ with $labels.profile }}profile {{ . }}{{ else }}no known profile{{ end }}{{ with $labels.account_id }} in account {{ . }}{{ end }}`,
		Account:    `{{ with $labels.account_id }}account {{ . }}{{ else }}this fleet{{ end }}`,
		Severities: []string{"critical", "warning"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRulesAreTheCatalogue holds the rules to the catalogue's words.
func TestRulesAreTheCatalogue(t *testing.T) {
	want := renderRules(t)
	if *update {
		if err := os.WriteFile(rulesFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, rulesFile)); diff != "" {
		t.Errorf("run go test ./deploy -update: -want +got:\n%s", diff)
	}
}

// TestInhibitionKnowsTheConditions holds the conditions that silence
// IMDSCredentialsExpiring to those that its rule leaves out: pages all, so that a
// page is silenced by a page.
func TestInhibitionKnowsTheConditions(t *testing.T) {
	if want := `condition=~"` + alternatives(withholding) + `"`; !strings.Contains(read(t, "alertmanager/alertmanager.yml"), want) {
		t.Errorf("alertmanager.yml does not say %s", want)
	}
	for _, c := range withholding {
		if alertSeverity(c) != "critical" {
			t.Errorf("%s is no page", c)
		}
	}
}

// maxRules is how many rules a group may have where Mimir's and Amazon Managed
// Prometheus's rulers have their defaults.
const maxRules = 20

func TestGroupsAreSmall(t *testing.T) {
	for _, file := range []string{rulesFile, "prometheus/imds-probe-recording.rules.yml"} {
		for _, group := range strings.Split(read(t, file), "\n  - name: ")[1:] {
			name, _, _ := strings.Cut(group, "\n")
			n := strings.Count(group, "\n      - alert: ") + strings.Count(group, "\n      - record: ")
			if n == 0 || n > maxRules {
				t.Errorf("%s: group %s has %d rules, want 1 to %d", file, name, n, maxRules)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
