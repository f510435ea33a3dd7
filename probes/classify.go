package probes

import (
	"net/http"
	"strings"
	"time"
)

// Classify judges what one probe saw. It is pure. The time is IMDS's, by which
// keys expire; see [ClockOffset.Correct].
func Classify(o Observation, policy Policy, now time.Time) Verdict {
	if len(o.Exchanges) == 0 {
		return skip(ReasonPrerequisiteFailed)
	}
	switch o.Probe {
	case ProbeToken:
		return classifyToken(o, policy)
	case ProbeHostname:
		return classifyHostname(o, policy)
	case ProbeIAM:
		return classifyIAM(o, policy)
	case ProbeIAMInfo:
		return classifyInfo(o, policy)
	case ProbeRoleList:
		return classifyRoleList(o, policy)
	case ProbeRoleCredentials:
		return classifyCredentials(o, policy, now)
	}
	return Verdict{}
}

// judgeAnswer judges an exchange by itself: [ReasonOK] for a whole 200 of IMDS.
func judgeAnswer(e Exchange, policy Policy) Reason {
	switch {
	case e.Answered() && !policy.IsIMDS(e):
		return ReasonForeignServer
	case e.Fault != ReasonNone:
		return e.Fault
	case e.Status/100 == 3:
		return ReasonRedirected
	}
	switch e.Status {
	case http.StatusOK:
		return ReasonOK
	case http.StatusBadRequest:
		return ReasonBadRequest
	case http.StatusUnauthorized:
		return ReasonUnauthorized
	case http.StatusForbidden:
		return ReasonForbidden
	case http.StatusNotFound:
		return ReasonNotFound
	case http.StatusMethodNotAllowed:
		return ReasonMethodNotAllowed
	case http.StatusTooManyRequests:
		return ReasonTooManyRequests
	case http.StatusServiceUnavailable:
		return ReasonServiceUnavailable
	}
	if e.Status/100 == 5 {
		return ReasonServerError
	}
	return ReasonUnexpectedStatus
}

// judge judges the answer and then what its body said.
func judge(o Observation, policy Policy) Reason {
	if reason := judgeAnswer(o.Answer(), policy); reason != ReasonOK {
		return reason
	}
	if o.Content.Defect != ReasonNone {
		return o.Content.Defect
	}
	return ReasonOK
}

// defect is the reason why a document cannot be used, though its answer may be whole.
func defect(r Reason) Reason {
	if r == ReasonOK {
		return ReasonFieldMissing
	}
	return r
}

func verdictOf(reason Reason) Verdict {
	if reason == ReasonOK {
		return pass(reason)
	}
	return fail(reason)
}

const noRoleMessage = "Instance Profile does not contain a role"

// classifyToken tells three faults apart by the GET without a token that follows
// a lost or forbidden PUT: the PUT's answer alone is lost when the hop limit is
// too low, and the PUT alone is forbidden when a proxy forwards it.
func classifyToken(o Observation, policy Policy) Verdict {
	reason := judge(o, policy)
	control, made := o.Control()
	if !made {
		return verdictOf(reason)
	}
	seen := judgeAnswer(control, policy)
	switch {
	case seen == ReasonForeignServer || seen == ReasonNotHTTP:
		return fail(seen)
	case reason == ReasonForbidden:
		return fail(whyForbidden(control, seen))
	case reason == ReasonAnswerTimeout:
		return fail(whyLost(control, seen))
	}
	return verdictOf(reason)
}

func whyForbidden(control Exchange, seen Reason) Reason {
	switch {
	case !control.Answered():
		return ReasonControlUnanswered
	case seen == ReasonForbidden:
		return ReasonForbidden
	}
	return ReasonTokenForbidden
}

func whyLost(control Exchange, seen Reason) Reason {
	switch {
	case control.Answered():
		return ReasonTokenAnswerLost
	case isConnectFault(seen):
		return seen
	}
	return ReasonAnswerTimeout
}

