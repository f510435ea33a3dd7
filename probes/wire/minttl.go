package wire

import "syscall"

// DialMinTTL returns a dial on whose connections the kernel drops packets with an
// IP TTL, or IPv6 hop limit, below n. It needs no privilege; 0 drops none. Where the
// socket option is refused, so is the connection.
func DialMinTTL(n int) DialFunc {
	d := dialer()
	d.Control = func(network, _ string, c syscall.RawConn) error { return setMinTTL(network, c, n) }
	return d.DialContext
}
