package wire

import (
	"context"
	"net"
	"os"
	"syscall"
)

// dialer returns the dialer of all vantages. It tries addresses one after
// another, so that it makes its socket on the calling thread, and asks for no
// keep-alive, since no connection outlives its one exchange.
func dialer() *net.Dialer {
	return &net.Dialer{FallbackDelay: -1, KeepAlive: -1}
}

// dial makes a connection. If none came in time, but an ICMP error did, it
// returns that: connect(2) itself passes over an error that reaches it while it
// still holds the socket, as those of local REJECT rules do over IPv6, and waits
// on for an answer.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	var socket keptSocket
	defer socket.close()
	d := dialer()
	d.Control = func(_, _ string, c syscall.RawConn) error { return c.Control(socket.keep) }
	conn, err := d.DialContext(ctx, network, address)
	if err != nil && isTimeout(err) {
		if errno := socket.pendingError(); errno != 0 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", errno)}
		}
	}
	return conn, err
}
