package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// keptSocket holds on to the socket of a dial, which the dialer closes when it
// fails. The zero value holds none.
type keptSocket struct {
	fd   int
	kept bool
}

func (s *keptSocket) keep(fd uintptr) {
	s.close() // that of an address tried before
	own, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
	s.fd, s.kept = own, err == nil
}

// pendingError returns an error that the kernel noted on the socket without
// ending the connection attempt; 0 if there is none.
func (s *keptSocket) pendingError() syscall.Errno {
	if !s.kept {
		return 0
	}
	errno, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return 0
	}
	return syscall.Errno(errno)
}

func (s *keptSocket) close() {
	if s.kept {
		_ = unix.Close(s.fd)
		s.kept = false
	}
}
