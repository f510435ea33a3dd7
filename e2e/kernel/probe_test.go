package kernel_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// family is one of IMDS's two endpoints.
type family string

const (
	ipv4 family = "IPv4"
	ipv6 family = "IPv6"
)

var families = []family{ipv4, ipv6}

func (f family) flag() string { return "--imds.endpoint-mode=" + string(f) }

// report is what is read of the JSON of check and of the daemon.
type report struct {
	Condition string `json:"condition"`
	Vantages  []struct {
		Vantage   string `json:"vantage"`
		Condition string `json:"condition"`
		Reason    string `json:"reason"`
		Probes    []struct {
			Status    string     `json:"status"`
			Exchanges []exchange `json:"exchanges"`
		} `json:"probes"`
	} `json:"vantages"`
}

type exchange struct {
	Errno            string  `json:"errno"`
	ConnectSeconds   float64 `json:"connect_seconds"`
	FirstByteSeconds float64 `json:"first_byte_seconds"`
	DurationSeconds  float64 `json:"duration_seconds"`
}

// phase is how far an exchange came.
func (e exchange) phase() string {
	switch {
	case e.ConnectSeconds == 0:
		return "connect"
	case e.FirstByteSeconds == 0:
		return "answer"
	}
	return "body"
}

// verdict is what a vantage came to: its condition and its reason.
type verdict struct{ Condition, Reason string }

var healthy = verdict{"healthy", "ok"}

// verdicts returns the verdict of each vantage.
func (r report) verdicts() map[string]verdict {
	all := map[string]verdict{}
	for _, v := range r.Vantages {
		all[v.Vantage] = verdict{v.Condition, v.Reason}
	}
	return all
}

// failure returns the exchange at which the first vantage's fault showed.
func (r report) failure() (e exchange, failed bool) {
	for _, p := range r.Vantages[0].Probes {
		if p.Status == "fail" {
			return p.Exchanges[0], true
		}
	}
	return exchange{}, false
}

// check runs imds-probe check in a namespace and returns what it printed and its
// exit code.
func check(t *testing.T, n netns, args ...string) (report, int) {
	t.Helper()
	return startCheck(t, n, args...).wait(t)
}

// checking is a check under way.
type checking struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
}

func startCheck(t *testing.T, n netns, args ...string) *checking {
	t.Helper()
	return startChecking(t, n.command(append([]string{harness.Build(t, "imds-probe"), "check", "--output=json"}, args...)...))
}

// startChecking is [startCheck] for a whole command.
func startChecking(t *testing.T, cmd *exec.Cmd) *checking {
	t.Helper()
	c := &checking{cmd: cmd}
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.errs
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *checking) wait(t *testing.T) (r report, code int) {
	t.Helper()
	_ = c.cmd.Wait()
	if err := json.Unmarshal(c.out.Bytes(), &r); err != nil || c.errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s%s", strings.Join(c.cmd.Args, " "), err, c.out.String(), c.errs.String())
	}
	return r, c.cmd.ProcessState.ExitCode()
}

// interval is the daemon's, in all tests.
const interval = time.Second

// daemon is a running imds-probe.
type daemon struct {
	*harness.Process
	netns    netns
	textfile string
	line     int // of the log, after the last event that was awaited
}

// start runs the daemon in a namespace.
func start(t *testing.T, n netns, args ...string) *daemon {
	t.Helper()
	return startWith(t, n, nil, args...)
}

// startWith is [start] with a command before that of the daemon, such as setpriv.
func startWith(t *testing.T, n netns, before []string, args ...string) *daemon {
	t.Helper()
	d := &daemon{netns: n, textfile: filepath.Join(t.TempDir(), "imds.prom")}
	command := append(append([]string{}, before...), harness.Build(t, "imds-probe"), "run",
		"--probe.interval="+interval.String(), "--web.listen-address=127.0.0.1:0", "--textfile.path="+d.textfile, "--log.level=debug")
	d.Process = harness.StartCmd(t, n.command(append(command, args...)...))
	return d
}

// await waits for the next change of a vantage's condition, and wants it to be
// this one. It returns when that was.
func (d *daemon) await(t *testing.T, vantage string, want verdict, limit time.Duration) time.Time {
	t.Helper()
	event, next := d.AwaitEvent(t, d.line, limit, vantage+" "+want.Condition, func(e harness.Event) bool {
		return e.Kind == "condition_changed" && e.Vantage == vantage
	})
	d.line = next
	if got := (verdict{event.To, event.Reason}); got != want {
		t.Fatalf("%s became %v, want %v", vantage, got, want)
	}
	return event.Time
}

// awaitEventually waits until a vantage's condition becomes this one, whatever it
// is in between.
func (d *daemon) awaitEventually(t *testing.T, vantage string, want verdict, limit time.Duration) {
	t.Helper()
	_, next := d.AwaitEvent(t, d.line, limit, vantage+" "+want.Condition, func(e harness.Event) bool {
		return e.Kind == "condition_changed" && e.Vantage == vantage && verdict{e.To, e.Reason} == want
	})
	d.line = next
}

// started waits until the daemon's first verdict on the host, which must be that
// all is well.
func (d *daemon) started(t *testing.T) {
	t.Helper()
	d.await(t, "host", healthy, 10*time.Second)
}

// count counts the events of one kind in the log.
func (d *daemon) count(kind string) (n int) {
	for _, line := range d.Lines() {
		var e harness.Event
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == kind {
			n++
		}
	}
	return n
}

// awaitRounds waits until the vantage has made so many more rounds.
func (d *daemon) awaitRounds(t *testing.T, vantage string, n int, limit time.Duration) {
	t.Helper()
	_, last := d.Await(t, d.line, limit, "enough rounds", func(line string) bool {
		var round struct{ Msg, Vantage string }
		if json.Unmarshal([]byte(line), &round) == nil && round.Msg == "round" && round.Vantage == vantage {
			n--
		}
		return n <= 0
	})
	d.line = last + 1
}

// metric returns the value of a series, as the textfile has it; "" if it is absent.
func (d *daemon) metric(t *testing.T, series string) string {
	t.Helper()
	text, err := os.ReadFile(d.textfile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// awaitMetric waits until a series has a value, looking after each round.
func (d *daemon) awaitMetric(t *testing.T, series, want string, limit time.Duration) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		d.awaitRounds(t, "host", 1, time.Until(deadline))
		if got := d.metric(t, series); got == want {
			return
		} else if got != "" && time.Now().After(deadline) {
			t.Fatalf("%s is %s, want %s", series, got, want)
		}
	}
}

// get asks the daemon's own server, from within its namespace.
func (d *daemon) get(t *testing.T, path string) string {
	t.Helper()
	address, _ := d.Listening(t)
	return d.netns.run(t, "curl", "-sSf", "http://"+address+path)
}

// status returns the JSON that the daemon serves.
func (d *daemon) status(t *testing.T) (r report) {
	t.Helper()
	if err := json.Unmarshal([]byte(d.get(t, "/api/v1/status")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}
