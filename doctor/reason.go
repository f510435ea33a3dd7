package doctor

import "github.com/imds-probe/imds-probe/probes"

// Reason says why a step ended as it did, from a closed set: those of package
// probes where it is the same thing, and the doctor's own.
type Reason string

// The doctor's own reasons.
const (
	reasonNoCredentials Reason = "no_credentials"
	reasonRefused       Reason = "credentials_refused"
	reasonExpiredToken  Reason = "expired_token"
	reasonClock         Reason = "clock"
	reasonLacking       Reason = "permission_lacking"
	reasonThrottled     Reason = "throttled"
	reasonUnreachable   Reason = "unreachable"
	reasonAPIError      Reason = "api_error"

	reasonNotAsked         Reason = "not_asked"
	reasonOtherPartition   Reason = "other_partition"
	reasonInstanceNotFound Reason = "instance_not_found"
	reasonInstanceGone     Reason = "instance_terminated"
	reasonEndpointDisabled Reason = "endpoint_disabled"
	reasonHopLimit         Reason = "hop_limit_one"
	reasonNoAssociation    Reason = "no_association"
	reasonRoleNotFound     Reason = "role_not_found"
	reasonTrustDenies      Reason = "trust_denies"
	reasonTrustSilent      Reason = "trust_allows_nobody"
	reasonTrustDepends     Reason = "trust_depends"
	reasonTrustMalformed   Reason = "trust_malformed"
	reasonAgentAgrees      Reason = "agent_agrees"
	reasonAgentDiffers     Reason = "agent_differs"
	reasonAgentElsewhere   Reason = "agent_elsewhere"
	reasonAgentUnusable    Reason = "agent_unusable"
	reasonMended           Reason = "fixed_since"
	reasonTokensOptional   Reason = "tokens_optional"
	reasonNotRunning       Reason = "instance_not_running"
	reasonRoleRecreated    Reason = "role_recreated"
	reasonOtherAccount     Reason = "other_account"

	reasonOtherName     Reason = "listed_under_other_name"
	reasonHeldByNone    Reason = "held_by_no_profile"
	reasonOtherRole     Reason = "holds_other_role"
	reasonInvalidName   Reason = "invalid_name"
	reasonQuota         Reason = "quota_reached"
	reasonAlreadyThere  Reason = "already_there"
	reasonExplicitDeny  Reason = "explicit_deny"
	reasonConditionOpen Reason = "condition_value_missing"
	reasonNotEvaluated  Reason = "not_evaluated"
	reasonBoundary      Reason = "permissions_boundary"
	reasonOrganizations Reason = "organizations_policy"
	reasonImplicitDeny  Reason = "nothing_allows"
	reasonDryRunRefused Reason = "dry_run_refused"
)

// seen returns the name of a reason that the agent knows too.
func seen(r probes.Reason) Reason { return Reason(r.String()) }
