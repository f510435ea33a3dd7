package imdstest

import (
	"net"
	"net/netip"
	"syscall"
	"time"
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
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &fullSocket{fd: fd}
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err := syscall.Bind(fd, sockaddr); err != nil {
		_ = s.Close()
		return nil, err
	}
	if err := syscall.Listen(fd, 0); err != nil {
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

func sockaddrOf(at netip.AddrPort) (int, syscall.Sockaddr) {
	if at.Addr().Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}

// Close implements closer.
func (s *fullSocket) Close() error {
	for _, c := range s.filler {
		_ = c.Close()
	}
	return syscall.Close(s.fd)
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
	level, option := syscall.IPPROTO_IP, syscall.IP_TTL
	if local, ok := tcp.LocalAddr().(*net.TCPAddr); ok && local.IP.To4() == nil {
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_UNICAST_HOPS
	}
	_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), level, option, ttl) })
}
