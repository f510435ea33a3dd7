package probes

import (
	"syscall"
)

// What the tests need to see from within.
const (
	PhaseConnect = phaseConnect
	PhaseAnswer  = phaseAnswer
	PhaseBody    = phaseBody
)

// FaultOf is faultOf.
func FaultOf(err error, at phase) (Reason, syscall.Errno) { return faultOf(err, at) }

// Errors of the answer itself.
var (
	ErrNotHTTP        = errNotHTTP
	ErrMalformed      = errMalformed
	ErrAnswerTooLarge = errAnswerTooLarge
)
