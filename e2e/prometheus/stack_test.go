package prometheus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// patience is how long a test waits for what takes seconds on a machine that has
// nothing else to do.
const patience = 2 * time.Minute

// await calls missing at short intervals until it returns nil.
func await(t *testing.T, limit time.Duration, missing func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := missing()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within %v: %v", limit, err)
		}
	}
}

// deployed reads a file of deploy/.
func deployed(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "deploy", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// document is a YAML or JSON object.
type document = map[string]any

func parseYAML(t *testing.T, text string) document {
	t.Helper()
	var d document
	if err := yaml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func writeYAML(t *testing.T, path string, value any) {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// paced matches the durations of rules and of Alertmanager's groups; expressions
// that compare with a number of seconds keep it.
var paced = regexp.MustCompile(`(for: |\[|offset |group_wait: |group_interval: )(\d+)([smh])\b`)

// pace divides durations, so that a test need not take as long as a fleet may.
func pace(text string, by int) string {
	return paced.ReplaceAllStringFunc(text, func(s string) string {
		m := paced.FindStringSubmatch(s)
		d, err := time.ParseDuration(m[2] + m[3])
		if err != nil {
			panic(err) // the expression matches durations only
		}
		return fmt.Sprintf("%s%dms", m[1], (d / time.Duration(by)).Milliseconds())
	})
}

// server is a process with an HTTP API.
type server struct {
	*harness.Process
	t       *testing.T
	dir     string
	address string
}

var listening = regexp.MustCompile(`msg="Listening on".* address=(\S+)`)

// startServer starts one of Debian's servers on a free port.
func startServer(t *testing.T, dir, command, pkg string, args ...string) *server {
	t.Helper()
	return startBinary(t, dir, harness.NeedCommand(t, command, pkg), args...)
}

// startBinary starts a server by its path.
func startBinary(t *testing.T, dir, path string, args ...string) *server {
	t.Helper()
	p := harness.Start(t, path, append(args, "--web.listen-address=127.0.0.1:0")...)
	line := p.AwaitText(t, `msg="Listening on"`, patience)
	return &server{p, t, dir, listening.FindStringSubmatch(line)[1]}
}

// get returns the body of a path.
func (s *server) get(path string) []byte {
	s.t.Helper()
	return fetch(s.t, http.MethodGet, "http://"+s.address+path)
}

func fetch(t *testing.T, method, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var client http.Client
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %s: %s", method, address, resp.Status, body)
	}
	return body
}

// startAlertmanager starts Alertmanager with the shipped configuration, its
// receivers turned to ours and its pace divided.
func startAlertmanager(t *testing.T, receiver string, by int) *server {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	text := strings.ReplaceAll(deployed(t, "alertmanager/alertmanager.yml"), "http://localhost:5001", receiver)
	write(t, config, pace(text, by))
	return runAlertmanager(t, dir, config)
}

func runAlertmanager(t *testing.T, dir, config string) *server {
	t.Helper()
	return startServer(t, dir, "prometheus-alertmanager", "prometheus-alertmanager",
		"--config.file="+config, "--storage.path="+dir, "--cluster.listen-address=")
}

// setup is how a Prometheus is started.
type setup struct {
	// interval is that of scrapes and evaluations.
	interval time.Duration
	// by divides the pace of the rules.
	by int
	// targets is a file of targets, with the labels of EC2's service discovery.
	targets string
	// alertmanager is where alerts go; empty for nowhere.
	alertmanager string
	flags        []string
}

// startPrometheus starts Prometheus with the shipped configuration for EC2: only
// the discovery itself is replaced, by a file with what it would find.
func startPrometheus(t *testing.T, s setup) *server {
	t.Helper()
	dir := t.TempDir()
	for _, rules := range []string{"imds-probe.rules.yml", "imds-probe-recording.rules.yml"} {
		write(t, filepath.Join(dir, rules), pace(deployed(t, "prometheus/"+rules), s.by))
	}
	config := parseYAML(t, deployed(t, "prometheus/prometheus-ec2.yml"))
	global := config["global"].(document)
	global["scrape_interval"], global["evaluation_interval"] = s.interval.String(), s.interval.String()
	job := config["scrape_configs"].([]any)[0].(document)
	delete(job, "ec2_sd_configs")
	job["file_sd_configs"] = []any{document{"files": []string{s.targets}, "refresh_interval": "1s"}}
	delete(config, "alerting")
	if s.alertmanager != "" {
		config["alerting"] = document{"alertmanagers": []any{
			document{"static_configs": []any{document{"targets": []string{s.alertmanager}}}},
		}}
	}
	path := filepath.Join(dir, "prometheus.yml")
	writeYAML(t, path, config)
	server := startServer(t, dir, "prometheus", "prometheus", append(s.flags,
		"--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"))...)
	server.AwaitText(t, "Server is ready", patience)
	return server
}

// target is an entry of a file of targets.
type target struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// ec2Target is a target as EC2's service discovery finds it.
func ec2Target(address, instance, profileTag string) target {
	return target{[]string{address}, map[string]string{
		"__meta_ec2_instance_id":                   instance,
		"__meta_ec2_owner_id":                      "123456789012",
		"__meta_ec2_region":                        "eu-west-1",
		"__meta_ec2_availability_zone":             "eu-west-1a",
		"__meta_ec2_tag_aws_autoscaling_groupName": "app-asg",
		"__meta_ec2_tag_InstanceProfile":           profileTag,
	}}
}

func writeTargets(t *testing.T, targets []target) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "targets.json")
	text, err := json.Marshal(targets)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text))
	return path
}

// sample is one series of a result.
type sample struct {
	Labels map[string]string
	Value  float64
}

// query runs an instant query.
func (s *server) query(expr string) []sample {
	s.t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric    map[string]string
				Value     [2]any
				Histogram []any
			}
		}
	}
	decode(s.t, s.get("/api/v1/query?query="+url.QueryEscape(expr)), &answer)
	var all []sample
	for _, r := range answer.Data.Result {
		one := sample{Labels: r.Metric}
		if text, ok := r.Value[1].(string); ok {
			if _, err := fmt.Sscan(text, &one.Value); err != nil {
				s.t.Fatalf("%s: %q is not a number", expr, text)
			}
		}
		all = append(all, one)
	}
	return all
}

// value runs a query that has one result.
func (s *server) value(expr string) float64 {
	s.t.Helper()
	all := s.query(expr)
	if len(all) != 1 {
		s.t.Fatalf("%s: %d results, want 1", expr, len(all))
	}
	return all[0].Value
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
