package prometheus_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// rule is a rule of a rule file.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

// rulesOf returns all rules of a file.
func rulesOf(t testing.TB, text string) (all []rule) {
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
func shippedRules(t testing.TB) []rule {
	t.Helper()
	return rulesOf(t, deployed(t, "prometheus/imds-probe.rules.yml"))
}

func recordedRules(t testing.TB) []rule {
	t.Helper()
	return rulesOf(t, deployed(t, "prometheus/imds-probe-recording.rules.yml"))
}

func diffMaps(t testing.TB, name string, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", name, diff)
	}
}
