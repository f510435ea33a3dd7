//go:build !unix

package agent

import "syscall"

func errnoName(errno syscall.Errno) string { return errno.Error() }
