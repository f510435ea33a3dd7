package wire

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func setMinTTL(network string, c syscall.RawConn, n int) (err error) {
	if n == 0 {
		return nil
	}
	level, option := unix.IPPROTO_IP, unix.IP_MINTTL
	if strings.HasSuffix(network, "6") {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MINHOPCOUNT
	}
	if ctlErr := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), level, option, n) }); ctlErr != nil {
		return ctlErr
	}
	return err
}
