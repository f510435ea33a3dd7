package probes_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// TestCatalogueDecides wants each reason under each probe to come to the condition in
// whose entry it has a face, and each face of a failed probe to be come to.
func TestCatalogueDecides(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range probes.Ladder() {
		for _, reason := range probes.Reasons() {
			r := failed(failed(app.round(), probes.ProbeRoleCredentials, probes.ReasonExpired), p, reason)
			d := probes.Diagnose(r, probes.Policy{}, probes.Known{})
			if d.Reason != reason || d.Probe != p {
				t.Errorf("%v at %v became %+v", reason, p, d)
			}
			seen[fmt.Sprint(d.Condition, " ", reason)] = true
			face := slices.ContainsFunc(probes.Explain(d.Condition).Faces, func(f probes.Face) bool {
				return f.Reason == reason && (f.At == nil || slices.Contains(f.At, p))
			})
			if !face && d.Condition != probes.ConditionIMDSError {
				t.Errorf("%v at %v is %v, which has no such face", reason, p, d.Condition)
			}
		}
	}
	for _, c := range probes.Conditions() {
		for _, f := range probes.Explain(c).Faces {
			if !seen[fmt.Sprint(c, " ", f.Reason)] && (f.At == nil || len(f.At) > 0) {
				t.Errorf("%v: nothing comes to the face %v", c, f.Reason)
			}
		}
	}
}

// TestFirstFailureIsTheRoot wants no later failure to change the root.
func TestFirstFailureIsTheRoot(t *testing.T) {
	for _, first := range probes.Ladder() {
		for _, reason := range probes.Reasons() {
			r := failed(failed(app.round(), probes.ProbeRoleCredentials, probes.ReasonExpired), first, reason)
			want := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{})
			for later := first + 1; int(later) < len(probes.Ladder()); later++ {
				for _, other := range probes.Reasons() {
					if got := probes.Diagnose(failed(r, later, other), probes.DefaultPolicy(), probes.Known{}); got != want {
						t.Errorf("%v at %v hides %v at %v: %+v", other, later, reason, first, got)
					}
				}
			}
		}
	}
}

// TestDropsExplain wants dropped packets to explain only as many as they were, and
// only time-outs.
func TestDropsExplain(t *testing.T) {
	needs := map[probes.Reason]uint64{
		probes.ReasonConnectTimeout: 4, probes.ReasonAnswerTimeout: 3, probes.ReasonAnswerSlow: 3,
	}
	for _, reason := range probes.Reasons() {
		for dropped := range uint64(10) {
			r := failed(app.round(), probes.ProbeToken, reason)
			r.Dropped = dropped
			need, explains := needs[reason]
			throttled := explains && dropped >= need
			d := probes.Diagnose(r, probes.Policy{}, probes.Known{})
			if (d.Reason == probes.ReasonPacketsDropped) != (throttled || reason == probes.ReasonPacketsDropped) {
				t.Errorf("%v with %d drops: %+v", reason, dropped, d)
			}
			if throttled && d.Condition != probes.ConditionThrottled {
				t.Errorf("%v with %d drops: %+v", reason, dropped, d)
			}
		}
	}
}

// TestAfterThePass wants a ladder that passed to be judged in this order: too little
// life left, profile changed, clock.
func TestAfterThePass(t *testing.T) {
	stalled := app.round()
	stalled.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = now.Add(-20 * time.Hour)
	unknownLife := app.round()
	unknownLife.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = time.Time{}
	absent := app.round()
	absent.Results[probes.ProbeIAM].Reason = probes.ReasonAbsentAsExpected
	unfinished := app.round()
	unfinished.Results[probes.ProbeRoleCredentials].Verdict = probes.Verdict{Status: probes.StatusSkip}
	changed := probes.Known{Old: probes.Old{Changed: probes.ReasonRoleReplaced}}
	skewed := probes.Known{Clock: probes.ClockOffset{Low: 2 * time.Minute, High: 3 * time.Minute, Measured: true}}
	wrong := probes.Known{Old: changed.Old, Clock: probes.ClockOffset{Low: 5*time.Minute + 1, High: time.Hour, Measured: true}}
	almost := probes.Known{Clock: probes.ClockOffset{Low: 5 * time.Minute, High: time.Hour, Measured: true}}
	unread := failed(app.round(), probes.ProbeIAMInfo, probes.ReasonEmptyBody)
	unread.Results[probes.ProbeIAMInfo].Content.Info = nil
	behind := probes.Known{Clock: probes.ClockOffset{Low: -3 * time.Minute, High: -2 * time.Minute, Measured: true}}
	both := probes.Known{Old: changed.Old, Clock: skewed.Clock}
	for name, tc := range map[string]struct {
		round     probes.Round
		known     probes.Known
		condition probes.Condition
		reason    probes.Reason
	}{
		"healthy":                {app.round(), probes.Known{}, probes.ConditionHealthy, probes.ReasonOK},
		"life unknown":           {unknownLife, probes.Known{}, probes.ConditionHealthy, probes.ReasonLifeUnknown},
		"stalled":                {stalled, both, probes.ConditionRotationStalled, probes.ReasonLittleLifeLeft},
		"changed":                {app.round(), both, probes.ConditionProfileChanged, probes.ReasonRoleReplaced},
		"clock ahead":            {app.round(), skewed, probes.ConditionClockSkewed, probes.ReasonClockOffset},
		"clock behind":           {app.round(), behind, probes.ConditionClockSkewed, probes.ReasonClockOffset},
		"wrong clock":            {stalled, wrong, probes.ConditionClockWrong, probes.ReasonClockOffset},
		"five minutes, perhaps":  {app.round(), almost, probes.ConditionClockSkewed, probes.ReasonClockOffset},
		"absent, wrong clock":    {absent, wrong, probes.ConditionClockWrong, probes.ReasonClockOffset},
		"info unread":            {unread, skewed, probes.ConditionInfoUnreadable, probes.ReasonEmptyBody},
		"info unread, changed":   {unread, both, probes.ConditionProfileChanged, probes.ReasonRoleReplaced},
		"absent":                 {absent, changed, probes.ConditionHealthy, probes.ReasonAbsentAsExpected},
		"absent, clock ahead":    {absent, skewed, probes.ConditionClockSkewed, probes.ReasonClockOffset},
		"neither failed nor all": {unfinished, probes.Known{}, probes.ConditionIMDSError, probes.ReasonUnexpectedStatus},
	} {
		d := probes.Diagnose(tc.round, probes.DefaultPolicy(), tc.known)
		if d.Condition != tc.condition || d.Reason != tc.reason {
			t.Errorf("%s: %+v", name, d)
		}
	}
	for _, limitless := range []probes.Round{stalled, app.round()} {
		if d := probes.Diagnose(limitless, probes.Policy{}, skewed); d.Condition != probes.ConditionHealthy {
			t.Errorf("without limits: %+v", d)
		}
	}
}

