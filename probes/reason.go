package probes

// Reason says why a verdict or a condition is what it is, from a closed set:
// fit for alerts and scripts, never free text. The zero value is [ReasonNone].
type Reason uint8

// The reasons, grouped by where they arise.
const (
	// ReasonNone means that nothing was judged.
	ReasonNone Reason = iota
	// ReasonOK means that the answer is as it should be.
	ReasonOK
	// ReasonAbsentAsExpected means that there is no profile, and none is required.
	ReasonAbsentAsExpected
	// ReasonPrerequisiteFailed means that a probe which this one needs did not pass.
	ReasonPrerequisiteFailed

	// ReasonConnectTimeout means that the SYN was never answered: a DROP rule or a blackhole.
	ReasonConnectTimeout
	// ReasonConnectRefused is ECONNREFUSED: a REJECT rule, or nobody listens.
	ReasonConnectRefused
	// ReasonHostUnreachable is EHOSTUNREACH: a REJECT rule on the way, or no neighbour.
	ReasonHostUnreachable
	// ReasonNetworkUnreachable is ENETUNREACH: no route.
	ReasonNetworkUnreachable
	// ReasonNotPermitted is EPERM or EACCES: a local filter (cgroup, seccomp, LSM).
	ReasonNotPermitted
	// ReasonLocalError means that this host could not make a socket (descriptors, memory, ports).
	ReasonLocalError
	// ReasonNameNotResolved means that the endpoint's host name has no address.
	ReasonNameNotResolved

	// ReasonAnswerTimeout means that the connection was made and no answer came.
	ReasonAnswerTimeout
	// ReasonAnswerSlow means that the answer began and did not end in time.
	ReasonAnswerSlow
	// ReasonConnectionReset means that the peer cut the connection with a reset.
	ReasonConnectionReset
	// ReasonConnectionClosed means that the peer closed the connection before it had answered.
	ReasonConnectionClosed
	// ReasonAnswerTruncated means that the body ended before its announced length.
	ReasonAnswerTruncated
	// ReasonAnswerTooLarge means that headers or body exceed the limit.
	ReasonAnswerTooLarge
	// ReasonAnswerMalformed means that the answer breaks HTTP's grammar.
	ReasonAnswerMalformed
	// ReasonNotHTTP means that the answer is not HTTP at all.
	ReasonNotHTTP

	// ReasonForeignServer means that the Server header is not EC2ws.
	ReasonForeignServer
	// ReasonRedirected means that the answer is a redirect, which IMDS never sends.
	ReasonRedirected
	// ReasonHTMLAnswer means that a web page came where a document should be.
	ReasonHTMLAnswer
	// ReasonBadRequest is status 400.
	ReasonBadRequest
	// ReasonUnauthorized is status 401: IMDS does not accept the session token.
	ReasonUnauthorized
	// ReasonForbidden is status 403.
	ReasonForbidden
	// ReasonNotFound is status 404.
	ReasonNotFound
	// ReasonMethodNotAllowed is status 405.
	ReasonMethodNotAllowed
	// ReasonTooManyRequests is status 429.
	ReasonTooManyRequests
	// ReasonServiceUnavailable is status 503.
	ReasonServiceUnavailable
	// ReasonServerError is any other 5xx status.
	ReasonServerError
	// ReasonUnexpectedStatus is any status that has no reason of its own.
	ReasonUnexpectedStatus

	// ReasonTokenAnswerLost means that the PUT's answer never came, while a GET was answered.
	ReasonTokenAnswerLost
	// ReasonTokenForbidden means that the PUT is answered 403, while a GET is not.
	ReasonTokenForbidden
	// ReasonControlUnanswered means that the PUT is answered 403, and the GET that would
	// tell why is not answered.
	ReasonControlUnanswered
	// ReasonTokenMalformed means that the token cannot be one.
	ReasonTokenMalformed
	// ReasonPacketsDropped means that the link-local drop counter moved during the time-out.
	ReasonPacketsDropped

	// ReasonEmptyBody means that a document is empty.
	ReasonEmptyBody
	// ReasonInvalidJSON means that a document is not JSON.
	ReasonInvalidJSON
	// ReasonFieldMissing means that a document lacks a field that clients need.
	ReasonFieldMissing
	// ReasonInvalidTime means that a time in a document is not RFC 3339.
	ReasonInvalidTime
	// ReasonInvalidRoleName means that the listing holds something that cannot be a role's name.
	ReasonInvalidRoleName

	// ReasonProfileNotFound is Code InstanceProfileNotFound.
	ReasonProfileNotFound
	// ReasonProfileWithoutRole is the no-role message of a successful info document.
	ReasonProfileWithoutRole
	// ReasonRoleListEmpty means that the role listing is empty or absent.
	ReasonRoleListEmpty
	// ReasonAssumeRoleRefused is Code AssumeRoleUnauthorizedAccess.
	ReasonAssumeRoleRefused
	// ReasonOtherCode is any other Code that is not Success.
	ReasonOtherCode
	// ReasonExpired means that Expiration has passed.
	ReasonExpired
	// ReasonLittleLifeLeft means that less of the keys' life is left than ever should be.
	ReasonLittleLifeLeft
	// ReasonLifeUnknown means that the documents carry no times to tell the keys' life from.
	ReasonLifeUnknown

	// ReasonProfileMismatch means that the profile's ARN is not the expected one.
	ReasonProfileMismatch
	// ReasonRoleMismatch means that the role's name is not the expected one.
	ReasonRoleMismatch
	// ReasonProfilePresent means that a profile is there and none is allowed.
	ReasonProfilePresent
	// ReasonProfileReplaced means that another profile was associated; the keys are the old ones.
	ReasonProfileReplaced
	// ReasonProfileRecreated means that the profile was re-created under its name; the keys are the old ones.
	ReasonProfileRecreated
	// ReasonRoleReplaced means that the profile's role changed; the keys are the old ones.
	ReasonRoleReplaced
	// ReasonClockOffset means that the host clock is further from IMDS's than allowed.
	ReasonClockOffset

	// ReasonVantageGone means that the vantage's user or network namespace does not exist now.
	ReasonVantageGone
	// ReasonHostOverloaded means that this process was not let run in time to see an answer.
	ReasonHostOverloaded
)

