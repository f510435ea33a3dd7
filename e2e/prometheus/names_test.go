package prometheus_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// targetLabels are those that targets have, by scrape configuration; profile is
// also what the recording rules add.
var targetLabels = []string{"job", "instance", "account_id", "region", "availability_zone", "asg", "profile"}

// names maps the metrics that there are to their labels.
type names map[string][]string

// exposed asks a daemon that measures all it can.
func exposed(t *testing.T) names {
	t.Helper()
	i := startInstance(t, imdstest.MustFind("healthy"), "--probe.imdsv1")
	prometheus := startPrometheus(t, setup{interval: time.Second, by: 60, targets: writeTargets(t, []target{ec2Target(i.address, "i-0", "")})})
	all := names{
		// Loopback has no driver that counts drops; the agent's own tests hold this one
		// to the registry.
		"imds_linklocal_allowance_exceeded_total": append([]string{"device"}, targetLabels...),
	}
	await(t, patience, func() error {
		for _, s := range prometheus.query(`{__name__=~"imds_.*|process_.*|promhttp_.*|up"}`) {
			all.add(s.Labels["__name__"], slices.Concat(slices.Collect(maps.Keys(s.Labels)), targetLabels))
		}
		if all["imds_v1_enabled"] == nil || all["imds_token_hop_limit_min"] == nil {
			return fmt.Errorf("not all was measured yet: %v", slices.Sorted(maps.Keys(all)))
		}
		return nil
	})
	all.add("imds_probe_duration_seconds", all["imds_probe_duration_seconds_count"]) // as a native histogram
	return all
}

func (n names) add(name string, labels []string) {
	for _, l := range labels {
		if l != "__name__" && !slices.Contains(n[name], l) {
			n[name] = append(n[name], l)
		}
	}
}

// record adds what a recording rule makes: the labels of all that it reads.
func (n names) record(t *testing.T, r rule) {
	t.Helper()
	n.add(r.Record, n.check(t, r.Record, r.Expr))
	if m := countValues.FindStringSubmatch(r.Expr); m != nil {
		n.add(r.Record, m[1:])
	}
}

var countValues = regexp.MustCompile(`count_values by \([^)]*\) \("(\w+)"`)

// plain are the functions that every engine has had for years.
var plain = []string{
	"absent", "changes", "histogram_count", "histogram_quantile", "histogram_sum", "increase", "label_replace", "rate",
	"sort", "time", "vector",
}

// check makes sure that all metrics and labels of an expression exist, and
// returns the labels.
func (n names) check(t *testing.T, where, expr string) (all []string) {
	t.Helper()
	tree, err := parser.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return nil
	}
	var used []string
	parser.Inspect(tree, func(node parser.Node, _ []parser.Node) error {
		switch e := node.(type) {
		case *parser.VectorSelector:
			if n[e.Name] == nil {
				t.Errorf("%s: there is no metric %s", where, e.Name)
			}
			for _, m := range e.LabelMatchers {
				if m.Name != labels.MetricName && !slices.Contains(n[e.Name], m.Name) {
					t.Errorf("%s: %s has no label %s", where, e.Name, m.Name)
				}
			}
			all = append(all, n[e.Name]...)
		case *parser.AggregateExpr:
			used = append(used, e.Grouping...)
		case *parser.BinaryExpr:
			if e.VectorMatching != nil {
				used = append(used, slices.Concat(e.VectorMatching.MatchingLabels, e.VectorMatching.Include)...)
			}
		case *parser.Call:
			if !slices.Contains(plain, e.Func.Name) {
				t.Errorf("%s: %s is not plain", where, e.Func.Name)
			}
		}
		return nil
	})
	for _, l := range used {
		if !slices.Contains(all, l) && !slices.Contains(targetLabels, l) {
			t.Errorf("%s: nothing has a label %s", where, l)
		}
	}
	return all
}

var (
	labelUse  = regexp.MustCompile(`\$labels\.(\w+)`)
	legendUse = regexp.MustCompile(`{{(\w+)}}`)
	variable  = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
)

// TestNames holds every metric and label of rules and dashboards to what a
// daemon exposes and the recording rules record.
func TestNames(t *testing.T) {
	all := exposed(t)
	for _, r := range recordedRules(t) {
		all.record(t, r)
	}
	for _, r := range shippedRules(t) {
		has := append(all.check(t, r.Alert, r.Expr), targetLabels...)
		for name, text := range r.Annotations {
			for _, m := range labelUse.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(has, m[1]) {
					t.Errorf("%s: %s: no label %s", r.Alert, name, m[1])
				}
			}
		}
	}
	for _, dashboard := range []string{"fleet", "instance"} {
		all.checkDashboard(t, dashboard)
	}
}

func (n names) checkDashboard(t *testing.T, dashboard string) {
	t.Helper()
	var d struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
	}
	if err := json.Unmarshal([]byte(deployed(t, "grafana/"+dashboard+".json")), &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			has := n.check(t, dashboard+": "+p.Title, fill(target.Expr, "i-0"))
			for _, m := range legendUse.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !slices.Contains(has, m[1]) {
					t.Errorf("%s: %s: legend: no label %s", dashboard, p.Title, m[1])
				}
			}
		}
	}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := variable.FindStringSubmatch(v.Definition)
		if m == nil {
			t.Errorf("%s: variable %s: %s", dashboard, v.Name, v.Definition)
			continue
		}
		if has := n.check(t, "variable "+v.Name, fill(m[1], "i-0")); !slices.Contains(has, m[2]) {
			t.Errorf("%s: variable %s: no label %s", dashboard, v.Name, strings.TrimSpace(m[2]))
		}
	}
}
