package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// helloListener lets one TLS handshake at a time take the processor. For each the
// toolkit reads its configuration and the certificate again, and the key signs.
type helloListener struct {
	net.Listener
	turns *turns
}

// Accept implements [net.Listener].
func (l helloListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &helloConn{Conn: conn, turns: l.turns, open: ctx, close: cancel}, nil
}

// helloConn holds the turn from what it reads of a client's hello until the server's
// is written, or more of the client's is waited for, or the connection is closed. A
// handshake's reads and writes come from one goroutine, and so do all until a request
// has been read.
type helloConn struct {
	net.Conn
	turns *turns
	phase helloPhase
	// open ends when the connection is closed, which may be at any time.
	open  context.Context //nolint:containedctx // the connection's, of which requests' are made
	close context.CancelFunc

	// first is how far the connection is with its first answer.
	first atomic.Uint32

	mu   sync.Mutex
	held bool
}

const (
	firstNone    = iota // no request has come yet
	firstAwaited        // it waits for its turn, or is being made
	firstMade
)

type helloPhase uint8

const (
	phaseNew  helloPhase = iota // nothing was read
	phaseTLS                    // the client's hello is read
	phaseDone                   // the server's was written, or there is none
)

// recordHandshake is the first byte of a TLS handshake (RFC 8446, 5.1).
const recordHandshake = 22

// Read implements [net.Conn].
func (c *helloConn) Read(p []byte) (int, error) {
	if c.phase == phaseDone {
		return c.Conn.Read(p)
	}
	c.leave()
	n, err := c.Conn.Read(p)
	if n > 0 && c.phase == phaseNew {
		c.phase = phaseDone
		if p[0] == recordHandshake {
			c.phase = phaseTLS
		}
	}
	if n > 0 && c.phase == phaseTLS {
		c.enter()
	}
	return n, err
}

// Write implements [net.Conn].
func (c *helloConn) Write(p []byte) (int, error) {
	if c.phase != phaseDone {
		c.phase = phaseDone
		c.leave()
	}
	return c.Conn.Write(p)
}

// Close implements [net.Conn].
func (c *helloConn) Close() error {
	c.close()
	c.leave()
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer to a request that it has not read whole,
// without a reset that could overtake the answer.
func (c *helloConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *helloConn) enter() {
	if !c.turns.take(c.open.Done()) {
		return
	}
	c.mu.Lock()
	c.held = true
	c.mu.Unlock()
	if c.open.Err() != nil {
		c.leave()
	}
}

func (c *helloConn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		c.held = false
		c.turns.giveBack()
	}
}

// whileOpen implements [http.Server.ConnContext]: no request waits for its turn
// whose connection was closed. net/http itself does not notice that where a client
// has sent further requests already.
func whileOpen(ctx context.Context, conn net.Conn) context.Context {
	own, ok := beneathTLS(conn).(*helloConn)
	if !ok {
		return ctx
	}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, connKey{}, own))
	context.AfterFunc(own.open, cancel)
	return ctx
}

// connKey is the key of a request's connection among the values of its context.
type connKey struct{}

// whileFirst marks a connection as waiting for its first answer, until end is called.
func whileFirst(ctx context.Context) (end func()) {
	conn, ok := ctx.Value(connKey{}).(*helloConn)
	if !ok || !conn.first.CompareAndSwap(firstNone, firstAwaited) {
		return func() {}
	}
	return func() { conn.first.Store(firstMade) }
}

// awaitsFirst tells whether a connection waits for its first answer.
func awaitsFirst(conn net.Conn) bool {
	own, ok := beneathTLS(conn).(*helloConn)
	return ok && own.first.Load() == firstAwaited
}

// beneathTLS returns the connection that TLS uses.
func beneathTLS(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}
