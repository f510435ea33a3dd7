package kernel_test

import (
	"fmt"
	"testing"
	"time"
)

// situation is something in the kernel that comes between the host and IMDS, and
// what imds-probe must make of it.
type situation struct {
	name       string
	set, unset func(*testing.T, *world)
	// seen is what each family comes to; one that is absent is not affected.
	seen map[family]sight
}

// sight is what one family sees of a situation.
type sight struct {
	verdict
	errno, phase string
	// late is how long the kernel takes to tell.
	late time.Duration
}

const (
	immediate = 0
	// atRetransmit is when an ICMP error takes effect that came while connect(2)
	// still held the socket: with the second SYN.
	atRetransmit = time.Second
	// never is told by the limit of a request, and of a connection when it confirms.
	never = 3500 * time.Millisecond
)

func blocked(reason, errno string, late time.Duration) sight {
	return sight{verdict{"firewall_blocked", reason}, errno, "connect", late}
}

// The faces of firewall_blocked.
var (
	silence = blocked("connect_timeout", "", never)
	refused = blocked("connect_refused", "ECONNREFUSED", immediate)
)

func both(s sight) map[family]sight { return map[family]sight{ipv4: s, ipv6: s} }

// each returns what differs between the families. ICMPv6 errors of a rule on the
// host itself take effect late.
func each(v4, v6 sight) map[family]sight { return map[family]sight{ipv4: v4, ipv6: v6} }

// pauses are those before the two rounds that confirm.
const pauses = 3 * time.Second

// slack is what the machine may add; it has two cores and other work.
const slack = 3 * time.Second

// detectedWithin is one interval plus the confirmation: a round and two that
// confirm it, each as long as the kernel takes.
func (s sight) detectedWithin() time.Duration {
	return interval + pauses + 3*s.late + slack
}

// recoveredWithin is one interval, behind a round that is under way.
func (s sight) recoveredWithin() time.Duration {
	return interval + s.late + slack
}

// prove sets each situation while a daemon for each family runs, and wants check
// and the daemons to see it, and to see it go.
func prove(t *testing.T, w *world, situations []situation) {
	t.Helper()
	w.simulate(t)
	daemons := map[family]*daemon{}
	for _, f := range families {
		daemons[f] = start(t, w.host, f.flag())
	}
	for _, d := range daemons {
		d.started(t)
	}
	flips := map[family]int{}
	for _, s := range situations {
		if !t.Run(s.name, func(t *testing.T) { s.prove(t, w, daemons) }) {
			return // the daemons are not where the next one wants them
		}
		for f := range s.seen {
			flips[f] += 2
		}
	}
	for f, d := range daemons {
		assertNoFlapping(t, d, 1+flips[f])
	}
}

func (s situation) prove(t *testing.T, w *world, daemons map[family]*daemon) {
	t.Helper()
	set := time.Now()
	s.set(t, w)
	checks := map[family]*checking{}
	for _, f := range families {
		checks[f] = startCheck(t, w.host, f.flag())
	}
	detected, recovered, exits := map[family]time.Duration{}, map[family]time.Duration{}, map[family]int{}
	for _, f := range families {
		exits[f] = assertCheck(t, f, checks[f], s.seen)
	}
	for f, seen := range s.seen {
		detected[f] = daemons[f].await(t, "host", seen.verdict, seen.detectedWithin()).Sub(set)
	}
	unset := time.Now()
	s.unset(t, w)
	for f, seen := range s.seen {
		recovered[f] = daemons[f].await(t, "host", healthy, seen.recoveredWithin()).Sub(unset)
		row := detection{s.name, f, seen.verdict, exits[f], detected[f], recovered[f]}
		detections.add(row)
		t.Log(row)
	}
}

// assertCheck wants a single check to see the situation, down to the errno.
func assertCheck(t *testing.T, f family, c *checking, all map[family]sight) (code int) {
	t.Helper()
	r, code := c.wait(t)
	got := sight{verdict: r.verdicts()["host"]}
	if e, failed := r.failure(); failed {
		got.errno, got.phase = e.Errno, e.phase()
	}
	want, affected := all[f]
	wantCode := 2
	if !affected {
		want, wantCode = sight{verdict: healthy}, 0
	}
	want.late = 0
	if got != want || code != wantCode {
		t.Errorf("%s: check exits with %d and sees %+v; want %d and %+v", f, code, got, wantCode, want)
	}
	return code
}

// assertNoFlapping wants so many changes of condition, and no more.
func assertNoFlapping(t *testing.T, d *daemon, want int) {
	t.Helper()
	d.awaitRounds(t, "host", 2, 10*time.Second) // the textfile is written after a round
	if got := d.count("condition_changed"); got != want {
		t.Errorf("the condition changed %d times, want %d", got, want)
	}
	if got := d.metric(t, `imds_condition_transitions_total{vantage="host"}`); got != fmt.Sprint(want) {
		t.Errorf("imds_condition_transitions_total is %s, want %d", got, want)
	}
	if got := d.metric(t, `imds_condition{condition="healthy",vantage="host"}`); got != "1" {
		t.Errorf(`imds_condition{condition="healthy"} is %q, want 1`, got)
	}
}
