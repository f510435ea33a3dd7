package imdstest

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// request is what an answer depends on.
type request struct {
	method, path string
	header       http.Header
}

// Simulator is an IMDS that can be told to fail. It is safe for concurrent use.
type Simulator struct {
	boot time.Time

	mu       sync.Mutex
	scenario Scenario
	set      time.Time
	used     []int // how often each fault of the scenario has happened
	tokens   tokens
	requests map[string]int
	onSet    []func(Scenario)
}

// New returns a simulator in the given scenario.
func New(s Scenario) *Simulator {
	sim := &Simulator{boot: time.Now(), tokens: tokens{}, requests: map[string]int{}}
	sim.Set(s)
	return sim
}

// Set changes the scenario, for the next request on.
func (s *Simulator) Set(sc Scenario) {
	s.mu.Lock()
	s.scenario, s.set, s.used = sc, time.Now(), make([]int, len(sc.Faults))
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

// Requests returns how often each "METHOD PATH" has been asked.
func (s *Simulator) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.requests))
	maps.Copy(counts, s.requests)
	return counts
}

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
	s.requests[r.method+" "+r.path]++
	instance := s.scenario.Instance
	if s.scenario.Before > 0 && time.Since(s.set) < s.scenario.Before {
		return s.route(r, HealthyInstance()).finish(time.Now())
	}
	a := s.route(r, instance).finish(time.Now().Add(instance.ClockAhead))
	for i, f := range s.scenario.Faults {
		if f.matches(r) && (f.Times == 0 || s.used[i] < f.Times) {
			s.used[i]++
			return f.apply(a)
		}
	}
	return a
}

// route answers as a well IMDS does: authentication comes before routing.
func (s *Simulator) route(r request, instance Instance) answer {
	switch {
	case instance.Disabled:
		return errorAnswer(http.StatusForbidden)
	case r.path == "/latest/api/token":
		return s.tokens.answer(r, time.Now(), s.boot)
	}
	left, valid := s.tokens.check(r.header.Get(tokenHeader), time.Now())
	if !valid && (r.header.Get(tokenHeader) != "" || !instance.TokensOptional) {
		return errorAnswer(http.StatusUnauthorized)
	}
	if r.method != http.MethodGet && r.method != http.MethodHead {
		return errorAnswer(http.StatusMethodNotAllowed, header{"Allow", "GET, HEAD"})
	}
	a := s.metadata(strings.TrimPrefix(r.path, "/latest/meta-data/"), instance)
	if valid && a.status == http.StatusOK {
		a.headers = append(a.headers, header{tokenTTLHeader, left})
	}
	return a
}

func (s *Simulator) metadata(name string, instance Instance) answer {
	text := func(body string) answer { return textAnswer(body, s.boot) }
	switch name {
	case "hostname", "local-hostname":
		return text(instance.Hostname)
	case "instance-id":
		return text("i-0123456789abcdef0")
	case "identity-credentials/ec2/info":
		return text(document{{"Code", "Success"}, {"LastUpdated", stamp(s.boot)}, {"AccountId", instance.AccountID}}.String())
	}
	if p := instance.Profile; p != nil {
		return s.iam(name, *p)
	}
	return errorAnswer(http.StatusNotFound)
}

func (s *Simulator) iam(name string, p Profile) answer {
	keys := p.Keys.at(time.Now(), s.set, s.boot)
	role, isRole := strings.CutPrefix(name, "iam/security-credentials/")
	switch {
	case name == "iam" || name == "iam/":
		return textAnswer("info\nsecurity-credentials/", s.boot)
	case name == "iam/info":
		return textAnswer(p.infoDocument(keys), s.boot)
	case (name == "iam/security-credentials" || isRole && role == "") && !p.NoListing:
		return textAnswer(p.Role, s.boot)
	case isRole && role != "" && role == p.Role && !p.NoListing:
		return textAnswer(p.roleDocument(keys), s.boot)
	}
	return errorAnswer(http.StatusNotFound)
}
