package imdstest

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong with some requests. All faults that match a
// request apply, in their order: delays add up, and of two that set the same thing
// the later one counts.
type Fault struct {
	// Method and Path say which; the empty string stands for all. Path is that
	// below /latest/ and the dated trees; one that ends in * stands for all that
	// begin so.
	Method, Path string
	// Times limits how often it happens after the scenario was set; 0 is always.
	Times int
	// Share is how much of the requests that match it happens to, from 0 to 1; 0 is
	// all of them. Which ones depends on Seed alone.
	Share float64
	Seed  uint64
	// Delay is how much later the answer comes; up to Jitter is added to it, by Seed.
	Delay, Jitter time.Duration
	// Status replaces the answer by IMDS's page of that status; 0 leaves it.
	Status int
	// Server replaces the Server header; "none" removes it.
	Server string
	// Header is set on the answer, as "Name: value"; an empty value removes it.
	Header string
	// Body replaces the body, with its length.
	Body *string
	// Effect is what goes wrong below HTTP. [Drop] and [Refuse] take the connection
	// itself, so they need a fault that always happens to everything; in another one
	// they come too late, and are [Hang] and [Reset].
	Effect Effect
}

func (f Fault) matches(r request) bool {
	path := below(r.path)
	prefix, isPrefix := strings.CutSuffix(f.Path, "*")
	return (f.Method == "" || f.Method == r.method) &&
		(f.Path == "" || f.Path == path || isPrefix && strings.HasPrefix(path, prefix))
}

// always tells whether the fault happens to every request.
func (f Fault) always() bool {
	return f.Method == "" && (f.Path == "" || f.Path == "*") && f.Times == 0 && f.Share == 0
}

// activeFault is a fault of the scenario that is on.
type activeFault struct {
	Fault
	happened int
	chance   *rand.Rand
}

func activate(faults []Fault) []*activeFault {
	active := make([]*activeFault, len(faults))
	for i, f := range faults {
		active[i] = &activeFault{Fault: f, chance: rand.New(rand.NewPCG(f.Seed, 0))} //nolint:gosec // G404: repeatable on purpose
	}
	return active
}

// happens tells whether the fault happens to a request, and counts it.
func (f *activeFault) happens(r request) bool {
	if !f.matches(r) || f.Times != 0 && f.happened >= f.Times || f.Share != 0 && f.chance.Float64() >= f.Share {
		return false
	}
	f.happened++
	return true
}

// apply changes an answer to one that has the fault.
func (f *activeFault) apply(a answer) answer {
	a.delay += f.Delay
	if f.Jitter > 0 {
		a.delay += time.Duration(f.chance.Int64N(int64(f.Jitter) + 1))
	}
	return f.Fault.apply(a)
}

func (f Fault) apply(a answer) answer {
	if f.Status != 0 {
		page := errorAnswer(f.Status)
		a.status, a.body = f.Status, page.body
		a = a.with("Content-Type", "text/html").with("Content-Length", strconv.Itoa(len(a.body)))
	}
	if f.Body != nil {
		a.body = []byte(*f.Body)
		a = a.with("Content-Length", strconv.Itoa(len(a.body)))
	}
	switch f.Server {
	case "":
	case "none":
		a = a.with("Server", "")
	default:
		a = a.with("Server", f.Server)
	}
	if name, value, ok := strings.Cut(f.Header, ": "); ok {
		a = a.with(http.CanonicalHeaderKey(name), value)
	}
	if f.Effect.kind != effectNone {
		a.effect = f.Effect
	}
	return a
}
