package imdstest

// Effect is what goes wrong on the wire, below HTTP. The zero value is nothing.
type Effect struct {
	kind  effectKind
	bytes []byte
}

type effectKind uint8

const (
	effectNone    effectKind = iota
	effectDrop               // the connection is never made
	effectRefuse             // the connection is refused
	effectHang               // connected, and then silence
	effectReset              // connected, and reset when the request was read
	effectClose              // connected, and closed when the request was read
	effectCut                // half of the body, and closed
	effectCutHard            // half of the body, and reset
	effectDrip               // a byte of the body at a time, for ever
	effectFlood              // a body that does not end
	effectRaw                // these bytes instead of an answer
)

// The effects.
var (
	// Drop never makes the connection, as a DROP rule does.
	Drop = Effect{kind: effectDrop}
	// Refuse refuses the connection, as a REJECT rule does.
	Refuse = Effect{kind: effectRefuse}
	// Hang makes the connection and never answers.
	Hang = Effect{kind: effectHang}
	// Reset resets the connection when the request has been read.
	Reset = Effect{kind: effectReset}
	// Close closes the connection when the request has been read.
	Close = Effect{kind: effectClose}
	// Cut closes the connection in the middle of the body.
	Cut = Effect{kind: effectCut}
	// CutHard resets the connection in the middle of the body.
	CutHard = Effect{kind: effectCutHard}
	// Drip sends the body a byte at a time, and then goes on for ever.
	Drip = Effect{kind: effectDrip}
	// Flood sends a body of 64 MiB.
	Flood = Effect{kind: effectFlood}
)

// Raw sends these bytes instead of an answer, and closes the connection.
func Raw(text string) Effect { return Effect{kind: effectRaw, bytes: []byte(text)} }
