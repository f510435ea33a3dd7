package probes

import "slices"

// Condition is the one root cause of a round, from a closed set. The zero value
// is [ConditionUnknown]: no round has finished yet.
type Condition uint8

// The conditions, in the order in which the catalogue lists them.
const (
	// ConditionUnknown means that no round has finished yet.
	ConditionUnknown Condition = iota
	// ConditionHealthy means that all probes pass and expectations are met.
	ConditionHealthy
	// ConditionFirewallBlocked means that no connection to IMDS can be made.
	ConditionFirewallBlocked
	// ConditionHopLimitTooLow means that the answer to the token PUT dies on the way.
	ConditionHopLimitTooLow
	// ConditionIMDSDisabled means that the instance's metadata endpoint is turned off.
	ConditionIMDSDisabled
	// ConditionTokenRefused means that IMDS gives out no usable session token.
	ConditionTokenRefused
	// ConditionIntercepted means that somebody other than IMDS answers.
	ConditionIntercepted
	// ConditionThrottled means that a request limit is exceeded.
	ConditionThrottled
	// ConditionIMDSError means that IMDS itself answers wrongly, late or not at all.
	ConditionIMDSError
	// ConditionNoInstanceProfile means that no instance profile is associated.
	ConditionNoInstanceProfile
	// ConditionInstanceProfileNotFound means that the associated profile was deleted.
	ConditionInstanceProfileNotFound
	// ConditionNoRole means that the instance profile holds no role.
	ConditionNoRole
	// ConditionAssumeRoleUnauthorized means that the trust policy refuses EC2.
	ConditionAssumeRoleUnauthorized
	// ConditionCredentialsError means that a document carries another error code.
	ConditionCredentialsError
	// ConditionCredentialsMalformed means that a document cannot be used.
	ConditionCredentialsMalformed
	// ConditionCredentialsExpired means that the keys served are past their expiry.
	ConditionCredentialsExpired
	// ConditionInfoUnreadable means that iam/info alone cannot be read, which no SDK does.
	ConditionInfoUnreadable
	// ConditionRotationStalled means that the keys should have been renewed by now.
	ConditionRotationStalled
	// ConditionWrongRole means that role or profile is not the expected one.
	ConditionWrongRole
	// ConditionProfileChanged means that the profile was replaced but the keys were not.
	ConditionProfileChanged
	// ConditionUnexpectedProfile means that there is a profile where none is allowed.
	ConditionUnexpectedProfile
	// ConditionClockSkewed means that the host clock is too far from IMDS's.
	ConditionClockSkewed
	// ConditionClockWrong means that AWS refuses requests signed by the host clock.
	ConditionClockWrong
)

var conditionNames = []string{
	ConditionUnknown:                 "unknown",
	ConditionHealthy:                 "healthy",
	ConditionFirewallBlocked:         "firewall_blocked",
	ConditionHopLimitTooLow:          "hop_limit_too_low",
	ConditionIMDSDisabled:            "imds_disabled",
	ConditionTokenRefused:            "token_refused",
	ConditionIntercepted:             "intercepted",
	ConditionThrottled:               "throttled",
	ConditionIMDSError:               "imds_error",
	ConditionNoInstanceProfile:       "no_instance_profile",
	ConditionInstanceProfileNotFound: "instance_profile_not_found",
	ConditionNoRole:                  "no_role",
	ConditionAssumeRoleUnauthorized:  "assume_role_unauthorized",
	ConditionCredentialsError:        "credentials_error",
	ConditionCredentialsMalformed:    "credentials_malformed",
	ConditionCredentialsExpired:      "credentials_expired",
	ConditionInfoUnreadable:          "info_unreadable",
	ConditionRotationStalled:         "rotation_stalled",
	ConditionWrongRole:               "wrong_role",
	ConditionProfileChanged:          "profile_changed",
	ConditionUnexpectedProfile:       "unexpected_profile",
	ConditionClockSkewed:             "clock_skewed",
	ConditionClockWrong:              "clock_wrong",
}

// Conditions returns all conditions in the order of the catalogue.
func Conditions() []Condition {
	all := make([]Condition, len(conditionNames))
	for i := range all {
		all[i] = Condition(i)
	}
	return all
}

// String returns the contract's name of the condition, as in metrics and JSON.
func (c Condition) String() string { return enumName("Condition", conditionNames, c) }

// MarshalText implements [encoding.TextMarshaler].
func (c Condition) MarshalText() ([]byte, error) { return enumText("condition", conditionNames, c) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (c *Condition) UnmarshalText(text []byte) (err error) {
	*c, err = enumParse[Condition]("condition", conditionNames, text)
	return err
}

// Severity returns how bad the condition is, as the catalogue has it.
func (c Condition) Severity() Severity { return Explain(c).Severity }

// Severity says what a condition asks of people.
type Severity uint8

// The severities. The zero value is [SeverityUnknown].
const (
	// SeverityUnknown means that there is no verdict yet.
	SeverityUnknown Severity = iota
	// SeverityOK means that nothing is to be done.
	SeverityOK
	// SeverityWarning means that something will break if nobody acts: a ticket.
	SeverityWarning
	// SeverityCritical means that applications break now or at their next refresh: a page.
	SeverityCritical
)

var severityNames = []string{
	SeverityUnknown:  "unknown",
	SeverityOK:       "ok",
	SeverityWarning:  "warning",
	SeverityCritical: "critical",
}

// String returns the contract's name of the severity.
func (s Severity) String() string { return enumName("Severity", severityNames, s) }

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return enumText("severity", severityNames, s) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = enumParse[Severity]("severity", severityNames, text)
	return err
}

// ExitCode returns the exit code of the monitoring-plugin convention: 0 ok,
// 1 warning, 2 critical, 3 unknown.
func (s Severity) ExitCode() int {
	switch s {
	case SeverityOK:
		return 0
	case SeverityWarning:
		return 1
	case SeverityCritical:
		return 2
	case SeverityUnknown:
	}
	return 3
}

// Worst returns the condition to act on first: critical before warning before
// unknown before ok; the first one among equals. It is [ConditionUnknown] for
// no conditions at all.
func Worst(conditions ...Condition) Condition {
	if len(conditions) == 0 {
		return ConditionUnknown
	}
	return slices.MaxFunc(conditions, func(a, b Condition) int {
		return a.Severity().Rank() - b.Severity().Rank()
	})
}

// Rank orders severities by urgency; the exit codes cannot, since 3 is unknown.
func (s Severity) Rank() int {
	return slices.Index([]Severity{SeverityOK, SeverityUnknown, SeverityWarning, SeverityCritical}, s)
}
