package prometheus_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// run runs one of Debian's tools and returns what it printed, which an error of
// the tool makes a failure.
func run(t *testing.T, stdin, pkg, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.NeedCommand(t, command, pkg), args...)
	cmd.Dir, cmd.Stdin = filepath.Join(harness.Root(), "deploy"), strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s %s: %v\n%s", command, strings.Join(args, " "), err, &out)
	}
	return out.String()
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	run(t, "", "prometheus", "promtool", args...)
}

func TestPromtoolChecksConfiguration(t *testing.T) {
	promtool(t, "check", "rules", "prometheus/imds-probe.rules.yml", "prometheus/imds-probe-recording.rules.yml")
	for _, file := range []string{"prometheus-ec2.yml", "prometheus-static.yml"} {
		promtool(t, "check", "config", "prometheus/"+file)
	}
	for _, file := range []string{"agent-mimir.yml", "agent-thanos.yml", "agent-amp.yml"} {
		promtool(t, "check", "config", "--agent", "prometheus/"+file)
	}
	promtool(t, "check", "config", "collectors/cloudwatch-agent-prometheus.yaml")
}

// TestPromtoolChecksMetrics lints the exposition of a daemon that measures all it
// can.
func TestPromtoolChecksMetrics(t *testing.T) {
	i := startInstance(t, imdstest.MustFind("healthy"), "--probe.imdsv1")
	var text string
	await(t, patience, func() error {
		text = string(fetch(t, "GET", "http://"+i.address+"/metrics"))
		for _, last := range []string{"imds_v1_enabled ", "imds_token_hop_limit_min ", "imds_credentials_expiration_timestamp_seconds{"} {
			if !strings.Contains(text, "\n"+last) {
				return fmt.Errorf("no %s yet", last)
			}
		}
		return nil
	})
	if out := run(t, text, "prometheus", "promtool", "check", "metrics"); out != "" {
		t.Error(out)
	}
}

func TestAmtoolChecksConfiguration(t *testing.T) {
	run(t, "", "prometheus-alertmanager", "amtool", "check-config", "alertmanager/alertmanager.yml")
}

// TestAmtoolRoutes sends labels as the rules have them through the routes.
func TestAmtoolRoutes(t *testing.T) {
	receivers := map[string]string{"critical": "page", "warning": "ticket", "info": "nobody"}
	for _, r := range shippedRules(t) {
		labels := []string{"alertname=" + r.Alert, "instance=i-0123456789abcdef0"}
		for name, value := range r.Labels {
			labels = append(labels, name+"="+value)
		}
		want := receivers[r.Labels["severity"]]
		run(t, "", "prometheus-alertmanager", "amtool", append([]string{
			"config", "routes", "test", "--config.file=alertmanager/alertmanager.yml", "--verify.receivers=" + want,
		}, labels...)...)
	}
	run(t, "", "prometheus-alertmanager", "amtool",
		"config", "routes", "test", "--config.file=alertmanager/alertmanager.yml", "--verify.receivers=ticket", "alertname=SomebodyElses")
}

// TestAgentsScrapeLikeTheServer holds the forwarding examples to the discovery
// and the labels of the server's.
func TestAgentsScrapeLikeTheServer(t *testing.T) {
	want := scrapeConfigs(t, "prometheus-ec2.yml")
	for _, file := range []string{"agent-mimir.yml", "agent-thanos.yml", "agent-amp.yml"} {
		if scrapeConfigs(t, file) != want {
			t.Errorf("the scrape_configs of %s are not those of prometheus-ec2.yml", file)
		}
	}
}

func scrapeConfigs(t *testing.T, file string) string {
	t.Helper()
	_, text, found := strings.Cut(deployed(t, "prometheus/"+file), "\nscrape_configs:\n")
	if !found {
		t.Fatalf("%s has no scrape_configs", file)
	}
	return text
}
