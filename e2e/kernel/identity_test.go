package kernel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestThreadsKeepTheirIdentity makes many rounds from other identities, on
// connections that are made, refused, or never answered, and then wants every
// thread of the daemon to be itself, and their number to have settled.
func TestThreadsKeepTheirIdentity(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	inside := "netns:" + w.container(t).path()
	d := start(t, w.host, vantageFlags("host", appUser, idleUser, inside)...)
	d.started(t)
	d.awaitRounds(t, inside, 5, 30*time.Second)
	settled := len(d.threads(t))
	w.host.nft(t, "output", "meta skuid "+appUID+" tcp dport 80 reject with tcp reset", "meta skuid nobody tcp dport 80 drop")
	d.awaitRounds(t, inside, 10, time.Minute)
	w.host.nft(t, "")
	d.awaitRounds(t, inside, 20, time.Minute)

	// A thread may be away for the moment of a dial; one that leaked is for ever.
	for away := d.threadsAway(t); len(away) > 0; away = d.threadsAway(t) {
		for tid := range away {
			d.awaitRounds(t, "host", 1, 10*time.Second)
			if again := d.threadsAway(t); again[tid] == away[tid] {
				t.Fatalf("thread %s has a foreign identity: %s", tid, away[tid])
			}
		}
	}
	if now := len(d.threads(t)); now > settled+4 {
		t.Errorf("%d threads, %d of them since the first rounds", now, now-settled)
	}
}

func (d *daemon) threads(t *testing.T) []string {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", d.Cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	return threads
}

// threadsAway returns the threads with another user or network namespace than
// the daemon's, and which.
func (d *daemon) threadsAway(t *testing.T) map[string]string {
	t.Helper()
	own, err := os.Stat(d.netns.path())
	if err != nil {
		t.Fatal(err)
	}
	away := map[string]string{}
	for _, thread := range d.threads(t) {
		status, err := os.ReadFile(filepath.Join(thread, "status"))
		ns, nsErr := os.Stat(filepath.Join(thread, "ns", "net"))
		if err != nil || nsErr != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(status)) {
			if uids, ok := strings.CutPrefix(line, "Uid:"); ok && strings.Join(strings.Fields(uids), " ") != "0 0 0 0" {
				away[thread] = "uids " + strings.TrimSpace(uids)
			}
		}
		if !os.SameFile(own, ns) {
			away[thread] = "another network namespace"
		}
	}
	return away
}
