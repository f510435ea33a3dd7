package deploy_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// registered returns the metrics that the code registers: docs/metrics.md is
// written from the registry, and held to it by the agent's tests.
func registered(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		all[m[1]] = true
	}
	if len(all) == 0 {
		t.Fatal("docs/metrics.md lists no metric")
	}
	return all
}

// recorded returns the series that the recording rules make.
func recorded(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`- record: (\S+)`).FindAllStringSubmatch(read(t, "prometheus/imds-probe-recording.rules.yml"), -1) {
		all[m[1]] = true
	}
	return all
}

var (
	metricName   = regexp.MustCompile(`\b(?:imds|process|promhttp)_[a-z0-9_]+\b`)
	recordedName = regexp.MustCompile(`\b[a-z]+:imds_[a-z0-9_]+:[a-z0-9]+\b`)
	suffix       = regexp.MustCompile(`_(?:sum|count|bucket)$`)
)

// notMetrics are words of that shape.
var notMetrics = map[string]bool{"imds_disabled": true, "imds_error": true, "imds_probe": true}

// TestMetricsExist holds every name of a metric in the files that are deployed,
// and in the guide, to the registry and the recording rules. What expressions do
// with labels is tested in e2e/prometheus, by Prometheus's own parser.
func TestMetricsExist(t *testing.T) {
	metrics, series := registered(t), recorded(t)
	used := 0
	for _, file := range deployedFiles(t) {
		text := read(t, file)
		for _, name := range recordedName.FindAllString(text, -1) {
			if !series[name] {
				t.Errorf("%s: nothing records %s", file, name)
			}
		}
		for _, name := range metricName.FindAllString(recordedName.ReplaceAllString(text, ""), -1) {
			used++
			if !metrics[name] && !metrics[suffix.ReplaceAllString(name, "")] && !notMetrics[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
	if used == 0 {
		t.Error("no file names a metric")
	}
}

// TestJobsAreTheAlerts wants every example to scrape under the job that the alerts
// on silent agents ask for. What the Prometheus Operator makes of podmonitor.yaml
// is tested in e2e/kubernetes.
func TestJobsAreTheAlerts(t *testing.T) {
	asked := map[string]bool{}
	for _, m := range regexp.MustCompile(`job="([^"]*)"`).FindAllStringSubmatch(read(t, rulesFile), -1) {
		asked[m[1]] = true
	}
	examples := 0
	for _, file := range deployedFiles(t) {
		for _, m := range regexp.MustCompile(`- job_name: (\S+)`).FindAllStringSubmatch(read(t, file), -1) {
			if examples++; !asked[m[1]] {
				t.Errorf("%s scrapes as job %s, of which no alert knows", file, m[1])
			}
		}
	}
	if examples == 0 {
		t.Error("no example names a job")
	}
}

// TestSeriesAreUsed makes sure that nothing is recorded in vain.
func TestSeriesAreUsed(t *testing.T) {
	var all strings.Builder
	for _, file := range deployedFiles(t) {
		all.WriteString(strings.ReplaceAll(read(t, file), "- record: ", "- record_"))
	}
	for name := range recorded(t) {
		if !regexp.MustCompile(`[^_]` + name + `\b`).MatchString(all.String()) {
			t.Errorf("nothing reads %s", name)
		}
	}
}

// deployedFiles returns all files that name metrics.
func deployedFiles(t *testing.T) (all []string) {
	t.Helper()
	for _, pattern := range []string{"prometheus/*.yml", "alertmanager/*.yml", "grafana/*.json", "collectors/*", "../docs/deploying.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		all = append(all, files...)
	}
	return all
}

// TestJSON reads what is JSON: dashboards and the CloudWatch agent's.
func TestJSON(t *testing.T) {
	for _, file := range deployedFiles(t) {
		if strings.HasSuffix(file, ".json") && !json.Valid([]byte(read(t, file))) {
			t.Errorf("%s is not JSON", file)
		}
	}
}

// TestGuideNamesEveryFile makes sure that nobody need guess what a file is for.
func TestGuideNamesEveryFile(t *testing.T) {
	guide := read(t, "../docs/deploying.md")
	for _, file := range deployedFiles(t) {
		if !strings.HasPrefix(file, "..") && !strings.Contains(guide, "(../deploy/"+file+")") {
			t.Errorf("docs/deploying.md does not link to deploy/%s", file)
		}
	}
}

// TestGuideNamesEveryAlert does so for alerts; those of the conditions are told by
// their rule.
func TestGuideNamesEveryAlert(t *testing.T) {
	guide, rules := read(t, "../docs/deploying.md"), read(t, rulesFile)
	_, rules, _ = strings.Cut(rules, "- name: imds-probe-account")
	for _, m := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if !strings.Contains(guide, "`"+m[1]+"`") {
			t.Errorf("docs/deploying.md does not tell of %s", m[1])
		}
	}
}
