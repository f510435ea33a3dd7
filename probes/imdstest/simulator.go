package imdstest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// request is what an answer depends on.
type request struct {
	method, host, path string
	header             http.Header
}

func requestOf(r *http.Request) request { return request{r.Method, r.Host, r.URL.Path, r.Header} }

// Simulator is an IMDS that can be told to fail. It is safe for concurrent use.
type Simulator struct {
	boot   time.Time
	tokens tokens

	mu       sync.Mutex
	ahead    time.Duration
	scenario Scenario
	// shown is what the scenario shows, first what comes Before it.
	shown, first served
	set          time.Time
	faults       []*activeFault
	journal      journal
	onSet        []func(Scenario)
}

// New returns a simulator in the given scenario, for [Listen], or for a test that
// reaches it in memory; [Start] is for a test with a client that wants an address.
func New(s Scenario) *Simulator {
	sim := &Simulator{boot: time.Now(), tokens: newTokens(), journal: journal{counts: map[string]int{}}}
	sim.Set(s)
	return sim
}

// Set changes the scenario, for the next request on. Session tokens stay valid.
func (s *Simulator) Set(sc Scenario) {
	s.mu.Lock()
	s.scenario, s.set, s.faults = sc, s.now(), activate(sc.Faults)
	s.shown, s.first = serve(sc.Instance), serve(HealthyInstance())
	watchers := s.onSet
	s.mu.Unlock()
	for _, f := range watchers {
		f(sc)
	}
}

// Scenario returns the scenario that is on.
func (s *Simulator) Scenario() Scenario {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scenario
}

// Advance lets time pass for the simulator alone: session tokens expire,
// credentials are renewed or expire, and the Date of answers moves on.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// now is the simulator's time.
func (s *Simulator) now() time.Time { return time.Now().Add(s.ahead) }

// watch calls f with the scenario that is on, and with each later one.
func (s *Simulator) watch(f func(Scenario)) {
	s.mu.Lock()
	s.onSet = append(s.onSet, f)
	now := s.scenario
	s.mu.Unlock()
	f(now)
}

// answer answers one request. All that can go wrong is in the answer's effect.
func (s *Simulator) answer(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := moment{now: s.now(), set: s.set, boot: s.boot}
	a := s.answerAt(r, at)
	s.journal.note(r, at.now, a.code())
	return a
}

func (s *Simulator) answerAt(r request, at moment) answer {
	if at.now.Sub(at.set) < s.scenario.Before {
		return s.route(r, s.first, at).finish(at.now)
	}
	a := s.route(r, s.shown, at).finish(at.now.Add(s.shown.ClockAhead))
	for _, f := range s.faults {
		if f.happens(r) {
			a = f.apply(a)
		}
	}
	return a
}

// route answers as a healthy IMDS does: authentication comes before routing.
func (s *Simulator) route(r request, instance served, at moment) answer {
	// IMDS takes a doubled slash at the beginning for one.
	r.path = "/" + strings.TrimLeft(r.path, "/")
	switch {
	case instance.Disabled:
		return errorAnswer(http.StatusForbidden)
	case r.path == tokenPath:
		return s.tokens.answer(r, at)
	}
	left, valid := s.tokens.check(r.header.Get(tokenHeader), at.now)
	if !valid && (r.header.Get(tokenHeader) != "" || !instance.TokensOptional) {
		return errorAnswer(http.StatusUnauthorized)
	}
	if r.method != http.MethodGet && r.method != http.MethodHead {
		return errorAnswer(http.StatusMethodNotAllowed, header{"Allow", "GET, HEAD"})
	}
	a := instance.answer(r, at)
	if valid && a.status == http.StatusOK {
		a.headers = append(a.headers, header{tokenTTLHeader, left})
	}
	return a
}
