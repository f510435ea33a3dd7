package web

import (
	"bytes"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Limits of who is served at once. They bound memory and descriptors, whoever
// connects.
const (
	maxConns    = 100
	maxHandlers = 4
	usualAnswer = 12 << 10
	// connGrace is how long a connection is safe from being closed for another.
	connGrace = 250 * time.Millisecond
)

// connLimit bounds the number of connections. One too many waits until another
// ends, or else until the oldest has had its grace and is closed. To wait for
// good would let anybody who holds connections open keep Prometheus out; a
// scrape is over before its grace, and a client whose idle connection was closed
// makes another one.
type connLimit struct {
	limit int
	freed chan struct{}

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
		for wait := l.admit(conn); wait > 0; wait = l.makeRoom() {
			select {
			case <-l.freed:
			case <-time.After(wait):
			}
		}
	case http.StateClosed, http.StateHijacked:
		l.forget(conn)
	case http.StateActive, http.StateIdle:
	}
}

func (l *connLimit) admit(conn net.Conn) (wait time.Duration) {
	l.mu.Lock()
	l.conns = append(l.conns, heldConn{conn, time.Now()})
	l.mu.Unlock()
	return l.makeRoom()
}

// makeRoom closes the oldest connection if there are too many and it has had its
// grace. It returns after how long to try again; 0 if there is room.
func (l *connLimit) makeRoom() (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) <= l.limit {
		return 0
	}
	oldest := l.conns[0]
	if left := connGrace - time.Since(oldest.since); left > 0 {
		return left
	}
	abort(oldest.Conn)
	l.conns = slices.Delete(l.conns, 0, 1)
	return 0
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

// abort closes a connection below TLS, whose farewell could block.
func abort(conn net.Conn) {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close()
}

// inTurn lets only so many answers be made at once, the others wait. An answer
// is made in memory first: a client that does not read holds up nobody.
func inTurn(n int, next http.Handler) http.Handler {
	turns := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answerBuffer{header: w.Header(), status: http.StatusOK}
		answer.body.Grow(usualAnswer)
		select {
		case turns <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		func() {
			defer func() { <-turns }()
			next.ServeHTTP(&answer, r)
		}()
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body.Bytes()) // the client is gone if it fails
	})
}

// answerBuffer is an answer in the making.
type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (a *answerBuffer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answerBuffer) WriteHeader(status int) { a.status = status }

// Write implements [http.ResponseWriter].
func (a *answerBuffer) Write(p []byte) (int, error) { return a.body.Write(p) }

// WriteString implements [io.StringWriter].
func (a *answerBuffer) WriteString(s string) (int, error) { return a.body.WriteString(s) }
