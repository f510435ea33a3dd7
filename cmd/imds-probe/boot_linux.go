package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot returns how long ago the host booted, the time it slept included.
// It asks the clock, not /proc/uptime, which a sandbox may hide.
func sinceBoot() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}
