package web

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// accepts tells whether a socket is one that listens.
func accepts(l net.Listener) bool {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	listens := 0
	if raw.Control(func(fd uintptr) { listens, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN) }) != nil {
		return false
	}
	return err == nil && listens == 1
}
