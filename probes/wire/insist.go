package wire

import (
	"context"
	"net"
	"time"
)

// Attempts is how many SYNs an insisting dial sends within its time.
const Attempts = 4

// Insist returns a dial that does not trust a single SYN: it makes further
// attempts, each a fifth of the time behind the one before, beside those that
// still wait, so that the last one leaves time for an answer. The first connection
// made, or the first refusal, counts.
func Insist(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			return dial(ctx, network, address)
		}
		pause := time.Until(deadline) / (Attempts + 1)
		if pause <= 0 {
			return nil, context.DeadlineExceeded // the process was stopped, or the limit is absurd
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		race := make(race, Attempts)
		race.try(ctx, dial, network, address)
		return race.run(pause, func() { race.try(ctx, dial, network, address) })
	}
}

// race carries the outcomes of attempts that run side by side.
type race chan attempt

type attempt struct {
	conn net.Conn
	err  error
}

func (r race) try(ctx context.Context, dial DialFunc, network, address string) {
	go func() {
		conn, err := dial(ctx, network, address)
		r <- attempt{conn, err}
	}()
}

// run waits for an attempt that decides, and makes another one after each pause.
func (r race) run(pause time.Duration, again func()) (net.Conn, error) {
	timer := time.NewTicker(pause)
	defer timer.Stop()
	var last attempt
	for started, ended := 1, 0; ended < started; {
		select {
		case <-timer.C:
			if started < Attempts {
				started++
				again()
			}
		case last = <-r:
			ended++
			if last.err == nil || !isTimeout(last.err) {
				go r.closeLate(started - ended)
				return last.conn, last.err
			}
		}
	}
	return nil, last.err
}

// closeLate closes the connections of attempts that came too late.
func (r race) closeLate(n int) {
	for range n {
		if late := <-r; late.err == nil {
			_ = late.conn.Close()
		}
	}
}

// untraced hides an httptrace from a dial: attempts run side by side, and only
// the connection that is used counts.
type untraced struct{ context.Context } //nolint:containedctx // it is one

// Value implements [context.Context].
func (untraced) Value(any) any { return nil }