// NeedsControl tells whether the answer alone does not decide, so that another
// request must be made before [Classify] can: after a lost or forbidden token PUT a
// GET without a token, after a missing iam/ that is a fault the control, which is
// there with or without an instance profile.
func NeedsControl(o Observation, policy Policy) bool {
	switch reason := judgeAnswer(o.Answer(), policy); o.Probe {
	case ProbeToken:
		return reason == ReasonAnswerTimeout || reason == ReasonForbidden
	case ProbeIAM:
		return reason == ReasonNotFound && policy.Profile == ProfileRequired
	case ProbeHostname, ProbeIAMInfo, ProbeRoleList, ProbeRoleCredentials:
	}
	return false
}

func isConnectFault(r Reason) bool {
	switch r { //nolint:exhaustive // the connect phase's faults
	case ReasonConnectTimeout, ReasonConnectRefused, ReasonHostUnreachable, ReasonNetworkUnreachable, ReasonNotPermitted:
		return true
	}
	return false
}

func classifyHostname(o Observation, policy Policy) Verdict {
	reason := judge(o, policy)
	if reason == ReasonEmptyBody {
		reason = ReasonOK // reachability is all that is asked
	}
	return verdictOf(reason)
}

func classifyIAM(o Observation, policy Policy) Verdict {
	switch reason := judge(o, policy); {
	case reason == ReasonNotFound && policy.Profile != ProfileRequired:
		return pass(ReasonAbsentAsExpected)
	case reason == ReasonNotFound:
		return classifyNoIAM(o, policy)
	case reason == ReasonOK && policy.Profile == ProfileForbidden:
		return fail(ReasonProfilePresent)
	case reason == ReasonEmptyBody:
		return pass(ReasonOK)
	default:
		return verdictOf(reason)
	}
}

// classifyNoIAM asks the control, which exists with or without a profile: if
// even that is not answered as it should be, IMDS itself is not well.
func classifyNoIAM(o Observation, policy Policy) Verdict {
	if control, made := o.Control(); made {
		if seen := judgeAnswer(control, policy); seen != ReasonOK {
			return fail(seen)
		}
	}
	return fail(ReasonNotFound)
}

func classifyInfo(o Observation, policy Policy) Verdict {
	if reason := judgeAnswer(o.Answer(), policy); reason != ReasonOK {
		return fail(reason) // whatever the body of somebody else's answer says
	}
	reason, info := judge(o, policy), o.Content.Info
	if info == nil {
		return fail(defect(reason))
	}
	switch {
	case !IsSuccess(info.Code) && info.Code != "":
		return fail(codeReason(info.Code))
	case info.ProfileARN != "" && !matches(policy.ProfileARN, info.ProfileARN):
		return fail(ReasonProfileMismatch)
	case hasPrefixFold(info.Message, noRoleMessage):
		return fail(ReasonProfileWithoutRole)
	}
	return verdictOf(reason)
}

// codeReason matches documented codes, whatever their case; messages change.
func codeReason(code string) Reason {
	switch {
	case strings.EqualFold(code, "InstanceProfileNotFound"):
		return ReasonProfileNotFound
	case strings.EqualFold(code, "AssumeRoleUnauthorizedAccess"):
		return ReasonAssumeRoleRefused
	}
	return ReasonOtherCode
}

func classifyRoleList(o Observation, policy Policy) Verdict {
	reason := judge(o, policy)
	switch {
	case reason == ReasonNotFound:
		return fail(ReasonRoleListEmpty)
	case reason == ReasonOK && !matches(policy.Role, o.Content.Role):
		return fail(ReasonRoleMismatch)
	}
	return verdictOf(reason)
}

func classifyCredentials(o Observation, policy Policy, now time.Time) Verdict {
	reason := judge(o, policy)
	doc := o.Content.Credentials
	if doc == nil || reason != ReasonOK {
		return fail(defect(reason))
	}
	switch {
	case !IsSuccess(doc.Code):
		return fail(codeReason(doc.Code))
	case !now.Before(doc.Expiration):
		return fail(ReasonExpired)
	}
	return pass(ReasonOK)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
