package imdstest

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Request is a request that the simulator read, and how it was answered.
type Request struct {
	// Time is the simulator's, see [Simulator.Advance].
	Time         time.Time
	Method, Path string
	// Header holds [Hidden] in place of each secret.
	Header http.Header
	// Status is that of the answer; 0 for none, or for one that is not HTTP.
	Status int
}

// Hidden stands for a secret in a [Request].
const Hidden = "hidden"

// journal keeps the last requests, and counts all of them.
type journal struct {
	last   []Request
	counts map[string]int
}

// JournalLength is how many requests are kept: a simulator that runs for long
// must not grow.
const JournalLength = 1000

func (j *journal) note(r request, now time.Time, status int) {
	if len(j.last) == 2*JournalLength {
		j.last = j.last[:copy(j.last, j.last[JournalLength:])]
	}
	j.last = append(j.last, Request{Time: now, Method: r.method, Path: r.path, Header: withoutSecrets(r.header), Status: status})
	j.counts[r.method+" "+r.path]++
}

func withoutSecrets(header http.Header) http.Header {
	clean := maps.Clone(header)
	for _, name := range []string{tokenHeader, "Authorization", "Cookie", "Proxy-Authorization", "X-Amz-Security-Token"} {
		if clean.Get(name) != "" {
			clean.Set(name, Hidden)
		}
	}
	return clean
}

// Requests returns the last [JournalLength] requests, oldest first.
func (s *Simulator) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.journal.last
	return slices.Clone(last[max(0, len(last)-JournalLength):])
}

// Counts returns how often each "METHOD PATH" has been asked since [New].
func (s *Simulator) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.journal.counts)
}
