//go:build unix

package report

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// errnoName is the name of an error, as ECONNREFUSED; "" for none.
func errnoName(errno syscall.Errno) string { return unix.ErrnoName(errno) }
