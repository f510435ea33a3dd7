package imdstest

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"time"
)

// serveConn answers the one request that IMDS answers on a connection. The
// context's end closes the connection, whatever the effect.
func (s *Simulator) serveConn(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	a := s.answer(requestOf(req))
	if a.isToken {
		setTTL(conn, s.Scenario().Instance.HopLimit)
	}
	send(ctx, conn, a, req.Method == http.MethodHead)
}

// send writes the answer with its effect.
func send(ctx context.Context, conn net.Conn, a answer, headOnly bool) {
	if headOnly {
		a.body = nil
	}
	if !sleep(ctx, a.delay) {
		return
	}
	switch a.effect.kind {
	case effectHang, effectDrop:
		awaitClient(conn)
	case effectReset, effectRefuse:
		reset(conn)
	case effectClose:
	case effectCut, effectCutHard:
		_, _ = conn.Write(append(a.head(), a.body[:len(a.body)/2]...))
		if a.effect.kind == effectCutHard {
			reset(conn)
		}
	case effectDrip:
		drip(ctx, conn, a)
	case effectFlood:
		flood(conn, a)
	case effectRaw:
		_, _ = conn.Write(a.effect.bytes)
	case effectNone:
		_, _ = conn.Write(append(a.head(), a.body...))
	}
}

// awaitClient says nothing until the client gives up.
func awaitClient(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 1))
}

// dripPace is how often a byte comes.
const dripPace = 50 * time.Millisecond

// drip sends the head, announcing a long body, and then a byte at a time.
func drip(ctx context.Context, conn net.Conn, a answer) {
	_, err := conn.Write(a.with("Content-Length", "1000000").head())
	for err == nil && sleep(ctx, dripPace) {
		_, err = conn.Write([]byte{'x'})
	}
}

// flood sends 64 MiB.
func flood(conn net.Conn, a answer) {
	_, err := conn.Write(a.with("Content-Length", "67108864").head())
	chunk := make([]byte, 1<<20)
	for i := 0; err == nil && i < 64; i++ {
		_, err = conn.Write(chunk)
	}
}

// sleep waits, and tells whether it was for the whole time.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// resetter is a connection that can be cut with a reset.
type resetter interface{ Reset() }

func reset(conn net.Conn) {
	switch c := conn.(type) {
	case *net.TCPConn:
		_ = c.SetLinger(0)
	case resetter:
		c.Reset()
	}
	_ = conn.Close()
}
