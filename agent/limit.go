package agent

import (
	"bytes"
	"net"
	"net/http"
	"sync"
)

// Limits of who is served at once. They bound memory and descriptors, whoever
// connects.
const (
	maxConns    = 100
	maxHandlers = 4
)

// connLimit keeps the number of connections bounded by closing the oldest one
// for each that is too many. To refuse the newest instead would let anybody
// who holds connections open keep Prometheus out; a scrape is over before it is
// old, and a client whose idle connection was closed makes another one.
type connLimit struct {
	mu    sync.Mutex
	limit int
	conns []net.Conn // in the order of their making
}

// track implements [http.Server.ConnState].
func (l *connLimit) track(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateNew:
		l.conns = append(l.conns, conn)
		if len(l.conns) > l.limit {
			abort(l.conns[0])
			l.conns = l.conns[1:]
		}
	case http.StateClosed, http.StateHijacked:
		l.forget(conn)
	case http.StateActive, http.StateIdle:
	}
}

func (l *connLimit) forget(conn net.Conn) {
	for i, c := range l.conns {
		if c == conn {
			l.conns = append(l.conns[:i:i], l.conns[i+1:]...)
			return
		}
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
