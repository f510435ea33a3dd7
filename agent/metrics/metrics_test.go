package metrics_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
)

// The series budget of the contract.
const (
	maxSeries    = 76
	maxTextLines = 90
)

// families parses the exposition.
func families(t *testing.T, d *agenttest.Daemon) []*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	byName, err := parser.TextToMetricFamilies(d.Get("/metrics").Body)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*dto.MetricFamily, 0, len(byName))
	for _, f := range byName {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return all
}

// fullDaemon is a healthy daemon with all that it can measure.
func fullDaemon(t *testing.T) *agenttest.Daemon {
	t.Helper()
	d := agenttest.Start(t, "healthy", func(o *agent.Options) {
		o.Drops = func() map[string]uint64 { return map[string]uint64{"eth0": 7} }
	})
	d.Agent.Tracker().RecordHopLimit(2)
	time.Sleep(2 * time.Hour)
	synctest.Wait()
	return d
}

// changing matches samples that differ from run to run or machine to machine.
var changing = regexp.MustCompile(`(?m)^((?:process_|imds_probe_build_info).*) \S+$`)

func TestMetricsGolden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fullDaemon(t)
		defer d.Stop()
		text := changing.ReplaceAllString(d.Get("/metrics").Body.String(), "$1 *")
		text = regexp.MustCompile(`(imds_probe_build_info){.*}`).ReplaceAllString(text, "$1{…}")
		agenttest.Golden(t, "testdata/metrics.txt", text)
	})
}

func TestMetricsLint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fullDaemon(t)
		defer d.Stop()
		problems, err := promlint.New(d.Get("/metrics").Body).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	})
}

// TestSeriesBudget counts series as Prometheus stores them, where a native
// histogram is one, and the sample lines of the text format. It counts the
// worst of the scenarios, after a healthy hour.
func TestSeriesBudget(t *testing.T) {
	for _, scenario := range []string{"healthy", "no_instance_profile", "firewall_drop", "throttled_503", "assume_role_unauthorized"} {
		t.Run(scenario, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := fullDaemon(t)
				defer d.Stop()
				d.Set(scenario)
				time.Sleep(time.Hour)
				synctest.Wait()
				series, lines := 0, 0
				for _, f := range families(t, d) {
					series += len(f.GetMetric())
				}
				for line := range strings.Lines(d.Get("/metrics").Body.String()) {
					if !strings.HasPrefix(line, "#") {
						lines++
					}
				}
				t.Logf("%d series, %d lines", series, lines)
				if series > maxSeries || lines > maxTextLines {
					t.Errorf("%d series (at most %d), %d lines (at most %d)", series, maxSeries, lines, maxTextLines)
				}
			})
		})
	}
}

// TestExactlyOneCondition wants one 1 a vantage at every moment, through flips.
func TestExactlyOneCondition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := agenttest.Start(t, "healthy", nil)
		defer d.Stop()
		for _, scenario := range []string{"no_role", "firewall_drop", "healthy", "captive_page"} {
			d.Set(scenario)
			for range 80 {
				time.Sleep(500 * time.Millisecond)
				synctest.Wait()
				n := 0
				for _, f := range families(t, d) {
					if f.GetName() != "imds_condition" {
						continue
					}
					for _, m := range f.GetMetric() {
						n += int(m.GetGauge().GetValue())
					}
				}
				if n != 1 {
					t.Fatalf("%d conditions are 1", n)
				}
			}
		}
	})
}

// TestMetricsDocument writes docs/metrics.md from the registry.
func TestMetricsDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fullDaemon(t)
		defer d.Stop()
		d.Agent.Tracker().RecordV1(true, true)
		var b strings.Builder
		b.WriteString("# Metrics\n\n<!-- Written by `make docs` from the code. Do not edit. -->\n\n")
		b.WriteString("Every metric of `imds-probe run`, as the registry has it. The values of `condition` are those of the [runbook](runbook.md);\n")
		b.WriteString("`probe` is one of ")
		for i, p := range probes.Ladder() {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "`%v`", p)
		}
		b.WriteString("; `vantage` is `host`, `user:NAME` or `netns:PATH`.\n\n")
		b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
		for _, f := range families(t, d) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), kindOf(f), labelsOf(f), f.GetHelp())
		}
		agenttest.Golden(t, "../../docs/metrics.md", b.String())
	})
}

// kindOf names the type; the text format cannot tell that our histograms are
// native ones.
func kindOf(f *dto.MetricFamily) string {
	if f.GetType() == dto.MetricType_HISTOGRAM {
		return "native histogram"
	}
	return strings.ToLower(f.GetType().String())
}

func labelsOf(f *dto.MetricFamily) string {
	var names []string
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, "`"+l.GetName()+"`")
	}
	return strings.Join(names, ", ")
}
