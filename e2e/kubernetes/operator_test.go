package kubernetes_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus-operator/prometheus-operator/pkg/assets"
	"github.com/prometheus-operator/prometheus-operator/pkg/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// relabelling returns what the Prometheus Operator itself has Prometheus do with
// the targets of a PodMonitor.
func relabelling(t *testing.T, monitor *monitoringv1.PodMonitor) []*relabel.Config {
	t.Helper()
	server := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "k8s"}}
	generator, err := prometheus.NewConfigGenerator(nil, server)
	if err != nil {
		t.Fatal(err)
	}
	text, err := generator.GenerateServerConfiguration(server, nil, map[string]*monitoringv1.PodMonitor{
		monitor.Namespace + "/" + monitor.Name: monitor,
	}, nil, nil, &assets.StoreBuilder{}, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The operator's sidecar does so with the number of each server.
	text = bytes.ReplaceAll(text, []byte("$(SHARD)"), []byte("0"))
	var config struct {
		ScrapeConfigs []struct {
			RelabelConfigs []*relabel.Config `yaml:"relabel_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	if len(config.ScrapeConfigs) != 1 {
		t.Fatalf("%d scrape configurations, want one:\n%s", len(config.ScrapeConfigs), text)
	}
	return config.ScrapeConfigs[0].RelabelConfigs
}

// discovered returns the labels that Kubernetes's service discovery gives a pod of
// the DaemonSet of a manifest.
func discovered(t *testing.T, name string) labels.Labels {
	t.Helper()
	_, set := manifest(t, name)
	pod := set.Spec.Template
	found := map[string]string{
		"__address__":                               "10.0.1.21:16925",
		"job":                                       "podMonitor/imds-probe/imds-probe/0",
		"__meta_kubernetes_namespace":               set.Namespace,
		"__meta_kubernetes_pod_name":                set.Name + "-x7k2p",
		"__meta_kubernetes_pod_node_name":           "ip-10-0-1-21",
		"__meta_kubernetes_pod_phase":               "Running",
		"__meta_kubernetes_pod_container_name":      pod.Spec.Containers[0].Name,
		"__meta_kubernetes_pod_container_port_name": pod.Spec.Containers[0].Ports[0].Name,
	}
	for name, value := range pod.Labels {
		name = strings.NewReplacer(".", "_", "/", "_").Replace(name)
		found["__meta_kubernetes_pod_label_"+name] = value
		found["__meta_kubernetes_pod_labelpresent_"+name] = "true"
	}
	return labels.FromMap(found)
}

// jobs returns the matchers by which the alerts select series of a job.
func jobs(t *testing.T) (all []*labels.Matcher) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "deploy", "prometheus", "imds-probe.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			expr, err := parser.ParseExpr(rule.Expr)
			if err != nil {
				t.Fatal(err)
			}
			for _, selector := range parser.ExtractSelectors(expr) {
				for _, m := range selector {
					if m.Name == "job" {
						all = append(all, m)
					}
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no alert asks for a job")
	}
	return all
}

// TestPodMonitorMakesTheJob joins the labels of the pods' targets with the rules:
// the alerts on silent agents must see them.
func TestPodMonitorMakesTheJob(t *testing.T) {
	configs := relabelling(t, decode(t, "podmonitor.yaml")[0].(*monitoringv1.PodMonitor))
	for name, network := range map[string]string{"host.yaml": "host", "pod.yaml": "pod"} {
		target, keep := relabel.Process(discovered(t, name), configs...)
		if !keep {
			t.Errorf("%s: its pods are no targets", name)
		}
		for _, m := range jobs(t) {
			if !m.Matches(target.Get("job")) {
				t.Errorf("%s: an alert asks for %s, and the job is %q", name, m, target.Get("job"))
			}
		}
		if got := target.Get("node") + " " + target.Get("network"); got != "ip-10-0-1-21 "+network {
			t.Errorf("%s: node and network are %q", name, got)
		}
	}
}
