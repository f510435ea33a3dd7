package agent

import "time"

// graceConfirm is how often a bad verdict is looked at again during the grace
// period after boot.
const graceConfirm = 5 * time.Second

// inGrace tells whether a bad verdict says more about the boot than about IMDS:
// the host has only just booted, and the vantage has not been judged yet. Routes,
// firewalls, clocks and credentials may still be on their way.
func (v *vantageState) inGrace(at, until time.Time) bool {
	return !v.Judged && at.Before(until)
}
