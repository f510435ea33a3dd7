//go:build !unix

package report

import "syscall"

func errnoName(errno syscall.Errno) string { return errno.Error() }
