package prometheus_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// minute is what a minute of the rules takes in these tests.
const minute = time.Second

// watched is an instance of the fleet, and the one alert that its fault must
// raise.
type watched struct {
	*instance
	name string
	// alert and receiver are what must be told of the fault, and to whom.
	alert, receiver string
	// words are the catalogue's for the fault; nil where the alert has its own.
	words *probes.Entry
	// fail and mend switch the fault on and off.
	fail, mend func()

	failed time.Time
}

// alertOf returns the name of a condition's alert, and who is told.
func alertOf(t *testing.T, rules []rule, c probes.Condition) (alert, receiver string) {
	t.Helper()
	r := ruleOf(t, rules, "vantage:imds_condition:current", c)
	return r.Alert, map[string]string{"critical": "page", "warning": "ticket"}[r.Labels["severity"]]
}

// conditionInstances returns an instance for every condition that the simulator
// can show and that has an alert.
func conditionInstances(t *testing.T, rules []rule) (all []*watched) {
	t.Helper()
	seen := map[probes.Condition]bool{probes.ConditionHealthy: true}
	for _, scenario := range imdstest.Scenarios() {
		if seen[scenario.Condition] {
			continue
		}
		seen[scenario.Condition] = true
		scenario.Before = 0 // the instance is well already
		words := probes.Explain(scenario.Condition)
		w := &watched{name: scenario.Condition.String(), words: &words}
		w.alert, w.receiver = alertOf(t, rules, scenario.Condition)
		w.instance = startInstance(t, wellFor(scenario, ""), scenario.Args...)
		w.fail = func() { w.simulator.Set(scenario) }
		w.mend = func() { w.simulator.Set(wellFor(scenario, "renewed")) }
		all = append(all, w)
	}
	return all
}

// wellFor returns the scenario in which nothing is wrong with the flags of
// another, with other keys for another seed.
func wellFor(s imdstest.Scenario, seed string) imdstest.Scenario {
	well := imdstest.MustFind("healthy")
	well.Instance.Profile.Keys.Seed = seed
	if s.Condition == probes.ConditionUnexpectedProfile {
		well.Instance.Profile = nil
	}
	return well
}

// gaugeInstances returns instances whose faults are no condition.
func gaugeInstances(t *testing.T, rules []rule) []*watched {
	t.Helper()
	healthy := imdstest.MustFind("healthy")
	expiring := imdstest.MustFind("rotation_stalled")
	expiring.Instance.Profile.Keys.Age = imdstest.Lifetime - 30*time.Minute

	soon := &watched{name: "expiring", instance: startInstance(t, healthy), alert: "IMDSCredentialsExpiring", receiver: "page"}
	soon.fail = func() { soon.simulator.Set(expiring) }
	soon.mend = func() { soon.simulator.Set(healthy) }

	killed := &watched{name: "killed", instance: startInstance(t, healthy), alert: "IMDSProbeDown", receiver: "ticket"}
	killed.fail = func() { _ = killed.daemon.Cmd.Process.Signal(syscall.SIGKILL) }
	killed.mend = func() { killed.startDaemon(t, killed.address) }

	// A vantage that ceases to exist: the namespace of a process that ends. To be
	// mended it is taken off the command line.
	holder := harness.Start(t, "sleep", "3600")
	words := probes.Explain(probes.ConditionUnknown)
	gone := &watched{name: "gone", words: &words}
	gone.alert, gone.receiver = alertOf(t, rules, probes.ConditionUnknown)
	gone.instance = startInstance(t, healthy, fmt.Sprintf("--vantage=netns:/proc/%d/ns/net", holder.Cmd.Process.Pid))
	gone.fail = func() { _ = holder.Cmd.Process.Kill() }
	gone.mend = func() {
		if err := gone.daemon.Stop(t, patience); err != nil {
			t.Error(err)
		}
		gone.args = nil
		gone.startDaemon(t, gone.address)
	}
	return append([]*watched{soon, killed, gone}, relayed(t)...)
}