// TestInfoAlone wants an iam/info that nobody can read to be a warning beside good
// credentials alone, and only if IMDS answered it.
func TestInfoAlone(t *testing.T) {
	answered := []probes.Reason{
		probes.ReasonNotFound, probes.ReasonEmptyBody, probes.ReasonInvalidJSON, probes.ReasonFieldMissing, probes.ReasonAnswerTruncated,
		probes.ReasonAnswerTooLarge, probes.ReasonServerError, probes.ReasonBadRequest, probes.ReasonForbidden,
		probes.ReasonMethodNotAllowed, probes.ReasonUnexpectedStatus,
	}
	for _, reason := range probes.Reasons() {
		r := failed(app.round(), probes.ProbeIAMInfo, reason)
		d := probes.Diagnose(r, probes.DefaultPolicy(), probes.Known{})
		if (d.Condition == probes.ConditionInfoUnreadable) != slices.Contains(answered, reason) || d.Probe != probes.ProbeIAMInfo || d.Reason != reason {
			t.Errorf("%v: %+v", reason, d)
		}
		for later, other := range map[probes.Probe]probes.Reason{
			probes.ProbeRoleList: probes.ReasonRoleMismatch, probes.ProbeRoleCredentials: probes.ReasonExpired,
		} {
			d := probes.Diagnose(failed(r, later, other), probes.DefaultPolicy(), probes.Known{})
			if d.Condition == probes.ConditionInfoUnreadable || d.Condition == probes.ConditionHealthy {
				t.Errorf("%v, and %v: %+v", reason, other, d)
			}
		}
	}
}

// TestStallRatio wants exactly the share that must be left to be enough.
func TestStallRatio(t *testing.T) {
	r := app.round()
	r.Results[probes.ProbeIAMInfo].Content.Info.LastUpdated = now.Add(-2 * time.Hour)
	for ratio, want := range map[float64]probes.Condition{0.75: probes.ConditionHealthy, 0.7501: probes.ConditionRotationStalled} {
		if d := probes.Diagnose(r, probes.Policy{StallRatio: ratio}, probes.Known{}); d.Condition != want {
			t.Errorf("%v: %v", ratio, d.Condition)
		}
	}
}

// unset is what a text says of a time or a figure that it does not have.
var unset = regexp.MustCompile(`0001-01-01|-\d+ (h|min|s|%)|NaN|%!|  `)

// TestNoSentenceOfAnUnsetTime words every condition for every reason of rounds that
// saw nothing, half and all: none may speak of a time that is not set, or of a time
// before now as one to come.
func TestNoSentenceOfAnUnsetTime(t *testing.T) {
	half := app.round()
	half.Results[probes.ProbeIAMInfo].Content.Info = nil
	other := app.round()
	other.Results[probes.ProbeRoleCredentials].Content.Credentials = nil
	late := app.round()
	late.Results[probes.ProbeRoleCredentials].Content.Credentials.Expiration = now.Add(-100 * time.Hour)
	for name, r := range map[string]probes.Round{"nothing": {}, "no info": half, "no credentials": other, "whole": app.round(), "late": late} {
		for _, c := range probes.Conditions() {
			for _, reason := range probes.Reasons() {
				for _, p := range probes.Ladder() {
					text := probes.Summary(r, probes.Diagnosis{Condition: c, Reason: reason, Probe: p})
					if wrong := unset.FindString(text); wrong != "" {
						t.Fatalf("%s, %v, %v: %q in %q", name, c, reason, wrong, text)
					}
				}
			}
		}
	}
}
