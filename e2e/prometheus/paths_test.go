package prometheus_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestTextfile takes the metrics through node_exporter's textfile collector, and
// has the alert come all the same.
func TestTextfile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "imds-probe.prom")
	i := startInstance(t, imdstest.MustFind("no_role"), "--textfile.path="+file)
	exporter := startServer(t, dir, "prometheus-node-exporter", "prometheus-node-exporter", "--collector.textfile.directory="+dir)
	prometheus := startPrometheus(t, setup{
		interval: time.Second, by: int(time.Minute / minute),
		targets: writeTargets(t, []target{ec2Target(exporter.address, "i-0", "")}),
	})
	awaitFiring(t, prometheus, "IMDSNoRole")
	if n := prometheus.value(`node_textfile_scrape_error`); n != 0 {
		t.Errorf("node_exporter cannot read %s: %s", dir, exporter.get("/metrics"))
	}
	// The daemon is killed and its file left behind.
	_ = i.daemon.Cmd.Process.Kill()
	awaitFiring(t, prometheus, "IMDSProbeStale")
	// The file goes, too.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	awaitFiring(t, prometheus, "IMDSProbeVanished")
}

// TestTextfileBesideEverything has node_exporter, Debian's and today's, serve the
// file beside the metrics of all its default collectors and its own. Metrics of the
// same name would spoil every scrape.
func TestTextfileBesideEverything(t *testing.T) {
	t.Parallel()
	for name, exporter := range map[string]string{
		"Debian's": harness.NeedCommand(t, "prometheus-node-exporter", "prometheus-node-exporter"),
		"today's":  harness.BuildTool(t, "bench", "github.com/prometheus/node_exporter"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "imds-probe.prom")
			startInstance(t, imdstest.MustFind("healthy"), "--textfile.path="+file)
			await(t, patience, func() error {
				_, err := os.Stat(file)
				return err
			})
			exporter := startBinary(t, dir, exporter, "--collector.textfile.directory="+dir)
			text := string(exporter.get("/metrics")) // fails unless it is answered 200
			for _, want := range []string{"\nnode_textfile_scrape_error 0\n", "\nimds_up{", "\nprocess_cpu_seconds_total ", "\nnode_cpu_seconds_total{"} {
				if !strings.Contains(text, want) {
					t.Errorf("the exposition lacks %q", want)
				}
			}
			for _, line := range exporter.Lines() {
				if strings.Contains(line, "collected before") || strings.Contains(line, "nconsistent") || strings.Contains(line, "textfile") && strings.Contains(strings.ToLower(line), "level=error") {
					t.Errorf("node_exporter complains: %s", line)
				}
			}
		})
	}
}

// awaitFiring waits until an alert fires, once.
func awaitFiring(t *testing.T, prometheus *server, alert string) {
	t.Helper()
	await(t, patience, func() error {
		if firing := prometheus.query(fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing"}`, alert)); len(firing) != 1 {
			return fmt.Errorf("%s fires %d times, want once", alert, len(firing))
		}
		return nil
	})
}

// TestNativeHistograms stores the durations as native histograms, and looks at
// them as the dashboards do.
func TestNativeHistograms(t *testing.T) {
	t.Parallel()
	i := startInstance(t, imdstest.MustFind("healthy"))
	targets := writeTargets(t, []target{ec2Target(i.address, "i-0", "")})
	native := startPrometheus(t, setup{interval: time.Second, by: 60, targets: targets, flags: []string{"--enable-feature=native-histograms"}})
	classic := startPrometheus(t, setup{interval: time.Second, by: 60, targets: targets})
	for _, title := range []string{"Mean duration by probe", "99th percentile by probe"} {
		for _, p := range panels(t) {
			if p.Title != title {
				continue
			}
			await(t, patience, func() error {
				if wrong := within(1e-6, 1)([][]sample{native.query(fill(p.Targets[0].Expr, "i-0"))}); wrong != "" {
					return fmt.Errorf("%s: %s: %s", p.dashboard, title, wrong)
				}
				return nil
			})
		}
	}
	for _, server := range []*server{classic, native} {
		server.awaitValue(`count({job="imds-probe",__name__=~"(instance|vantage):.*"})`, 2)
		server.awaitValue(`count(imds_token_hop_limit_min)`, 1) // is measured last
	}
	const own = `count({job="imds-probe",__name__!~"up|scrape_.*|(instance|vantage):.*|profile:.*|ALERTS.*"})`
	recordCount(t, "series", fmt.Sprintf("| | series an agent |\n|---|---|\n| classic (what Prometheus stores by default) | %.0f |\n| native histograms | %.0f |\n| added by Prometheus itself (`up`, `scrape_*`) | %.0f |\n| added by the recording rules, for each vantage | %.0f |\n",
		classic.value(own), native.value(own), classic.value(`count({job="imds-probe",__name__=~"up|scrape_.*"})`), classic.value(`count({job="imds-probe",__name__=~"(instance|vantage):.*"})`)))
}

// TestAgentMode forwards by remote write, with the shipped forwarding
// configuration, to a server that holds the rules.
func TestAgentMode(t *testing.T) {
	t.Parallel()
	store := startPrometheus(t, setup{
		interval: time.Second, by: int(time.Minute / minute), targets: writeTargets(t, []target{}),
		flags: []string{"--web.enable-remote-write-receiver"},
	})
	i := startInstance(t, imdstest.MustFind("no_role"))
	targets := writeTargets(t, []target{ec2Target(i.address, "i-0", "")})
	for _, file := range []string{"agent-mimir.yml", "agent-thanos.yml", "agent-amp.yml"} {
		dir := t.TempDir()
		config := parseYAML(t, deployed(t, "prometheus/"+file))
		config["global"].(document)["scrape_interval"] = "1s"
		config["global"].(document)["external_labels"] = document{"cluster": file}
		job := config["scrape_configs"].([]any)[0].(document)
		delete(job, "ec2_sd_configs")
		job["file_sd_configs"] = []any{document{"files": []string{targets}}}
		write := config["remote_write"].([]any)[0].(document)
		write["url"] = "http://" + store.address + "/api/v1/write"
		delete(write, "sigv4") // signs with credentials that are not here
		path := filepath.Join(dir, "prometheus.yml")
		writeYAML(t, path, config)
		startServer(t, dir, "prometheus", "prometheus", "--enable-feature=agent",
			"--config.file="+path, "--storage.agent.path="+filepath.Join(dir, "wal"))
	}
	await(t, patience, func() error {
		var clusters []string
		for _, s := range store.query(`ALERTS{alertname="IMDSNoRole",alertstate="firing",scope="instance",instance="i-0",account_id="123456789012",profile="app-profile"}`) {
			clusters = append(clusters, s.Labels["cluster"])
		}
		slices.Sort(clusters)
		if got := strings.Join(clusters, " "); got != "agent-amp.yml agent-mimir.yml agent-thanos.yml" {
			return fmt.Errorf("alerts from %q", got)
		}
		return nil
	})
}