// relayed returns instances whose exposition is changed on its way: as a
// textfile that was left behind, and as a driver would that drops packets, which
// loopback has not.
func relayed(t *testing.T) []*watched {
	t.Helper()
	var left, drops atomic.Bool
	var frozen []byte
	var dropped atomic.Int64
	behind := startInstance(t, imdstest.MustFind("healthy"))
	dropping := startInstance(t, imdstest.MustFind("healthy"))
	relay := func(i *instance, change func([]byte) []byte) {
		from := "http://" + i.address + "/metrics"
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, from, http.NoBody)
			resp, err := new(http.Client).Do(req)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
			_, _ = w.Write(change(body))
		}))
		t.Cleanup(s.Close)
		i.address = s.Listener.Addr().String()
	}
	relay(behind, func(body []byte) []byte {
		if !left.Load() {
			frozen = body
		}
		return frozen
	})
	relay(dropping, func(body []byte) []byte {
		if drops.Load() {
			dropped.Add(100)
		}
		const name = "imds_linklocal_allowance_exceeded_total"
		return fmt.Appendf(body, "# TYPE %s counter\n%s{device=\"eth0\"} %d\n", name, name, dropped.Load())
	})
	turn := func(b *atomic.Bool, to bool) func() { return func() { b.Store(to) } }
	return []*watched{
		{name: "stale", instance: behind, alert: "IMDSProbeStale", receiver: "ticket", fail: turn(&left, true), mend: turn(&left, false)},
		{name: "drops", instance: dropping, alert: "IMDSLinkLocalDrops", receiver: "ticket", fail: turn(&drops, true), mend: turn(&drops, false)},
	}
}

// quiet returns instances that nothing happens to, with what is worth knowing
// but wakes nobody.
func quiet(t *testing.T) []*watched {
	t.Helper()
	v1 := imdstest.MustFind("imdsv1_enabled")
	v1.Instance.Profile.ARN = strings.Replace(imdstest.ProfileARN, "app-profile", "v1-profile", 1)
	oneHop := imdstest.MustFind("healthy")
	oneHop.Instance.Profile.ARN = strings.Replace(imdstest.ProfileARN, "app-profile", "one-hop-profile", 1)
	oneHop.Instance.HopLimit = 1
	return []*watched{
		{name: "healthy", instance: startInstance(t, imdstest.MustFind("healthy"))},
		{name: "v1", instance: startInstance(t, v1, "--probe.imdsv1"), alert: "IMDSv1Enabled"},
		{name: "one_hop", instance: startInstance(t, oneHop), alert: "IMDSHopLimitOne"},
	}
}

// fleet is everything between a fault and who is told of it.
type fleet struct {
	t             *testing.T
	faulty, quiet []*watched
	receiver      *receiver
	alertmanager  *server
	prometheus    *server
}

func (f *fleet) all() []*watched { return slices.Concat(f.faulty, f.quiet) }

func startFleet(t *testing.T) *fleet {
	t.Helper()
	harness.NeedRoot(t)
	rules := shippedRules(t)
	f := &fleet{t: t, faulty: append(conditionInstances(t, rules), gaugeInstances(t, rules)...), quiet: quiet(t)}
	var targets []target
	for _, w := range f.all() {
		targets = append(targets, ec2Target(w.address, w.name, taggedProfile))
	}
	f.receiver = newReceiver(t)
	f.alertmanager = startAlertmanager(t, f.receiver.URL, int(time.Minute/minute))
	f.prometheus = startPrometheus(t, setup{
		interval:     time.Second,
		by:           int(time.Minute / minute),
		targets:      writeTargets(t, targets),
		alertmanager: f.alertmanager.address,
		flags:        []string{"--web.enable-admin-api"},
	})
	await(t, patience, func() error {
		if n := len(f.prometheus.query(`vantage:imds_condition:current{condition="healthy"}`)); n != len(f.all()) {
			return fmt.Errorf("%d of %d instances are healthy", n, len(f.all()))
		}
		return nil
	})
	return f
}

// TestAlerts switches every fault on and off on its own instance, all under one
// Prometheus and one Alertmanager: each must be told once, alone, in the right
// words, to the right receiver, and then be told to be over.
func TestAlerts(t *testing.T) {
	t.Parallel()
	f := startFleet(t)
	f.checkDashboards(func(p panelClaim) check { return p.healthy })
	if early := f.receiver.all(); len(early) > 0 {
		t.Errorf("on a healthy fleet: %v", early)
	}
	for _, w := range f.faulty {
		w.failed = time.Now()
		w.fail()
	}
	f.awaitNotices("firing")
	f.checkDashboards(func(p panelClaim) check { return p.failing })
	for _, w := range f.faulty {
		f.checkFiring(w)
	}
	f.checkInfo()
	f.recordTimes()
	for _, w := range f.faulty {
		w.mend()
	}
	f.awaitNotices("resolved")
	for _, w := range f.faulty {
		f.checkAlone(w)
	}
	if of := f.receiver.of(""); len(of) > 0 {
		t.Errorf("told of more than instances: %v", of)
	}
	f.recordStorage()
}

