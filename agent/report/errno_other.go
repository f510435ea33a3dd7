//go:build !unix

package report

import "syscall"

// errnoName is the system's own text of an error, for want of a name; "" for none.
func errnoName(errno syscall.Errno) string {
	if errno == 0 {
		return ""
	}
	return errno.Error()
}
