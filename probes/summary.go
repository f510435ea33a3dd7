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

func detail(r Round, d Diagnosis) string {
	if d.Reason == ReasonOK {
		return "" // what the round says is of a fault that is not confirmed yet
	}
	code, message := r.Code()
	switch d.Condition { //nolint:exhaustive // those with figures of their own
	case ConditionCredentialsExpired:
		expired := r.Credentials().Expiration
		return fmt.Sprintf("They expired at %s, %s ago.", stamp(expired), roughly(r.Now().Sub(expired)))
	case ConditionRotationStalled:
		life, _ := r.Life()
		return fmt.Sprintf("They expire at %s, in %s; %.0f %% of their life is left.",
			stamp(life.Expires), roughly(life.Expires.Sub(r.Now())), 100*life.Left(r.Now()))
	case ConditionWrongRole:
		return fmt.Sprintf("Seen: profile %q, role %q.", r.Info().ProfileARN, r.Role())
	case ConditionClockSkewed:
		return fmt.Sprintf("The host clock is %s.", ahead(r.Clock.Estimate()))
	case ConditionProfileChanged:
		return fmt.Sprintf("The next refresh is due by %s.", stamp(r.Info().LastUpdated.Add(refreshInterval)))
	case ConditionIntercepted:
		return fmt.Sprintf("Server: %q.", r.Result(d.Probe).Answer().Server)
	}
	if message != "" {
		return fmt.Sprintf("EC2 says %s: %q", code, message)
	}
	if d.Reason == ReasonOtherCode {
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
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}
