package endurance_test

import (
	"bufio"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// quick are the flags of a daemon that makes many rounds a second: from forty
// vantages, since the pause before a fault is confirmed holds up only its own
// vantage.
func quick(more ...string) []string {
	args := []string{"--probe.interval=200ms", "--probe.timeout=200ms", "--no-probe.hop-limit"}
	for uid := range 40 {
		args = append(args, "--vantage=user:"+strconv.Itoa(uid))
	}
	return append(args, more...)
}

// steps are what the daemon's soak goes through: scenarios that are answered, so
// that every request that the simulator counted has a counter.
var steps = []string{"healthy", "no_role", "throttled_503", "token_forbidden", "captive_page", "no_instance_profile", "assume_role_unauthorized"}

// TestSoakDaemon lets the built daemon make rounds as fast as it can while it is
// scraped, through changing scenarios, and wants its memory, descriptors and
// threads to stay what they were after a warm-up, and its counters to add up.
func TestSoakDaemon(t *testing.T) {
	harness.NeedRoot(t)
	n := soakRounds() / 10 // each with what a browser and a scraper ask for
	sim := imdstest.New(imdstest.MustFind("healthy"))
	server, err := imdstest.Listen(sim, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	textfile := filepath.Join(t.TempDir(), "imds.prom")
	p, address := harness.Daemon(t, server.URL(), quick("--textfile.path="+textfile)...)
	base, pid := "http://"+address, p.Cmd.Process.Pid
	rounds := func() int { return sim.Counts()["PUT /latest/api/token"] }

	soakUntil(t, sim, base, func() bool { return rounds() > n/4 })
	warm := daemonUsage(t, pid)
	soakUntil(t, sim, base, func() bool { return rounds() > n })
	end := daemonUsage(t, pid)
	t.Logf("%d rounds; after the warm-up %+v, at the end %+v", rounds(), warm, end)
	if end.descriptors > warm.descriptors+4 || end.threads > warm.threads+2 || end.rss > warm.rss+warm.rss/10+1024 {
		t.Error("something grows")
	}
	if err := p.Stop(t, 10*time.Second); err != nil {
		t.Errorf("stopped with %v", err)
	}
	asked := 0
	for count := range maps.Values(sim.Counts()) {
		asked += count
	}
	// The round that the end cut is no verdict; a time-out's request may not
	// have reached the simulator.
	counted, failed := requestsTotal(t, readFile(t, textfile))
	t.Logf("the simulator was asked %d times, the daemon counted %d, %d of them without an answer", asked, counted, failed)
	if asked < counted-failed || asked > counted+8 {
		t.Errorf("asked %d times, counted %d", asked, counted)
	}
}

// soakUntil scrapes and changes the scenario until done.
func soakUntil(t *testing.T, sim *imdstest.Simulator, base string, done func() bool) {
	t.Helper()
	for i, began := 0, time.Now(); !done(); i++ {
		if time.Since(began) > time.Hour {
			t.Fatal("too few rounds in an hour")
		}
		sc := imdstest.MustFind(steps[i/100%len(steps)])
		if i%100 == 0 {
			sim.Set(sc)
		}
		harness.Get(t, base+"/metrics")
		harness.Get(t, base+"/")
		harness.Get(t, base+"/api/v1/status")
		time.Sleep(50 * time.Millisecond) // the rounds are what is soaked
	}
}

// daemonUse is what a daemon has in use; its memory is in KiB.
type daemonUse struct{ descriptors, threads, rss int }

func daemonUsage(t *testing.T, pid int) daemonUse {
	t.Helper()
	descriptors, threads := inUse(t, pid)
	return daemonUse{descriptors, threads, procStatus(t, pid, "VmRSS")}
}

// requestsTotal sums imds_requests_total; failed are those without an answer.
func requestsTotal(t *testing.T, text string) (all, failed int) {
	t.Helper()
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		series, value, _ := strings.Cut(scanner.Text(), " ")
		if !strings.HasPrefix(series, "imds_requests_total{") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		all += int(n)
		if strings.Contains(series, `"error"`) {
			failed = int(n)
		}
	}
	return all, failed
}
