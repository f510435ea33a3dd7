//go:build !linux

package web

import "net"

// accepts is asked of sockets that systemd has passed, which is only on Linux.
func accepts(net.Listener) bool { return true }
