package prometheus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/imds-probe/imds-probe/probes"
)

// rule is a rule of a rule file.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

// rulesOf returns all rules of a file.
func rulesOf(t *testing.T, text string) (all []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// shippedRules returns the alerts.
func shippedRules(t *testing.T) []rule {
	t.Helper()
	return rulesOf(t, deployed(t, "prometheus/imds-probe.rules.yml"))
}

// ruleOf returns the alert that looks for a condition in a series.
func ruleOf(t *testing.T, rules []rule, series string, c probes.Condition) rule {
	t.Helper()
	for _, r := range rules {
		if strings.Contains(r.Expr, fmt.Sprintf("%s{condition=%q", series, c)) {
			return r
		}
	}
	t.Fatalf("no alert looks for %s in %s", c, series)
	return rule{}
}

// recordedRules returns the recording rules.
func recordedRules(t *testing.T) []rule {
	t.Helper()
	return rulesOf(t, deployed(t, "prometheus/imds-probe-recording.rules.yml"))
}

func diffMaps(t *testing.T, name string, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}
