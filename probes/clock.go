package probes

import "time"

// ClockOffset is how far the host clock is ahead of IMDS's, as the bounds
// between which it must lie. IMDS tells the time to the second only, but every
// exchange narrows the bounds: an answer dated D was written in [D, D+1s), at
// some time between the request and the first byte of the answer.
// The zero value is an offset not measured yet.
type ClockOffset struct {
	Low, High time.Duration
	Measured  bool
}

// OffsetOf measures the offset by one exchange.
func OffsetOf(e Exchange) ClockOffset {
	if e.Date.IsZero() {
		return ClockOffset{}
	}
	end := e.FirstByte
	if end == 0 {
		end = e.Total
	}
	since := e.Start.Sub(e.Date)
	return ClockOffset{Low: since - time.Second, High: since + end, Measured: true}
}

// And narrows the bounds by a newer measurement. If the two exclude each other,
// a clock was stepped between them, and the newer one holds.
func (o ClockOffset) And(newer ClockOffset) ClockOffset {
	switch {
	case !newer.Measured:
		return o
	case !o.Measured:
		return newer
	}
	both := ClockOffset{Low: max(o.Low, newer.Low), High: min(o.High, newer.High), Measured: true}
	if both.Low > both.High {
		return newer
	}
	return both
}

// maxDrift is how fast an undisciplined clock may run away, in parts of elapsed
// time; cheap crystals stay within 100 ppm, a daemon slews by up to 500.
const maxDrift = 500e-6

// After returns the bounds as they are some time later, wider by drift.
func (o ClockOffset) After(elapsed time.Duration) ClockOffset {
	if o.Measured {
		drift := time.Duration(float64(elapsed.Abs()) * maxDrift)
		o.Low -= drift
		o.High += drift
	}
	return o
}

// Estimate returns the middle of the bounds; positive if the host clock is ahead.
func (o ClockOffset) Estimate() time.Duration { return o.Low + (o.High-o.Low)/2 }

// exceeds tells whether the offset is beyond the limit for certain.
func (o ClockOffset) exceeds(limit time.Duration) bool {
	return o.Measured && limit > 0 && (o.Low > limit || o.High < -limit)
}

// Correct returns IMDS's time for a time of the host clock.
func (o ClockOffset) Correct(host time.Time) time.Time { return host.Add(-o.Estimate()) }
