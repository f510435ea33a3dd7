package prometheus_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// size is how large the fleet is, and at what pace it is looked at.
type size struct {
	instances, failing int
	interval           time.Duration
	by                 int
}

func fleetSize() size {
	if testing.Short() {
		return size{instances: 200, failing: 50, interval: 5 * time.Second, by: 12}
	}
	return size{instances: 2000, failing: 500, interval: 15 * time.Second, by: 4}
}

// mirror serves what a daemon exposes now, once for each of many instances.
type mirror struct {
	text atomic.Pointer[[]byte]
}

// newMirror keeps a copy of the daemon's exposition that is a second old at most.
func newMirror(t *testing.T, i *instance) *mirror {
	t.Helper()
	m := &mirror{}
	look := func() {
		text := fetch(t, http.MethodGet, "http://"+i.address+"/metrics")
		m.text.Store(&text)
	}
	look()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				look()
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return m
}

// serve answers with the exposition of an instance with that profile.
func (m *mirror) serve(w http.ResponseWriter, profile string) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write(bytes.ReplaceAll(*m.text.Load(), []byte("app-profile"), []byte(profile)))
}

// profiles is how many profiles share the instances that stay well.
const profiles = 20

// startMirrors serves a whole fleet from one process: the first instances are
// those of the profile app-profile, and mirror one daemon; all others another.
func startMirrors(t *testing.T, s size, failing, well *mirror) (targets []target) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		switch {
		case err != nil:
			http.NotFound(w, r)
		case i < s.failing:
			failing.serve(w, "app-profile")
		default:
			well.serve(w, fmt.Sprintf("service-%02d", i%profiles))
		}
	}))
	t.Cleanup(server.Close)
	for i := range s.instances {
		one := ec2Target(server.Listener.Addr().String(), fmt.Sprintf("i-%017x", i), "")
		one.Labels["__metrics_path__"] = "/" + strconv.Itoa(i)
		targets = append(targets, one)
	}
	return targets
}

// own returns the sum of one of the server's own metrics, over the series that
// hold text.
func (s *server) own(name, text string) (sum float64) {
	s.t.Helper()
	for line := range strings.Lines(string(s.get("/metrics"))) {
		if !strings.HasPrefix(line, name) || !strings.Contains(line, text) || len(line) == len(name) ||
			line[len(name)] != ' ' && line[len(name)] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
		if err != nil {
			s.t.Fatalf("%q: %v", line, err)
		}
		sum += v
	}
	return sum
}

// awaitValue waits until a query has one result of at least that value.
func (s *server) awaitValue(expr string, least float64) {
	s.t.Helper()
	await(s.t, 2*patience, func() error {
		all := s.query(expr)
		if len(all) != 1 || all[0].Value < least {
			return fmt.Errorf("%s: %v, want %g", expr, all, least)
		}
		return nil
	})
}

// TestFleet has one Prometheus watch a fleet, a part of which loses its role at
// once: that must end in one notification.
func TestFleet(t *testing.T) {
	t.Parallel()
	s := fleetSize()
	well := startInstance(t, imdstest.MustFind("healthy"))
	failing := startInstance(t, imdstest.MustFind("healthy"))
	told := newReceiver(t)
	alertmanager := startAlertmanager(t, told.URL, s.by)
	prometheus := startPrometheus(t, setup{
		interval: s.interval, by: s.by, alertmanager: alertmanager.address, flags: []string{"--web.enable-admin-api"},
		targets: writeTargets(t, startMirrors(t, s, newMirror(t, failing), newMirror(t, well))),
	})
	prometheus.awaitValue(`count(vantage:imds_condition:current{condition="healthy"})`, float64(s.instances))
	prometheus.awaitValue(`min(count_over_time(up[10m]))`, 4)

	lost := time.Now()
	failing.simulator.Set(imdstest.MustFind("no_role"))
	prometheus.awaitValue(`count(ALERTS{alertname="IMDSNoRole",scope="instance",alertstate="firing"})`, float64(s.failing))
	awaitInhibited(t, alertmanager, s)
	notices := told.all()
	if len(notices) != 1 || notices[0].Group != 1 || notices[0].Labels["scope"] != "profile" || notices[0].Receiver != "page" ||
		notices[0].Labels["profile"] != "app-profile" || notices[0].Labels["account_id"] != "123456789012" {
		t.Fatalf("%d alerts were told, want one, of the profile: %v", len(notices), notices)
	}
	t.Log(notices[0].Annotations["summary"])
	checkNothingMissed(t, prometheus)
	recordFleet(t, s, prometheus, notices[0].At.Sub(lost), len(fetch(t, http.MethodGet, "http://"+well.address+"/metrics")))
}