var reasonNames = []string{
	ReasonNone:               "none",
	ReasonOK:                 "ok",
	ReasonAbsentAsExpected:   "absent_as_expected",
	ReasonPrerequisiteFailed: "prerequisite_failed",
	ReasonConnectTimeout:     "connect_timeout",
	ReasonConnectRefused:     "connect_refused",
	ReasonHostUnreachable:    "host_unreachable",
	ReasonNetworkUnreachable: "network_unreachable",
	ReasonNotPermitted:       "not_permitted",
	ReasonLocalError:         "local_error",
	ReasonNameNotResolved:    "name_not_resolved",
	ReasonAnswerTimeout:      "answer_timeout",
	ReasonAnswerSlow:         "answer_slow",
	ReasonConnectionReset:    "connection_reset",
	ReasonConnectionClosed:   "connection_closed",
	ReasonAnswerTruncated:    "answer_truncated",
	ReasonAnswerTooLarge:     "answer_too_large",
	ReasonAnswerMalformed:    "answer_malformed",
	ReasonNotHTTP:            "not_http",
	ReasonForeignServer:      "foreign_server",
	ReasonRedirected:         "redirected",
	ReasonHTMLAnswer:         "html_answer",
	ReasonBadRequest:         "bad_request",
	ReasonUnauthorized:       "unauthorized",
	ReasonForbidden:          "forbidden",
	ReasonNotFound:           "not_found",
	ReasonMethodNotAllowed:   "method_not_allowed",
	ReasonTooManyRequests:    "too_many_requests",
	ReasonServiceUnavailable: "service_unavailable",
	ReasonServerError:        "server_error",
	ReasonUnexpectedStatus:   "unexpected_status",
	ReasonTokenAnswerLost:    "token_answer_lost",
	ReasonTokenForbidden:     "token_forbidden",
	ReasonControlUnanswered:  "control_unanswered",
	ReasonTokenMalformed:     "token_malformed",
	ReasonPacketsDropped:     "packets_dropped",
	ReasonEmptyBody:          "empty_body",
	ReasonInvalidJSON:        "invalid_json",
	ReasonFieldMissing:       "field_missing",
	ReasonInvalidTime:        "invalid_time",
	ReasonInvalidRoleName:    "invalid_role_name",
	ReasonProfileNotFound:    "profile_not_found",
	ReasonProfileWithoutRole: "profile_without_role",
	ReasonRoleListEmpty:      "role_list_empty",
	ReasonAssumeRoleRefused:  "assume_role_refused",
	ReasonOtherCode:          "other_code",
	ReasonExpired:            "expired",
	ReasonLittleLifeLeft:     "little_life_left",
	ReasonLifeUnknown:        "life_unknown",
	ReasonProfileMismatch:    "profile_mismatch",
	ReasonRoleMismatch:       "role_mismatch",
	ReasonProfilePresent:     "profile_present",
	ReasonProfileReplaced:    "profile_replaced",
	ReasonProfileRecreated:   "profile_recreated",
	ReasonRoleReplaced:       "role_replaced",
	ReasonClockOffset:        "clock_offset",
	ReasonVantageGone:        "vantage_gone",
	ReasonHostOverloaded:     "host_overloaded",
}

// Reasons returns all reasons.
func Reasons() []Reason {
	all := make([]Reason, len(reasonNames))
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// String returns the contract's name of the reason.
func (r Reason) String() string { return enumName("Reason", reasonNames, r) }

// MarshalText implements [encoding.TextMarshaler].
func (r Reason) MarshalText() ([]byte, error) { return enumText("reason", reasonNames, r) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Reason) UnmarshalText(text []byte) (err error) {
	*r, err = enumParse[Reason]("reason", reasonNames, text)
	return err
}
