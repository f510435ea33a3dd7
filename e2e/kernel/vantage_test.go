package kernel_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	appUID   = "54321"
	appUser  = "user:" + appUID
	idleUser = "user:nobody" // uid 65534, by its name
)

var (
	connectRefused = verdict{"firewall_blocked", "connect_refused"}
	connectTimeout = verdict{"firewall_blocked", "connect_timeout"}
	tokenLost      = verdict{"hop_limit_too_low", "token_answer_lost"}
	vantageGone    = verdict{"unknown", "vantage_gone"}
)

func vantageFlags(names ...string) (flags []string) {
	for _, name := range names {
		flags = append(flags, "--vantage="+name)
	}
	return flags
}

// assertVerdicts wants a check to see each vantage so in one round.
func assertVerdicts(t *testing.T, n netns, f family, want map[string]verdict, wantCode int) {
	t.Helper()
	var names []string
	for name := range want {
		names = append(names, name)
	}
	r, code := check(t, n, append(vantageFlags(names...), f.flag())...)
	if got := r.verdicts(); !maps.Equal(got, want) || code != wantCode {
		t.Errorf("%s: check exits with %d and sees %v; want %d and %v", f, code, got, wantCode, want)
	}
}

// TestOwnerRules blocks IMDS for some users of a host.
func TestOwnerRules(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	for _, tc := range []struct {
		rule                string
		host, app, idleUser verdict
		code                int
	}{
		{"meta skuid " + appUID + " tcp dport 80 reject with tcp reset", healthy, connectRefused, healthy, 2},
		{"meta skuid " + appUID + " tcp dport 80 drop", healthy, connectTimeout, healthy, 2},
		{"meta skuid 0 tcp dport 80 reject with tcp reset", connectRefused, healthy, healthy, 2},
		{"meta skuid != 0 tcp dport 80 reject with tcp reset", healthy, connectRefused, connectRefused, 2},
		{"meta skuid nobody tcp dport 80 drop", healthy, healthy, connectTimeout, 2},
		{"tcp dport 81 drop", healthy, healthy, healthy, 0},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			w.host.nft(t, "output", tc.rule)
			for _, f := range families {
				assertVerdicts(t, w.host, f, map[string]verdict{"host": tc.host, appUser: tc.app, idleUser: tc.idleUser}, tc.code)
			}
		})
	}
}

// TestOwnerRuleComesAndGoes blocks one user, and then all others, while daemons
// watch, and wants log, metrics, JSON and page to tell the vantages apart.
func TestOwnerRuleComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	for _, f := range families {
		t.Run(string(f), func(t *testing.T) {
			d := start(t, w.host, append(vantageFlags("host", appUser), f.flag())...)
			for _, vantage := range []string{"host", appUser} {
				d.await(t, vantage, healthy, 10*time.Second)
			}
			for blocked, rule := range map[string]string{
				appUser: "meta skuid " + appUID + " tcp dport 80 reject with tcp reset",
				"host":  "meta skuid != " + appUID + " tcp dport 80 reject with tcp reset",
			} {
				w.host.nft(t, "output", rule)
				d.await(t, blocked, connectRefused, interval+pauses+slack)
				assertShown(t, d, blocked)
				w.host.nft(t, "")
				d.await(t, blocked, healthy, interval+slack)
			}
			if got := d.count("condition_changed"); got != 6 {
				t.Errorf("conditions changed %d times, want 6: to healthy each, and of each once and back", got)
			}
		})
	}
}

// assertShown wants all views of a daemon to show one of its two vantages as
// blocked.
func assertShown(t *testing.T, d *daemon, blocked string) {
	t.Helper()
	d.awaitRounds(t, "host", 2, 10*time.Second)
	for _, vantage := range []string{"host", appUser} {
		want := map[bool]string{true: "1", false: "0"}[vantage == blocked]
		if got := d.metric(t, `imds_condition{condition="firewall_blocked",vantage="`+vantage+`"}`); got != want {
			t.Errorf("%s: imds_condition is %q, want %s", vantage, got, want)
		}
	}
	status := d.status(t).verdicts()
	for vantage, got := range status {
		if want := map[bool]verdict{true: connectRefused, false: healthy}[vantage == blocked]; got != want {
			t.Errorf("JSON: %s is %v, want %v", vantage, got, want)
		}
	}
	if len(status) != 2 {
		t.Errorf("JSON: %d vantages, want 2", len(status))
	}
	if page := d.get(t, "/"); !strings.Contains(page, appUser) {
		t.Errorf("the page does not name %s", appUser)
	}
}

// TestContainerBehindBridge looks from a container's network namespace.
func TestContainerBehindBridge(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	inside := "netns:" + w.container(t).path()
	for _, tc := range []struct {
		name      string
		hopLimit  string
		forward   []string // rules
		container verdict
		code      int
	}{
		{"hop limit 1", "1", nil, tokenLost, 2},
		{"hop limit 2", "2", nil, healthy, 0},
		{"network policy that rejects", "2", []string{"iif bridge0 tcp dport 80 reject with tcp reset"}, connectRefused, 2},
		{"network policy that drops", "2", []string{"iif bridge0 tcp dport 80 drop"}, connectTimeout, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.simulate(t, "--hop-limit="+tc.hopLimit)
			w.host.nft(t, "forward", tc.forward...)
			for _, f := range families {
				assertVerdicts(t, w.host, f, map[string]verdict{"host": healthy, inside: tc.container}, tc.code)
			}
		})
	}
}

// TestNamespaceComesAndGoes removes the namespace while the daemon runs, and
// makes it again.
func TestNamespaceComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	container := newNetns(t, "container")
	inside := "netns:" + container.path()
	remove := func() {
		if err := container.remove(); err != nil {
			t.Fatal(err)
		}
	}
	w.plug(t, container)
	var daemons []*daemon
	for _, f := range families {
		d := start(t, w.host, append(vantageFlags("host", inside), f.flag())...)
		d.started(t)
		daemons = append(daemons, d)
	}
	for again := range 3 {
		if again > 0 {
			container.make(t)
			w.plug(t, container)
		}
		for _, d := range daemons {
			// Until its routes are there, the namespace is seen as it is: without.
			d.awaitEventually(t, inside, healthy, 2*interval+pauses+slack)
		}
		remove()
		for _, d := range daemons {
			d.await(t, inside, vantageGone, interval+slack)
		}
	}
	for _, d := range daemons {
		d.awaitRounds(t, "host", 2, 10*time.Second)
		if got := d.metric(t, `imds_condition{condition="healthy",vantage="host"}`); got != "1" {
			t.Errorf("the host is not healthy any more: %s", got)
		}
	}
}

// TestUserComesAndGoes gives the daemon a user database of its own, and takes the
// user out of it.
func TestUserComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newBridged(t)
	w.simulate(t)
	passwd := filepath.Join(t.TempDir(), "passwd")
	write := func(users string) {
		if err := os.WriteFile(passwd, []byte("root:x:0:0:root:/root:/bin/sh\n"+users), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const app = "app:x:" + appUID + ":" + appUID + "::/nonexistent:/usr/sbin/nologin\n"
	write(app)
	w.host.nft(t, "output", "meta skuid "+appUID+" tcp dport 80 reject with tcp reset")
	d := startWith(t, w.host,
		[]string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/passwd && exec "$@"`, passwd},
		vantageFlags("host", "user:app")...)
	d.started(t)
	d.await(t, "user:app", connectRefused, interval+pauses+slack)
	write("")
	d.await(t, "user:app", vantageGone, interval+slack)
	write(app)
	d.await(t, "user:app", connectRefused, interval+pauses+slack)
}