// awaitInhibited waits until Alertmanager has inhibited the alert of every single
// instance, for longer than it waits before it notifies.
func awaitInhibited(t *testing.T, alertmanager *server, s size) {
	t.Helper()
	var since time.Time
	groupWait := 30 * time.Second / time.Duration(s.by)
	await(t, 2*patience, func() error {
		var alerts []struct {
			Status struct{ InhibitedBy []string }
		}
		decode(t, alertmanager.get("/api/v2/alerts?filter=scope%3Dinstance"), &alerts)
		inhibited := 0
		for _, a := range alerts {
			inhibited += min(1, len(a.Status.InhibitedBy))
		}
		if inhibited != s.failing || len(alerts) != s.failing {
			since = time.Time{}
			return fmt.Errorf("%d of %d alerts are inhibited, want all %d", inhibited, len(alerts), s.failing)
		}
		if since.IsZero() {
			since = time.Now()
		}
		if left := 2*groupWait - time.Since(since); left > 0 {
			return fmt.Errorf("inhibited for %v only", time.Since(since))
		}
		return nil
	})
}

// checkNothingMissed makes sure that every scrape and every evaluation was made.
func checkNothingMissed(t *testing.T, prometheus *server) {
	t.Helper()
	if missed := prometheus.value(`sum(count_over_time(up[10m])) - sum(sum_over_time(up[10m]))`); missed > 0 {
		t.Errorf("%g scrapes failed", missed)
	}
	if spread := prometheus.value(`max(count_over_time(up[10m])) - min(count_over_time(up[10m]))`); spread > 1 {
		t.Errorf("some targets were scraped %g times less than others", spread)
	}
	for _, name := range []string{"prometheus_rule_group_iterations_missed_total", "prometheus_rule_evaluation_failures_total", "prometheus_target_scrapes_exceeded_sample_limit_total"} {
		if n := prometheus.own(name, ""); n > 0 {
			t.Errorf("%s is %g", name, n)
		}
	}
}

// recordFleet records what the fleet took.
func recordFleet(t *testing.T, s size, prometheus *server, told time.Duration, textBytes int) {
	t.Helper()
	var b strings.Builder
	row := func(format string, args ...any) { fmt.Fprintf(&b, "| "+format+" |\n", args...) }
	b.WriteString("| | |\n|---|---|\n")
	instances := float64(s.instances)
	stats, dir := prometheus.snapshot()
	row("targets, scrape and evaluation interval | %d, %v", s.instances, s.interval)
	row("scrapes that failed or were missed | 0")
	row("slowest scrape | %.0f ms", 1e3*prometheus.value(`max(max_over_time(scrape_duration_seconds[10m]))`))
	row("bytes of a scrape, as text | %d", textBytes)
	row("samples of a scrape | %.0f", prometheus.value(`max(scrape_samples_scraped)`))
	row("series in the server, for each instance | %.1f", prometheus.own("prometheus_tsdb_head_series", "")/instances)
	row("series of the recording rules, for each instance | %.1f", prometheus.value(`count({__name__=~".+:.+"})`)/instances)
	row("evaluation of all recording rules | %.0f ms", 1e3*prometheus.own("prometheus_rule_group_last_duration_seconds", "recording.rules.yml"))
	row("evaluation of all alerts, while %d fire | %.0f ms", s.failing, 1e3*prometheus.own("prometheus_rule_group_last_duration_seconds", "/imds-probe.rules.yml"))
	row("memory of the server, for each series | %.1f KiB", prometheus.own("process_resident_memory_bytes", "")/prometheus.own("prometheus_tsdb_head_series", "")/1024)
	row("CPU of the server | %.2f cores", prometheus.own("process_cpu_seconds_total", "")/(float64(time.Now().Unix())-prometheus.own("process_start_time_seconds", "")))
	row("index on disk, for each series | %.0f bytes", sizeOf(t, filepath.Join(dir, "index"))/stats.NumSeries)
	row("instances that lost their role at once | %d", s.failing)
	row("notifications | 1, after %.0f s (rules at 1/%d of their pace)", told.Seconds(), s.by)
	record(t, "fleet", b.String())
}
