package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// harden keeps the daemon's memory, through which credentials pass, to itself:
// no core is dumped, and no process without privileges can look inside. The
// limit alone would not do, for the kernel passes over it where core_pattern is
// a pipe.
func harden() error {
	return errors.Join(
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
	)
}
