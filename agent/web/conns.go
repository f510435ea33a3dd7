package web

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits of who is served at once. They bound memory and descriptors, whoever
// connects.
const (
	maxConns = 250
	// connGrace is how long a connection is safe from being closed for another, and
	// awaitGrace how long one is that waits for its first answer: longer than it takes
	// until all have had their turn, for it would be closed right before its own.
	connGrace  = 250 * time.Millisecond
	awaitGrace = time.Second
)

// connLimit bounds the number of connections. One too many waits until another
// ends, or else until the oldest has had its grace and is closed. To wait for
// good would let anybody who holds connections open keep Prometheus out; a
// scrape is over before its grace, and a client whose idle connection was closed
// makes another one.
type connLimit struct {
	limit int
	freed chan struct{}
	// served counts the connections whose goroutine has not ended.
	served sync.WaitGroup

	mu    sync.Mutex
	conns []heldConn // in the order of their making
}

type heldConn struct {
	net.Conn
	since time.Time
}

func newConnLimit(limit int) *connLimit {
	return &connLimit{limit: limit, freed: make(chan struct{}, 1)}
}

// track implements [http.Server.ConnState]. It holds up the loop that accepts.
func (l *connLimit) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		l.served.Add(1)
		for wait := l.admit(conn); wait > 0; wait = l.makeRoom() {
			select {
			case <-l.freed:
			case <-time.After(wait):
			}
		}
	case http.StateClosed, http.StateHijacked:
		l.forget(conn)
		l.served.Done()
	case http.StateActive, http.StateIdle:
	}
}

// wait waits until no connection is served any more. New ones must not come.
func (l *connLimit) wait() { l.served.Wait() }

func (l *connLimit) admit(conn net.Conn) (wait time.Duration) {
	l.mu.Lock()
	l.conns = append(l.conns, heldConn{conn, time.Now()})
	l.mu.Unlock()
	return l.makeRoom()
}

// makeRoom closes the oldest connection that has had its grace, if there are too
// many. It returns after how long to try again; 0 if there is room.
func (l *connLimit) makeRoom() (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) <= l.limit {
		return 0
	}
	wait = connGrace
	for i, conn := range l.conns {
		left := conn.graceLeft()
		if left <= 0 {
			_ = beneathTLS(conn.Conn).Close() // the farewell of TLS could block
			l.conns = slices.Delete(l.conns, i, i+1)
			return 0
		}
		wait = min(wait, left)
	}
	return min(wait, lookAgain)
}

// lookAgain is when a connection may have had its first answer.
const lookAgain = 10 * time.Millisecond

func (c heldConn) graceLeft() time.Duration {
	grace := connGrace
	if awaitsFirst(c.Conn) {
		grace = awaitGrace
	}
	return grace - time.Since(c.since)
}

func (l *connLimit) forget(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = slices.DeleteFunc(l.conns, func(c heldConn) bool { return c.Conn == conn })
	select {
	case l.freed <- struct{}{}:
	default:
	}
}
