package imdstest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
)

// Client returns an HTTP client that reaches the simulator in memory, whatever the
// address that it asks.
func (s *Simulator) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.Dial, DisableKeepAlives: true}}
}

// Dial connects to the simulator in memory. A scenario that drops or refuses
// everything does so here, with the error that the kernel would give.
func (s *Simulator) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	switch s.Scenario().reach() {
	case effectDrop:
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: network, Err: ctx.Err()}
	case effectRefuse:
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	default:
		return s.pipe(ctx), nil
	}
}

// pipe makes a connection in memory, and serves its other end.
func (s *Simulator) pipe(ctx context.Context) net.Conn {
	client, server := net.Pipe()
	cut := &atomic.Bool{}
	go s.serveConn(context.WithoutCancel(ctx), &serverEnd{server, cut})
	return &clientEnd{client, cut}
}

// reach tells what a scenario does to all connections.
func (s Scenario) reach() effectKind {
	for _, f := range s.Faults {
		if f.always() && (f.Effect.kind == effectDrop || f.Effect.kind == effectRefuse) {
			return f.Effect.kind
		}
	}
	return effectNone
}

// The two ends of a connection in memory share whether it was reset.
type (
	serverEnd struct {
		net.Conn
		cut *atomic.Bool
	}
	clientEnd struct {
		net.Conn
		cut *atomic.Bool
	}
)

// Reset lets the client see a reset.
func (e *serverEnd) Reset() { e.cut.Store(true) }

func (e *clientEnd) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if errors.Is(err, io.EOF) && e.cut.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return n, err
}
