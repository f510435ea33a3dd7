package doctor

import "github.com/imds-probe/imds-probe/probes"

// MaxRefusal is how much of a message is read.
const MaxRefusal = maxRefusal

// ParseRefusal is parseRefusal.
func ParseRefusal(message string) (r Refusal, ok bool) { return parseRefusal(message) }

// Limited is limited.
func (r Refusal) Limited() bool { return r.limited() }

// Words is words.
func (r Refusal) Words() string { return r.words() }

// Lift is lift.
func (r Refusal) Lift() []probes.Step { return r.lift() }
