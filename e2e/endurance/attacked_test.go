package endurance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// What must hold while clients attack. A round comes at most one interval late.
const (
	attackedInterval = 2 * time.Second
	maxLateness      = 2 * attackedInterval
	scrapeTimeout    = 10 * time.Second // Prometheus's default
	maxPasswordWait  = 3 * time.Second
)

// attackTime is how long each attack lasts: two minutes in full.
func attackTime() time.Duration {
	if harness.Full() {
		return 2 * time.Minute
	}
	return 8 * time.Second
}

// target is a daemon under attack.
type target struct {
	process  *harness.Process
	address  string
	textfile string
	trust    *x509.CertPool
	password bool
}

// TestAttacks lets clients attack the daemon, and wants its rounds to come, their
// verdict to stay what it is, its memory to be bounded, and Prometheus's scrapes to
// be answered.
func TestAttacks(t *testing.T) {
	rows := []string{"attack | clients | last round ago, at most | scrape, at most | resident, at most", "---|---|---|---|---"}
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			to := startTarget(t, a.tls, a.password)
			seen := to.watch(t, a)
			row := seen.row(a)
			t.Log(row)
			rows = append(rows, row)
			if seen.lateness > maxLateness {
				t.Errorf("the last round was %v ago, want at most %v", seen.lateness, maxLateness)
			}
			if seen.residentKiB > maxResidentKiB {
				t.Errorf("%d KiB resident", seen.residentKiB)
			}
			if seen.scrape > scrapeTimeout || a.password && a.clients == 60 && seen.scrape > maxPasswordWait {
				t.Errorf("a scrape took %v", seen.scrape)
			}
			if log := strings.Join(to.process.Lines(), "\n"); strings.Count(log, `"event":"condition_changed"`) != 1 {
				t.Errorf("the condition changed:\n%s", log)
			}
		})
	}
	if *update && !t.Failed() {
		writeTable(t, rows)
	}
}

// startTarget starts a daemon on the one processor that it allows itself, and waits
// for its first verdict.
func startTarget(t *testing.T, secure, withPassword bool) *target {
	t.Helper()
	to := &target{textfile: filepath.Join(t.TempDir(), "imds.prom"), password: withPassword}
	flags := []string{"--probe.interval=" + attackedInterval.String(), "--no-probe.hop-limit", "--textfile.path=" + to.textfile}
	if config := to.configure(t, secure); config != "" {
		flags = append(flags, "--web.config.file="+config)
	}
	to.process, to.address = harness.Daemon(t, harness.Simulate(t, "healthy"), flags...)
	to.process.AwaitText(t, `"to":"healthy"`, 10*time.Second)
	eventually(t, 10*time.Second, "textfile", func() bool {
		_, err := os.Stat(to.textfile)
		return err == nil
	})
	return to
}

// configure writes a web configuration and returns its path; "" where none is needed.
func (to *target) configure(t *testing.T, secure bool) string {
	t.Helper()
	if !secure && !to.password {
		return ""
	}
	var text string
	if secure {
		text += harness.ServerTLS
	}
	if to.password {
		text += harness.BasicAuth(t)
	}
	config, certificate := harness.WebConfig(t, text)
	if secure {
		to.trust = certificate.Pool()
	}
	return config
}

// sight is the worst that was seen during an attack.
type sight struct {
	lateness, scrape time.Duration
	scrapes          int
	residentKiB      int
}

// row is the sight of an attack as the document has it.
func (s sight) row(a attack) string {
	return fmt.Sprintf("%s | %d | %.1f s | %.2f s | %d MiB", a.name, a.clients, s.lateness.Seconds(), s.scrape.Seconds(), (s.residentKiB+1023)>>10)
}

// watch lets an attack go on for its time. Lateness comes from the textfile, which
// the attack does not touch.
func (to *target) watch(t *testing.T, a attack) (worst sight) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), attackTime())
	defer cancel()
	scraped := make(chan sight, 1)
	if took := to.scrape(t.Context(), t); took > scrapeTimeout {
		t.Fatal("not even answered before the attack")
	}
	attacked := make(chan struct{})
	go func() {
		defer close(attacked)
		a.run(ctx, to)
	}()
	go func() {
		var s sight
		for ctx.Err() == nil {
			s.scrape = max(s.scrape, to.scrape(t.Context(), t))
			s.scrapes++
			time.Sleep(500 * time.Millisecond)
		}
		scraped <- s
	}()
	for ctx.Err() == nil {
		worst.lateness = max(worst.lateness, time.Since(lastRound(t, readFile(t, to.textfile))))
		time.Sleep(50 * time.Millisecond)
	}
	s := <-scraped
	worst.scrape, worst.scrapes = s.scrape.Round(time.Millisecond), s.scrapes
	<-attacked
	worst.lateness = worst.lateness.Round(time.Millisecond)
	worst.residentKiB = procStatus(t, to.process.Cmd.Process.Pid, "VmHWM")
	return worst
}

// scrape asks for the metrics as Prometheus does, over a connection of its own, and
// returns how long that took: more than Prometheus waits if it failed.
func (to *target) scrape(ctx context.Context, t *testing.T) time.Duration {
	t.Helper()
	began, scheme := time.Now(), "http"
	if to.trust != nil {
		scheme = "https"
	}
	for time.Since(began) < 2*scrapeTimeout {
		if to.scrapeOnce(ctx, scheme) {
			break
		}
	}
	return time.Since(began)
}

func (to *target) scrapeOnce(ctx context.Context, scheme string) bool {
	client := http.Client{Timeout: scrapeTimeout, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: to.trust},
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+to.address+"/metrics", http.NoBody)
	if err != nil {
		return false
	}
	if to.password {
		req.SetBasicAuth(harness.User, harness.Password)
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return err == nil && strings.Contains(string(text), "imds_up{")
}

var lastRoundLine = regexp.MustCompile(`(?m)^imds_last_round_timestamp_seconds\{vantage="host"\} (\S+)$`)

// lastRound reads when the host's last round ended.
func lastRound(t *testing.T, exposition string) time.Time {
	t.Helper()
	found := lastRoundLine.FindStringSubmatch(exposition)
	if found == nil {
		t.Fatalf("no round in\n%s", exposition)
	}
	seconds, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(int64(seconds * 1e3))
}
