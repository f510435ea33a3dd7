package probes

import (
	"syscall"
	"time"
)

// Exchange is one HTTP request and its outcome. It never holds a body, and of
// the headers only Server and Date.
type Exchange struct {
	Method string
	Path   string
	// WithToken tells whether the request carried a session token.
	WithToken bool
	// Status is the answer's status code; 0 if no answer came.
	Status int
	// Server is the answer's Server header.
	Server string
	// Date is the answer's Date header: IMDS's clock, to the second.
	Date time.Time
	// Fault says how the exchange failed below HTTP; [ReasonNone] if it did not.
	// A fault can come with a status: the head of the answer came, the body did not.
	Fault Reason
	// Errno is the system error of the fault, if there was one.
	Errno syscall.Errno
	// Start is the time of the request by the host clock.
	Start time.Time
	// Connect is the time until the connection was made, FirstByte until the
	// answer began, Total until it ended. They are 0 for a phase not reached.
	Connect, FirstByte, Total time.Duration
	// Limit is the time that the exchange was given; 0 is not known.
	Limit time.Duration
}

// Overran tells whether the exchange ended far beyond its limit, at which a timer ends
// it: this process was not let run, whatever IMDS did.
func (e Exchange) Overran() bool {
	return e.Limit > 0 && e.Total > e.Limit+max(e.Limit/4, minOverrun)
}

// minOverrun is how late a timer of a healthy host never is.
const minOverrun = 100 * time.Millisecond

// Answered tells whether the head of an answer came.
func (e Exchange) Answered() bool { return e.Status != 0 }
