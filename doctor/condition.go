package doctor

import (
	"github.com/imds-probe/imds-probe/probes"
)

// Condition names the one root cause that a topic found, from a closed set:
// those of package probes where it is the same thing, and the doctor's own.
type Condition string

// The doctor's own conditions.
const (
	// ConditionNoCredentials means that there are no credentials to ask AWS with.
	ConditionNoCredentials Condition = "caller_no_credentials" //nolint:gosec // G101: a name, not a credential
	// ConditionRefused means that AWS does not accept the caller's credentials.
	ConditionRefused Condition = "caller_credentials_refused"
	// ConditionExpired means that the caller's session has expired.
	ConditionExpired Condition = "caller_token_expired"
	// ConditionClock means that the caller's clock is wrong.
	ConditionClock Condition = "caller_clock_skewed"
	// ConditionThrottled means that AWS throttles the caller's API requests.
	ConditionThrottled Condition = "api_throttled"
	// ConditionUnreachable means that no answer comes from the API's endpoint.
	ConditionUnreachable Condition = "api_unreachable"
	// ConditionAPIError means that the API answered with another error.
	ConditionAPIError Condition = "api_error"
	// ConditionOtherPartition means that names of two partitions were mixed.
	ConditionOtherPartition Condition = "other_partition"
	// ConditionLacking means that the caller lacks permissions that the answer needs.
	ConditionLacking Condition = "permission_lacking"

	// ConditionInstanceNotFound means that there is no such instance here.
	ConditionInstanceNotFound Condition = "instance_not_found"
	// ConditionInstanceGone means that the instance is terminated.
	ConditionInstanceGone Condition = "instance_terminated"
	// ConditionNoFault means that the API shows nothing that keeps EC2 from
	// providing credentials; IMDS was not looked at.
	ConditionNoFault Condition = "no_fault_found"
	// ConditionNotRunning means that the instance is not running now.
	ConditionNotRunning Condition = "instance_not_running"
	// ConditionSelfUnreachable means that IMDS on this machine does not answer.
	ConditionSelfUnreachable Condition = "imds_no_answer"
	// ConditionEndpointDiffers means that the agent and EC2 disagree about whether
	// the metadata endpoint is on.
	ConditionEndpointDiffers Condition = "endpoint_disagreement"
	// ConditionRoleRecreated means that the credentials are older than the role.
	ConditionRoleRecreated Condition = "role_recreated"
	// ConditionTrustDepends means that a condition decides whether EC2 may assume the role.
	ConditionTrustDepends Condition = "trust_depends"
	// ConditionAwaitingRefresh means that what the agent sees has been fixed already.
	ConditionAwaitingRefresh Condition = "awaiting_refresh"
	// ConditionAgentElsewhere means that the agent that was asked is not this instance's.
	ConditionAgentElsewhere Condition = "agent_elsewhere"
	// ConditionAgentUnusable means that the agent gave no usable answer.
	ConditionAgentUnusable Condition = "agent_unusable"

	// ConditionRoleListed means that the console lists the role under its own name.
	ConditionRoleListed Condition = "role_listed"
	// ConditionOtherName means that the console lists the role under another name.
	ConditionOtherName Condition = "role_under_other_name"
	// ConditionRoleInNoProfile means that no instance profile holds the role.
	ConditionRoleInNoProfile Condition = "role_in_no_profile"
	// ConditionOtherRole means that the profile of the role's name holds another role.
	ConditionOtherRole Condition = "profile_holds_other_role"
	// ConditionRoleMissing means that there is no such role.
	ConditionRoleMissing Condition = "role_missing"
	// ConditionOtherAccount means that an ARN is of another account than the caller.
	ConditionOtherAccount Condition = "other_account"
	// ConditionListDenied means that the caller may not list instance profiles.
	ConditionListDenied Condition = "list_profiles_denied"

	// ConditionProfileMissing means that there is no such instance profile.
	ConditionProfileMissing Condition = "profile_missing"
	// ConditionProfileInvalid means that what was given cannot be an instance profile.
	ConditionProfileInvalid Condition = "profile_invalid"
	// ConditionProfileFull means that the profile already holds another role.
	ConditionProfileFull Condition = "profile_full"
	// ConditionProfileQuota means that the account can have no further profile.
	ConditionProfileQuota Condition = "profile_quota_reached"
	// ConditionAddAllowed means that the role can be added to the profile.
	ConditionAddAllowed Condition = "add_role_allowed"
	// ConditionAddDone means that the profile holds the role already.
	ConditionAddDone Condition = "role_already_added"
	// ConditionAddDenied means that the caller may not add roles to the profile.
	ConditionAddDenied Condition = "add_role_denied"
	// ConditionPassDenied means that the caller may not pass the role to EC2.
	ConditionPassDenied Condition = "pass_role_denied"

	// ConditionPermissionDepends means that a permission cannot be evaluated from
	// outside: only the real request has what decides it.
	ConditionPermissionDepends Condition = "permission_depends"
	// ConditionAuditClean means that the audit found no problem.
	ConditionAuditClean Condition = "no_problem_found"
	// ConditionWithoutProfile means that instances have no instance profile, which
	// an audit cannot tell from what is meant.
	ConditionWithoutProfile Condition = "instance_without_profile"
	// ConditionIMDSv1 means that instances answer requests without a session token.
	ConditionIMDSv1 Condition = "imdsv1_allowed"

	// ConditionLaunchAllowed means that an instance can be launched with the profile.
	ConditionLaunchAllowed Condition = "launch_allowed"
	// ConditionRunDenied means that the caller may not launch instances.
	ConditionRunDenied Condition = "run_instances_denied"
	// ConditionLaunchRefused means that EC2 refuses the launch for another reason.
	ConditionLaunchRefused Condition = "launch_refused"
)

// daemon returns the name of a condition that the agent knows too.
func daemon(c probes.Condition) Condition { return Condition(c.String()) }

// Entry is what the doctor says of one condition.
type Entry struct {
	Condition Condition
	Severity  probes.Severity
	Title     string
	Meaning   string
	Remedy    []probes.Step
	Doc       string
}

// Explain returns the entry of a condition: for one of the agent's, its severity
// and link, and words that say no more than the API shows where the API alone can
// find it. ok is false for a name that is neither's.
func Explain(c Condition) (entry Entry, ok bool) {
	if e, own := catalogue[c]; own {
		e.Condition = c
		return e, true
	}
	var known probes.Condition
	if known.UnmarshalText([]byte(c)) != nil {
		return Entry{Condition: c}, false
	}
	e := explainObserved(c)
	if shown, ok := shownByAPI[known]; ok {
		e.Title, e.Meaning, e.Remedy = shown.Title, shown.Meaning, shown.Remedy
	}
	return e, true
}

// explainObserved returns what the agent's catalogue says of a condition that the
// agent on the instance saw; the doctor's entry for one of its own.
func explainObserved(c Condition) Entry {
	var known probes.Condition
	if known.UnmarshalText([]byte(c)) != nil {
		e := catalogue[c]
		e.Condition = c
		return e
	}
	e := probes.Explain(known)
	return Entry{c, e.Severity, e.Title, e.Meaning, e.Remedy, e.Doc}
}
