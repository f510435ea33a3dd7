package probes

import (
	"fmt"
	"time"
)

// Summary says in a sentence or two what a round found, with what it saw of the
// instance. It is the catalogue's words for the reason, and the figures that
// belong to it.
func Summary(r Round, d Diagnosis) string {
	entry := Explain(d.Condition)
	text := entry.FaceOf(d.Reason)
	if text == "" {
		text = entry.Title + "."
	}
	if detail := detail(r, d); detail != "" {
		text += " " + detail
	}
	return text
}

// detail has the figures of a condition that has some. Of what the round did not see
// it says nothing.
func detail(r Round, d Diagnosis) string {
	switch d.Condition { //nolint:exhaustive // those with figures of their own
	case ConditionHealthy, ConditionUnknown:
		return ""
	case ConditionCredentialsExpired:
		return expiredSince(r)
	case ConditionRotationStalled:
		return lifeLeft(r)
	case ConditionWrongRole:
		return fmt.Sprintf("Seen: profile %q, role %q.", r.Info().ProfileARN, r.Role())
	case ConditionClockSkewed, ConditionClockWrong:
		return clockIs(r.Clock)
	case ConditionProfileChanged:
		return refreshDue(r)
	case ConditionIntercepted:
		return fmt.Sprintf("Server: %q.", r.Result(d.Probe).Answer().Server)
	}
	return ec2Says(r, d)
}

func expiredSince(r Round) string {
	expired := r.Credentials().Expiration
	if expired.IsZero() {
		return ""
	}
	return fmt.Sprintf("They expired at %s, %s ago.", stamp(expired), roughly(r.Now().Sub(expired)))
}

func lifeLeft(r Round) string {
	life, ok := r.Life()
	if !ok {
		return ""
	}
	return fmt.Sprintf("They expire at %s, in %s; %.0f %% of their life is left.",
		stamp(life.Expires), roughly(life.Expires.Sub(r.Now())), 100*life.Left(r.Now()))
}

func clockIs(offset ClockOffset) string {
	if !offset.Measured {
		return ""
	}
	return fmt.Sprintf("The host clock is %s.", ahead(offset.Estimate()))
}

func refreshDue(r Round) string {
	updated := r.Info().LastUpdated
	if updated.IsZero() {
		return ""
	}
	return fmt.Sprintf("The next refresh is due by %s.", stamp(updated.Add(refreshInterval)))
}

// ec2Says quotes EC2's own words, if it sent any.
func ec2Says(r Round, d Diagnosis) string {
	code, message := r.Code()
	switch {
	case message != "":
		return fmt.Sprintf("EC2 says %s: %q", code, message)
	case d.Reason == ReasonOtherCode && code != "":
		return fmt.Sprintf("EC2 says %s.", code)
	}
	return ""
}

// refreshInterval is how often EC2 normally renews keys.
const refreshInterval = time.Hour

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func ahead(offset time.Duration) string {
	if offset < 0 {
		return roughly(-offset) + " behind IMDS's"
	}
	return roughly(offset) + " ahead of IMDS's"
}

// roughly rounds a duration to what a person would say.
func roughly(d time.Duration) string {
	d = max(0, d) // what has passed since the round is not counted up
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}