// awaitNotices waits until each fault has been told with that status.
func (f *fleet) awaitNotices(status string) {
	f.t.Helper()
	await(f.t, 2*patience, func() error {
		var missing []string
		for _, w := range f.faulty {
			if _, ok := first(f.receiver.of(w.name), w.alert, status); !ok {
				missing = append(missing, w.name)
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("%s: not told of %v", status, missing)
		}
		return nil
	})
}

// taggedProfile is the profile that the instances' tag names.
const taggedProfile = "tagged-profile"

// checkLabels holds a notice to the labels that relabelling gives its target. The
// profile is the tag's where the agent sees none.
func (f *fleet) checkLabels(w *watched, n notice) {
	f.t.Helper()
	want := map[string]string{"account_id": "123456789012", "region": "eu-west-1", "availability_zone": "eu-west-1a", "asg": "app-asg"}
	if w.name == probes.ConditionNoInstanceProfile.String() || w.name == "gone" {
		want["profile"] = taggedProfile // the agent sees none
	}
	for name, value := range want {
		if n.Labels[name] != value {
			f.t.Errorf("%s: label %s is %q, want %q", w.name, name, n.Labels[name], value)
		}
	}
	if w.words != nil && want["profile"] == "" && (n.Labels["profile"] == "" || n.Labels["profile"] == taggedProfile) {
		f.t.Errorf("%s: the profile is %q, want the one that the agent saw", w.name, n.Labels["profile"])
	}
}

// checkFiring holds a notice to the words of the catalogue.
func (f *fleet) checkFiring(w *watched) {
	f.t.Helper()
	n, _ := first(f.receiver.of(w.name), w.alert, "firing")
	if n.Receiver != w.receiver || n.Labels["scope"] != "instance" {
		f.t.Errorf("%s: %v, want it to go to %s", w.name, n, w.receiver)
	}
	if !strings.Contains(n.Annotations["summary"], w.name) || !strings.HasPrefix(n.Annotations["runbook_url"], "https://") {
		f.t.Errorf("%s: annotations %v", w.name, n.Annotations)
	}
	f.checkLabels(w, n)
	if w.words == nil {
		return
	}
	want := wordsOf(*w.words)
	want["summary"] = fmt.Sprintf("%s (%s): %s", w.name, n.Labels["vantage"], w.words.Title)
	want["runbook_url"] = n.Annotations["runbook_url"]
	diffMaps(f.t, w.name, want, n.Annotations)
	if !strings.HasSuffix(n.Annotations["runbook_url"], "#"+w.words.Condition.String()) {
		f.t.Errorf("%s: runbook %s", w.name, n.Annotations["runbook_url"])
	}
}

// wordsOf returns the annotations that the catalogue has the words of.
func wordsOf(e probes.Entry) map[string]string {
	steps := make([]string, len(e.Remedy))
	for i, s := range e.Remedy {
		steps[i] = fmt.Sprintf("%d. %s", i+1, s)
	}
	return map[string]string{"title": e.Title, "description": e.Meaning, "remedy": strings.Join(steps, "\n"), "doc": e.Doc}
}

// checkAlone makes sure that nothing else was ever told of an instance. (That an
// alert is over may be told of one that was inhibited until then, if others of
// its group had been told.)
func (f *fleet) checkAlone(w *watched) {
	f.t.Helper()
	for _, n := range f.receiver.of(w.name) {
		if n.Status == "firing" && n.name() != w.alert {
			f.t.Errorf("%s: also told: %v", w.name, n)
		}
	}
}

// checkInfo makes sure that what is worth knowing is known, and told to nobody.
func (f *fleet) checkInfo() {
	f.t.Helper()
	for _, w := range f.quiet {
		if w.alert != "" && len(f.prometheus.query(fmt.Sprintf(`ALERTS{alertname=%q,alertstate="firing",severity="info"}`, w.alert))) != 1 {
			f.t.Errorf("%s does not fire once", w.alert)
		}
		for _, n := range f.receiver.of(w.name) {
			f.t.Errorf("%s: told: %v", w.name, n)
		}
	}
}
