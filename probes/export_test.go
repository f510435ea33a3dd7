package probes

import "syscall"

// What the tests need to see from within.
const (
	PhaseConnect = phaseConnect
	PhaseAnswer  = phaseAnswer
	PhaseBody    = phaseBody

	TokenPath    = tokenPath
	InfoPath     = metadataPath + infoPath
	RoleListPath = metadataPath + roleListPath
)

// FaultOf is faultOf.
func FaultOf(err error, at phase) (Reason, syscall.Errno) { return faultOf(err, at) }

// Decode decodes a body as the recorder does.
func Decode(path string, body []byte) Content {
	return decoder{salt: Salt{1}}.decode(path, body)
}

// HashOf is hashOf.
var HashOf = hashOf

// Insist is insist.
var Insist = insist

// Errors of the answer itself.
var (
	ErrNotHTTP        = errNotHTTP
	ErrMalformed      = errMalformed
	ErrAnswerTooLarge = errAnswerTooLarge
)
