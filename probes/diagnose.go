package probes

import (
	"slices"
	"time"
)

// Diagnosis is the one root cause of a round.
type Diagnosis struct {
	Condition Condition
	Reason    Reason
	// Probe is the step of the ladder at which the cause showed; for a healthy
	// round the last step that passed.
	Probe Probe
}

// Diagnose names the one root cause of a round: the first probe that failed, in
// the order of the ladder, hides what follows from it; if none did, what the
// documents and earlier rounds tell together. It is pure. Known must have
// learned the round already.
//
// A round that failed for want of something on this host is no verdict on IMDS: its
// condition is [ConditionUnknown].
func Diagnose(r Round, policy Policy, known Known) Diagnosis {
	unread := infoUnread(r)
	for p, result := range r.Results {
		if result.Status == StatusFail && (!unread || Probe(p) != ProbeIAMInfo) {
			return rootCause(Probe(p), result, r.Dropped)
		}
	}
	absent := r.Results[ProbeIAM].Reason == ReasonAbsentAsExpected
	if !absent && r.Results[ProbeRoleCredentials].Status != StatusPass {
		// Nothing failed and not all passed: whatever that is, it is not healthy.
		return Diagnosis{ConditionIMDSError, ReasonUnexpectedStatus, ProbeRoleCredentials}
	}
	life, lifeKnown := r.Life()
	skewed := known.Clock.exceeds(policy.MaxSkew)
	switch {
	case skewed && known.Clock.exceeds(signatureLimit):
		return Diagnosis{ConditionClockWrong, ReasonClockOffset, ProbeToken}
	case !absent && lifeKnown && life.Left(r.Now()) < policy.StallRatio:
		return Diagnosis{ConditionRotationStalled, ReasonLittleLifeLeft, ProbeRoleCredentials}
	case !absent && known.Old.Changed != ReasonNone:
		return Diagnosis{ConditionProfileChanged, known.Old.Changed, ProbeRoleCredentials}
	case unread:
		return Diagnosis{ConditionInfoUnreadable, r.Results[ProbeIAMInfo].Reason, ProbeIAMInfo}
	case skewed:
		return Diagnosis{ConditionClockSkewed, ReasonClockOffset, ProbeToken}
	case absent:
		return Diagnosis{ConditionHealthy, ReasonAbsentAsExpected, ProbeIAM}
	case !lifeKnown:
		return Diagnosis{ConditionHealthy, ReasonLifeUnknown, ProbeRoleCredentials}
	}
	return Diagnosis{ConditionHealthy, ReasonOK, ProbeRoleCredentials}
}

// signatureLimit is how far off most services accept a signature: see the catalogue.
const signatureLimit = 5 * time.Minute

// infoUnread tells whether IMDS answered iam/info, and nobody can read that, beside a
// good document of the role.
func infoUnread(r Round) bool {
	info := r.Results[ProbeIAMInfo]
	if info.Status != StatusFail || r.Results[ProbeRoleCredentials].Status != StatusPass {
		return false
	}
	return slices.ContainsFunc(catalogue[ConditionInfoUnreadable].Faces, func(f Face) bool { return f.Reason == info.Reason })
}

// rootCause names the condition that a failed probe shows.
func rootCause(p Probe, result Result, dropped uint64) Diagnosis {
	if isTimeout(result.Reason) && slices.ContainsFunc(result.Exchanges, Exchange.Overran) {
		return Diagnosis{ConditionUnknown, ReasonHostOverloaded, p}
	}
	if lost := lostPackets(result); lost > 0 && dropped >= lost {
		return Diagnosis{ConditionThrottled, ReasonPacketsDropped, p}
	}
	return Diagnosis{conditionOf(p, result.Reason), result.Reason, p}
}

func isTimeout(r Reason) bool {
	switch r { //nolint:exhaustive // the time-outs
	case ReasonConnectTimeout, ReasonAnswerTimeout, ReasonAnswerSlow, ReasonTokenAnswerLost:
		return true
	}
	return false
}

// lostPackets is how many packets in a row must have been lost for a time-out to come
// of drops alone; 0 where drops cannot explain it. A connection is tried by four SYNs
// (package wire), and what TCP does not get acknowledged it sends three times within
// the second of a request.
func lostPackets(r Result) uint64 {
	switch r.Reason { //nolint:exhaustive // the time-outs
	case ReasonConnectTimeout:
		return 4
	case ReasonAnswerTimeout, ReasonAnswerSlow:
		return 3
	}
	// A token answer that is lost while a GET is answered is not dropped by chance.
	return 0
}

// conditionOf finds the condition in the catalogue that has such a face: the one that
// shows at this very probe, before one that shows anywhere.
func conditionOf(p Probe, reason Reason) Condition {
	anywhere := ConditionIMDSError
	for _, entry := range catalogue {
		for _, face := range entry.Faces {
			switch {
			case face.Reason != reason:
			case slices.Contains(face.At, p):
				return entry.Condition
			case face.At == nil:
				anywhere = entry.Condition
			}
		}
	}
	return anywhere
}
