package web

import "time"

// rest is how long nobody has a turn after each that had it. In it the
// processor, of which the daemon has one, is free for the rounds: they would else
// wait, at each packet, behind all that clients want.
const rest = time.Millisecond

// turns let so many at a time do what costs processor time, in the order in which
// they came.
type turns struct{ taken chan struct{} }

func newTurns(atOnce int) *turns { return &turns{make(chan struct{}, atOnce)} }

// take waits for the turn. It tells whether it came before the end of the wait.
func (t *turns) take(end <-chan struct{}) bool {
	select {
	case t.taken <- struct{}{}:
		return true
	case <-end:
		return false
	}
}

// giveBack ends the turn that was taken, after a rest.
func (t *turns) giveBack() { time.AfterFunc(rest, func() { <-t.taken }) }
