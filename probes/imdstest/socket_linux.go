package imdstest

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// fullSocket listens, never accepts, and has its queue filled.
type fullSocket struct {
	fd     int
	filler []net.Conn
}

// listenFull makes the kernel drop SYNs to an address: on a socket with a
// backlog of 0, the second connection that nobody accepts is dropped.
func listenFull(address string) (closer, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	family, sockaddr := sockaddrOf(at)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &fullSocket{fd: fd}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err := unix.Bind(fd, sockaddr); err != nil {
		_ = s.Close()
		return nil, err
	}
	if err := unix.Listen(fd, 0); err != nil {
		_ = s.Close()
		return nil, err
	}
	for range 2 {
		dialer := net.Dialer{Timeout: 50 * time.Millisecond}
		if conn, err := dialer.Dial("tcp", address); err == nil {
			s.filler = append(s.filler, conn)
		}
	}
	return s, nil
}

func sockaddrOf(at netip.AddrPort) (int, unix.Sockaddr) {
	if at.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}

// Close implements closer.
func (s *fullSocket) Close() error {
	for _, c := range s.filler {
		_ = c.Close()
	}
	return unix.Close(s.fd)
}

// setTTL sets the IP TTL of what is sent from now on; 0 leaves it.
func setTTL(conn net.Conn, ttl int) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok || ttl == 0 {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	level, option := unix.IPPROTO_IP, unix.IP_TTL
	if local, ok := tcp.LocalAddr().(*net.TCPAddr); ok && local.IP.To4() == nil {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), level, option, ttl) })
}
