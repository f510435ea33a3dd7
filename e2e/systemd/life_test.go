package systemd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

const debPath = "/root/imds-probe.deb"

// TestLife takes one machine from the first install to the purge. The order of
// the steps is an operator's.
func TestLife(t *testing.T) {
	older := harness.OnlyFile(t, filepath.Join(harness.BuildPackages(t, "0.0.1", "amd64"), "*.deb"))
	newer := harness.OnlyFile(t, filepath.Join(harness.BuildPackages(t, "0.0.2", "amd64"), "*.deb"))
	network := nspawn.NewNetwork(t)
	network.Simulate(t, "healthy")
	h := host{nspawn.Boot(t, nspawn.NewRoot(t), network), network}
	before := h.files(t)

	steps := []struct {
		name string
		run  func(host, *testing.T)
	}{
		{"install", func(h host, t *testing.T) { h.install(t, older) }},
		{"upgrade", func(h host, t *testing.T) { h.upgrade(t, newer) }},
		{"verdict", host.testVerdict},
		{"scenario", host.testScenario},
		{"signals", host.testSignals},
		{"watchdog", host.testWatchdog},
		{"kill", host.testKill},
		{"sandbox", host.testSandbox},
		{"limits", host.testLimits},
		{"no core", host.testNoCore},
		{"boot grace", host.testBootGrace},
		{"user vantage", host.testUserVantage},
		{"netns vantage", host.testNetnsVantage},
		{"ip allow", host.testIPAllow},
		{"textfile", host.testTextfile},
		{"tls", host.testTLS},
		{"socket", host.testSocket},
		{"reboot", host.testReboot},
		{"rollback", func(h host, t *testing.T) { h.rollback(t, older) }},
		{"remove", func(h host, t *testing.T) { h.remove(t) }},
		{"purge", func(h host, t *testing.T) { h.purge(t, before) }},
	}
	for _, step := range steps {
		if !t.Run(step.name, func(t *testing.T) { step.run(h, t) }) {
			t.Logf("the journal of the machine ends:\n%s", h.Run(t, "journalctl", "--boot", "--lines=40", "--no-pager"))
		}
	}
}

// files lists all files of the machine but for what any boot or install changes.
func (h host) files(t *testing.T) []string {
	t.Helper()
	list := h.Run(t, "find", "/", "-xdev", "(",
		"-path", "/tmp", "-o", "-path", "/var/tmp", "-o", "-path", "/var/log", "-o", "-path", "/var/cache", "-o",
		"-path", "/var/lib/dpkg", "-o", "-path", "/var/lib/apt", "-o", "-path", "/root", "-o", "-path", "/var/lib/systemd/random-seed",
		")", "-prune", "-o", "-print")
	return slices.Sorted(slices.Values(strings.Split(list, "\n")))
}

// install installs onto a configuration that was there before, as user data may
// write it.
func (h host) install(t *testing.T, deb string) {
	h.args(t, quick)
	h.Install(t, deb, debPath)
	h.Run(t, "apt-get", "install", "--yes", "--option=Dpkg::Options::=--force-confold", debPath)
	if got := h.Run(t, "systemctl", "is-active", unit); got != "active" {
		t.Errorf("after the install the unit is %s", got)
	}
	if got := h.Run(t, "systemctl", "is-enabled", unit); got != "enabled" {
		t.Errorf("after the install the unit is %s", got)
	}
	h.awaitReady(t)
	if out := h.Run(t, "systemctl", "--failed", "--quiet"); out != "" {
		t.Errorf("failed units: %s", out)
	}
	if path := "/usr/bin/imds-probe"; !slices.Contains(h.files(t), path) {
		t.Errorf("%s is not among the files: what a purge leaves would not be seen", path)
	}
}

func (h host) upgrade(t *testing.T, deb string) {
	before := h.pid(t)
	h.Install(t, deb, debPath)
	h.Run(t, "apt-get", "install", "--yes", debPath)
	if out := h.Run(t, "imds-probe", "--version"); !strings.Contains(out, "version 0.0.2") {
		t.Errorf("after the upgrade: %s", out)
	}
	data, err := os.ReadFile(filepath.Join(h.Root, "/etc/default/imds-probe"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "ARGS=\"" + quick + "\"\n"; string(data) != want {
		t.Errorf("the upgrade changed the configuration: %s", data)
	}
	if now := h.pid(t); now == before || now == "0" {
		t.Errorf("the upgrade did not restart the daemon: pid %s, then %s", before, now)
	}
	h.awaitReady(t)
}

func (h host) rollback(t *testing.T, deb string) {
	h.Install(t, deb, debPath)
	h.Run(t, "apt-get", "install", "--yes", "--allow-downgrades", debPath)
	if out := h.Run(t, "imds-probe", "--version"); !strings.Contains(out, "version 0.0.1") {
		t.Errorf("after the rollback: %s", out)
	}
	h.awaitReady(t)
	if got := h.status(t).Condition; got != "healthy" {
		t.Errorf("after the rollback: %s", got)
	}
}

func (h host) remove(t *testing.T) {
	h.Run(t, "apt-get", "remove", "--yes", "imds-probe")
	if got := h.Show(t, unit, "ActiveState"); got != "inactive" {
		t.Errorf("after the removal the unit is %s", got)
	}
	if _, err := os.Stat(filepath.Join(h.Root, "/etc/default/imds-probe")); err != nil {
		t.Errorf("the removal took the configuration: %v", err)
	}
}

func (h host) purge(t *testing.T, before []string) {
	h.Run(t, "apt-get", "purge", "--yes", "imds-probe")
	if diff := cmp.Diff(before, h.files(t)); diff != "" {
		t.Errorf("what install, use and purge left (-before +after):\n%s", diff)
	}
	if out, err := h.Command("getent", "passwd", "imds-probe").Output(); err == nil {
		t.Errorf("a user is left: %s", out)
	}
	// The command fails where it finds nothing.
	if out, _ := h.Command("systemctl", "list-unit-files", "--no-legend", "imds-probe*").Output(); len(out) > 0 {
		t.Errorf("a unit is left: %s", out)
	}
	if got := h.Show(t, unit, "LoadState"); got != "not-found" {
		t.Errorf("a unit file is left: %s", got)
	}
}

func (h host) testReboot(t *testing.T) {
	h.Reboot(t)
	h.awaitStatus(t, "healthy: ")
	h.awaitReady(t)
	if out := h.Run(t, "systemctl", "--failed", "--quiet"); out != "" {
		t.Errorf("failed units: %s", out)
	}
}

// entry is a line of the journal.
type entry struct {
	Message  string `json:"MESSAGE"`
	Priority string `json:"PRIORITY"`
	Unit     string `json:"_SYSTEMD_UNIT"`
}

// journal returns the daemon's own lines, with what is in their messages.
func (h host) journal(t *testing.T, args ...string) (entries []entry, events []harness.Event) {
	t.Helper()
	cmd := h.Command(append([]string{"journalctl", "--quiet", "--output=json", "_SYSTEMD_UNIT=" + unit}, args...)...)
	out, _ := cmd.Output() // it fails where it finds nothing
	for line := range strings.Lines(string(out)) {
		var e entry
		var event harness.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := json.Unmarshal([]byte(e.Message), &event); err != nil {
			t.Fatalf("a message is not JSON: %v: %s", err, e.Message)
		}
		entries, events = append(entries, e), append(events, event)
	}
	return entries, events
}
