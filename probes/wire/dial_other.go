//go:build !linux

package wire

import "syscall"

// keptSocket holds on to the socket of a dial, on Linux only.
type keptSocket struct{}

func (*keptSocket) keep(uintptr) {}

func (*keptSocket) pendingError() syscall.Errno { return 0 }

func (*keptSocket) close() {}
