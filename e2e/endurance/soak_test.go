package endurance_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// Lanes look at IMDSs of their own at the same time, so that time-outs of one
// are filled by the others' work. The time-out is long enough for a busy machine
// not to look like a fault.
const (
	lanes       = 256
	laneTimeout = 3 * time.Second
)

// soakRounds returns how many rounds a soak makes.
func soakRounds() int {
	if harness.Full() {
		return 200_000
	}
	return 5000
}

// TestSoakVerdicts makes rounds through all scenarios in random order on real
// sockets. Every verdict must be the one that the scenario names, and after a
// warm-up nothing may grow.
func TestSoakVerdicts(t *testing.T) {
	n, seed := soakRounds(), rand.Uint64()
	t.Logf("%d rounds, seed %d", n, seed)
	all := make([]*lane, lanes)
	for i := range all {
		all[i] = &lane{
			t: t, random: rand.New(rand.NewPCG(seed, uint64(i))), probers: map[string]*ladder.Prober{},
			// An address of its own: while a scenario refuses connections its port is
			// free, and another lane's connection could be given it.
			address: fmt.Sprintf("127.0.%d.%d:0", 1+i/250, 1+i%250),
		}
	}
	warm := soak(t, all, max(n/10, 2000))
	end := soak(t, all, n)
	t.Logf("after the warm-up %+v, at the end %+v", warm, end)
	// A leak in one round of a thousand would show; a runtime's spare thread is none.
	if end.goroutines > warm.goroutines+2 || end.descriptors > warm.descriptors+2 || end.threads > warm.threads+8 || end.heap > warm.heap+1<<20 {
		t.Error("something grows")
	}
}

// soak lets the lanes make n rounds together, and returns what is in use then.
func soak(t *testing.T, all []*lane, n int) usage {
	t.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	var running sync.WaitGroup
	for _, l := range all {
		running.Go(func() { l.run(&left) })
	}
	running.Wait()
	overloaded := 0
	for _, l := range all {
		overloaded += l.overloaded
	}
	if overloaded > n/100 {
		t.Errorf("%d of %d rounds came too late to judge", overloaded, n)
	}
	return usageNow(t)
}

// usage is what this process has in use.
type usage struct {
	goroutines, descriptors, threads int
	heap                             uint64
}

func usageNow(t *testing.T) (u usage) {
	t.Helper()
	eventually(t, time.Minute, "end of the simulators' goroutines", func() bool {
		u.goroutines = runtime.NumGoroutine()
		return u.goroutines < lanes
	})
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.heap = m.HeapAlloc
	u.descriptors, u.threads = inUse(t, os.Getpid())
	return u
}

// lane is a place where scenarios come one after another. Its probers live as
// long as the soak; there is one for each set of flags.
type lane struct {
	t       *testing.T
	random  *rand.Rand
	address string
	probers map[string]*ladder.Prober
	// overloaded counts the rounds that said more of this machine than of IMDS.
	overloaded int
}

// run visits scenarios at random until no round is left. The simulator is a new
// one each time, at the same address: it remembers its tokens, which must not
// look like our growth.
func (l *lane) run(left *atomic.Int64) {
	sim := imdstest.New(imdstest.MustFind("healthy"))
	server, err := imdstest.Listen(sim, l.address)
	if err != nil {
		l.t.Error(err)
		return
	}
	defer server.Close()
	l.address = server.Addr()
	for scenarios := imdstest.Scenarios(); left.Load() > 0 && !l.t.Failed(); {
		rounds := l.visit(sim, scenarios[l.random.IntN(len(scenarios))])
		left.Add(-int64(rounds))
	}
}

// visit makes up to four rounds in a scenario, fewer where each takes time-outs.
func (l *lane) visit(sim *imdstest.Simulator, sc imdstest.Scenario) (rounds int) {
	policy, err := sc.Policy()
	if err != nil {
		panic(err) // our own scenarios
	}
	prober, known := l.prober(sc.Args, policy), probes.Known{}
	before := imdstest.MustFind("healthy")
	before.Instance.ClockAhead = sc.Instance.ClockAhead
	sim.Set(before)
	if sc.Before > 0 {
		known, _ = known.Learn(l.round(prober))
		rounds++
	}
	if sc.Name == "slow" {
		sc.Faults = []imdstest.Fault{{Delay: 2 * time.Millisecond}}
	}
	sc.Before = 0
	sim.Set(sc)
	if sc.Name == "blip" {
		l.round(prober)
		rounds++
	}
	for range 1 + l.random.IntN(4) {
		r := l.round(prober)
		rounds++
		learned, _ := known.Learn(r)
		switch d := probes.Diagnose(r, policy, learned); {
		case d.Reason == probes.ReasonHostOverloaded: // no verdict: many lanes share few processors
			l.overloaded++
		case d.Condition != sc.Condition || d.Reason != sc.Reason:
			l.t.Errorf("%s: %v (%v), want %v (%v): %+v", sc.Name, d.Condition, d.Reason, sc.Condition, sc.Reason, r)
		}
		if r.Duration > laneTimeout {
			break
		}
	}
	return rounds
}

func (l *lane) round(p *ladder.Prober) probes.Round {
	r, err := p.Round(l.t.Context())
	if err != nil {
		l.t.Error(err)
	}
	return r
}

func (l *lane) prober(args []string, policy probes.Policy) *ladder.Prober {
	key := strings.Join(args, " ")
	if l.probers[key] == nil {
		p, err := ladder.New(ladder.Options{Endpoint: "http://" + l.address, Timeout: laneTimeout, Policy: policy})
		if err != nil {
			panic(err) // our own options
		}
		l.probers[key] = p
	}
	return l.probers[key]
}
