package probes

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
func Diagnose(r Round, policy Policy, known Known) Diagnosis {
	for p, result := range r.Results {
		if result.Status == StatusFail {
			return rootCause(Probe(p), result.Reason, r.PacketsDropped)
		}
	}
	if r.Results[ProbeIAM].Reason == ReasonAbsentAsExpected {
		return skewOr(Diagnosis{ConditionHealthy, ReasonAbsentAsExpected, ProbeIAM}, policy, known)
	}
	if r.Results[ProbeRoleCredentials].Status != StatusPass {
		// Nothing failed and not all passed: whatever that is, it is not healthy.
		return Diagnosis{ConditionIMDSError, ReasonUnexpectedStatus, ProbeRoleCredentials}
	}
	life, lifeKnown := r.Life()
	switch {
	case lifeKnown && life.Left(r.Now()) < policy.StallRatio:
		return Diagnosis{ConditionRotationStalled, ReasonLittleLifeLeft, ProbeRoleCredentials}
	case known.Changed != ReasonNone:
		return Diagnosis{ConditionProfileChanged, known.Changed, ProbeRoleCredentials}
	}
	healthy := Diagnosis{ConditionHealthy, ReasonOK, ProbeRoleCredentials}
	if !lifeKnown {
		healthy.Reason = ReasonLifeUnknown
	}
	return skewOr(healthy, policy, known)
}

func skewOr(d Diagnosis, policy Policy, known Known) Diagnosis {
	if known.Clock.exceeds(policy.MaxSkew) {
		return Diagnosis{ConditionClockSkewed, ReasonClockOffset, ProbeToken}
	}
	return d
}

// rootCause names the condition that a failed probe shows.
func rootCause(p Probe, reason Reason, dropped bool) Diagnosis {
	if dropped && mayBeDrops(reason) {
		return Diagnosis{ConditionThrottled, ReasonPacketsDropped, p}
	}
	condition, ok := byReason[reason]
	if !ok {
		condition = byProbe(p, reason)
	}
	return Diagnosis{condition, reason, p}
}

// mayBeDrops tells whether lost packets alone can look like this.
func mayBeDrops(r Reason) bool {
	switch r { //nolint:exhaustive // the time-outs
	case ReasonConnectTimeout, ReasonAnswerTimeout, ReasonAnswerSlow, ReasonTokenAnswerLost:
		return true
	}
	return false
}

// byReason has the reasons that mean the same whichever probe gives them.
var byReason = map[Reason]Condition{
	ReasonConnectTimeout:     ConditionFirewallBlocked,
	ReasonConnectRefused:     ConditionFirewallBlocked,
	ReasonHostUnreachable:    ConditionFirewallBlocked,
	ReasonNetworkUnreachable: ConditionFirewallBlocked,
	ReasonNotPermitted:       ConditionFirewallBlocked,
	ReasonTokenAnswerLost:    ConditionHopLimitTooLow,
	ReasonTokenForbidden:     ConditionTokenRefused,
	ReasonUnauthorized:       ConditionTokenRefused,
	ReasonForeignServer:      ConditionIntercepted,
	ReasonRedirected:         ConditionIntercepted,
	ReasonHTMLAnswer:         ConditionIntercepted,
	ReasonNotHTTP:            ConditionIntercepted,
	ReasonTooManyRequests:    ConditionThrottled,
	ReasonServiceUnavailable: ConditionThrottled,
	ReasonProfilePresent:     ConditionUnexpectedProfile,
	ReasonProfileNotFound:    ConditionInstanceProfileNotFound,
	ReasonProfileMismatch:    ConditionWrongRole,
	ReasonRoleMismatch:       ConditionWrongRole,
	ReasonProfileWithoutRole: ConditionNoRole,
	ReasonRoleListEmpty:      ConditionNoRole,
	ReasonAssumeRoleRefused:  ConditionAssumeRoleUnauthorized,
	ReasonOtherCode:          ConditionCredentialsError,
	ReasonExpired:            ConditionCredentialsExpired,
	ReasonEmptyBody:          ConditionCredentialsMalformed,
	ReasonInvalidJSON:        ConditionCredentialsMalformed,
	ReasonFieldMissing:       ConditionCredentialsMalformed,
	ReasonInvalidTime:        ConditionCredentialsMalformed,
	ReasonInvalidRoleName:    ConditionCredentialsMalformed,
}

// byProbe has the HTTP statuses, whose meaning depends on the path.
func byProbe(p Probe, reason Reason) Condition {
	refusal := reason == ReasonBadRequest || reason == ReasonMethodNotAllowed ||
		reason == ReasonNotFound || reason == ReasonUnexpectedStatus
	switch {
	case p == ProbeToken && reason == ReasonForbidden:
		return ConditionIMDSDisabled
	case p == ProbeToken && refusal:
		return ConditionTokenRefused
	case reason != ReasonNotFound:
		return ConditionIMDSError
	case p == ProbeIAM:
		return ConditionNoInstanceProfile
	case p == ProbeIAMInfo:
		return ConditionCredentialsMalformed
	case p == ProbeRoleCredentials:
		return ConditionCredentialsError
	}
	return ConditionIMDSError
}
