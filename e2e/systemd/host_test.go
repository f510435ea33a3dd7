package systemd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/e2e/nspawn"
)

const (
	unit  = "imds-probe.service"
	limit = 2 * time.Minute
	// quick are the flags that keep the tests short.
	quick = "--probe.interval=2s"
)

// host is a machine that imds-probe is installed on.
type host struct {
	*nspawn.Machine
	net *nspawn.Network
}

// follow follows the daemon's log from now on.
func (h host) follow(t *testing.T) *harness.Process {
	t.Helper()
	cursor := lastField(h.Run(t, "journalctl", "--lines=0", "--show-cursor"))
	return harness.StartCmd(t, h.Command("journalctl", "--follow", "--output=cat", "--unit="+unit, "--after-cursor="+cursor))
}

func lastField(text string) string {
	fields := strings.Fields(text)
	return fields[len(fields)-1]
}

// awaitCondition waits for a change to a condition.
func awaitCondition(t *testing.T, log *harness.Process, skip int, condition string) (next int) {
	t.Helper()
	_, next = log.AwaitEvent(t, skip, limit, "a change to "+condition, func(e harness.Event) bool {
		return e.Kind == "condition_changed" && e.To == condition
	})
	return next
}

func (h host) pid(t *testing.T) string {
	t.Helper()
	return h.Show(t, unit, "MainPID")
}

func (h host) restarts(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(h.Show(t, unit, "NRestarts"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitStatus waits until systemd shows a status.
func (h host) awaitStatus(t *testing.T, text string) {
	t.Helper()
	nspawn.Eventually(t, "systemd shows "+text, func() bool {
		return strings.Contains(h.Show(t, unit, "StatusText"), text)
	})
}

// awaitReady waits until the daemon has judged.
func (h host) awaitReady(t *testing.T) {
	t.Helper()
	nspawn.Eventually(t, "the daemon is ready", func() bool {
		_, err := h.net.Get("/-/ready")
		return err == nil
	})
}

// args sets the daemon's flags as an operator does.
func (h host) args(t *testing.T, args string) {
	t.Helper()
	h.Write(t, "/etc/default/imds-probe", "ARGS=\""+args+"\"\n")
}

// dropIn adds to the unit what a text says, for one test.
func (h host) dropIn(t *testing.T, name, text string) {
	t.Helper()
	path := "/etc/systemd/system/" + unit + ".d/" + name
	h.Write(t, path, text)
	h.Run(t, "systemctl", "daemon-reload")
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Join(h.Root, path)); err != nil {
			t.Error(err)
		}
		h.args(t, quick)
		h.Run(t, "systemctl", "daemon-reload")
		h.Run(t, "systemctl", "restart", unit)
	})
}

// example adds a drop-in that the package brings as an example.
func (h host) example(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(h.Root, "/usr/share/doc/imds-probe/examples/imds-probe.service.d", name))
	if err != nil {
		t.Fatal(err)
	}
	h.dropIn(t, name, string(data))
}

// status is what the daemon serves, as far as the tests look.
type status struct {
	Condition string `json:"condition"`
	Agent     struct {
		StartedAt time.Time `json:"started_at"`
	} `json:"agent"`
	Vantages []struct {
		Vantage   string `json:"vantage"`
		Condition string `json:"condition"`
	} `json:"vantages"`
	Transitions []struct {
		To string `json:"to"`
	} `json:"transitions"`
}

func (h host) status(t *testing.T) (s status) {
	t.Helper()
	out, err := h.net.Get("/api/v1/status")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	return s
}
