package doctor

import (
	"fmt"
	"strconv"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// InstanceFacts is all that the API and the instance's observers answered.
type InstanceFacts struct {
	InstanceRequest
	Now         time.Time
	Region      string
	Caller      Answer[Caller]
	Instance    Answer[Instance]
	Association Answer[string]
	Profile     Answer[Profile]
	Role        Answer[Role]
}

// The steps of the topic "instance".
const (
	stepInstance    = "instance"
	stepMetadata    = "metadata_options"
	stepAssociation = "association"
	stepProfile     = "profile"
	stepProfileID   = "profile_id"
	stepHasRole     = "has_role"
	stepExpectRole  = "expected_role"
	stepTrust       = "trust_policy"
	stepRoleSeen    = "role_seen"
	stepAgent       = "agent"
)

// DiagnoseInstance judges the answers about an instance.
func DiagnoseInstance(f InstanceFacts) Report {
	steps := []Step{
		callerStep(f.Caller), f.instanceStep(), f.metadataStep(), f.associationStep(),
		f.profileStep(), f.profileIDStep(), f.hasRoleStep(), f.expectedRoleStep(),
		f.trustStep(), f.roleSeenStep(),
	}
	steps = f.join(steps)
	r := Report{Topic: "instance", Target: f.ID, Caller: f.Caller.Value.ARN, CheckedAt: f.Now, Steps: steps}
	n := names{
		theInstance: f.ID, theAssociation: f.Association.Value,
		theProfile: nameOf(f.Instance.Value.ProfileARN), theExpectedRole: f.ExpectRole.Name,
	}
	if len(f.Profile.Value.Roles) > 0 {
		n[theRole] = f.Profile.Value.Roles[0].Name
	}
	return conclude(r, n, f.noFault(n))
}

// noFault is the verdict where nothing was found: the agent's own word, where it
// was asked, and else no more than the API shows.
func (f InstanceFacts) noFault(n names) finding {
	shown := fmt.Sprintf("The instance is associated with profile %s, which holds role %s, and EC2 may assume it.",
		clean(n[theProfile]), clean(n[theRole]))
	if f.Agent.Value.Condition == probes.ConditionHealthy {
		return finding{condition: daemon(probes.ConditionHealthy), summary: shown + " The agent on the instance says healthy.", observed: true}
	}
	return finding{condition: ConditionNoFault, summary: shown}
}

func (f InstanceFacts) instanceStep() Step {
	a := f.Instance
	s, ok := got(stepInstance, stepCaller, a, absence{
		reasonInstanceNotFound,
		fmt.Sprintf("there is no instance %s in region %s of account %s", f.ID, f.Region, f.Caller.Value.Account),
		ConditionInstanceNotFound,
	})
	state := clean(a.Value.State)
	switch {
	case !ok:
		return s
	case a.Value.gone():
		return failed(stepInstance, a.Asked, reasonInstanceGone, "the instance is "+state, ConditionInstanceGone)
	case state != "running" && state != "":
		return undecided(stepInstance, a.Asked, reasonNotRunning, "the instance is "+state, ConditionNotRunning).with("state", state)
	}
	return passed(stepInstance, a.Asked, "the instance is "+state).with("state", state)
}

// gone tells whether the instance is terminated, or about to be.
func (i Instance) gone() bool { return i.State == "terminated" || i.State == "shutting-down" }

// there tells whether the instance was found and is not terminated.
func (f InstanceFacts) there() bool { return f.Instance.OK() && !f.Instance.Value.gone() }

func (f InstanceFacts) metadataStep() Step {
	if !f.there() {
		return skipped(stepMetadata, stepInstance)
	}
	i := f.Instance.Value
	limit := strconv.Itoa(int(i.HopLimit))
	words := fmt.Sprintf("endpoint %s, tokens %s, hop limit %s", clean(i.HTTPEndpoint), clean(i.HTTPTokens), limit)
	step := passed(stepMetadata, f.Instance.Asked, words)
	switch {
	case i.HTTPEndpoint == "":
		return unwanted(stepMetadata, "EC2 did not tell the metadata options")
	case i.HTTPEndpoint == "disabled":
		step = failed(stepMetadata, f.Instance.Asked, reasonEndpointDisabled, words, daemon(probes.ConditionIMDSDisabled)).
			saying("The metadata endpoint of the instance is disabled.")
	case i.HopLimit == 1 && f.Containers:
		step = failed(stepMetadata, f.Instance.Asked, reasonHopLimit, words, daemon(probes.ConditionHopLimitTooLow)).
			saying("The hop limit is 1, so the answer to a container's token request ends at the host.")
	case i.HopLimit == 1:
		step.Answer += " (the host only: containers behind a bridge get no token)"
	}
	return step.with("http_endpoint", i.HTTPEndpoint).with("http_tokens", i.HTTPTokens).
		with("http_put_response_hop_limit", limit)
}

func (f InstanceFacts) associationStep() Step {
	if !f.there() {
		return skipped(stepAssociation, stepInstance)
	}
	i := f.Instance.Value
	switch {
	case i.ProfileARN == "":
		return failed(stepAssociation, f.Instance.Asked, reasonNoAssociation,
			"no instance profile is associated with the instance", daemon(probes.ConditionNoInstanceProfile))
	case nameOf(i.ProfileARN) == "":
		return undecided(stepAssociation, f.Instance.Asked, reasonAPIError,
			"EC2 named something that is not an instance profile: "+clean(i.ProfileARN), ConditionAPIError)
	}
	return passed(stepAssociation, f.Instance.Asked, "profile "+nameOf(i.ProfileARN)).
		with("instance_profile_arn", i.ProfileARN).with("instance_profile_id", i.ProfileID).
		with("association_id", f.Association.Value)
}

func (f InstanceFacts) profileStep() Step {
	a := f.Profile
	s, ok := got(stepProfile, stepAssociation, a, absence{
		seen(probes.ReasonProfileNotFound),
		"the associated profile " + nameOf(f.Instance.Value.ProfileARN) + " does not exist any more",
		daemon(probes.ConditionInstanceProfileNotFound),
	})
	if !ok {
		return s
	}
	return passed(stepProfile, a.Asked, "profile "+clean(a.Value.Name)+" exists")
}

func (f InstanceFacts) profileIDStep() Step {
	if !f.Profile.OK() {
		return skipped(stepProfileID, stepProfile)
	}
	was, is := f.Instance.Value.ProfileID, f.Profile.Value.ID
	if was == "" || is == "" {
		return unwanted(stepProfileID, "EC2 or IAM did not tell the profile's id")
	}
	if was != is {
		return failed(stepProfileID, "", seen(probes.ReasonProfileRecreated),
			fmt.Sprintf("the instance is associated with profile id %s, but the profile of that name is %s: it was deleted and re-created", clean(was), clean(is)),
			daemon(probes.ConditionInstanceProfileNotFound)).
			mend(reattachSteps()...).
			with("associated_id", was).with("profile_id", is)
	}
	return passed(stepProfileID, "", "the association and the profile have the same id").with("profile_id", is)
}

// reattachSteps mend an association with a profile that was re-created.
func reattachSteps() []probes.Step {
	return []probes.Step{
		{Text: "Re-associate the profile, in place of the association that is no longer valid", Command: "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=PROFILE"},
		{Text: "If EC2 does not take that as a change, remove the profile first", Command: "aws ec2 disassociate-iam-instance-profile --association-id ASSOCIATION_ID"},
		{Text: "and associate it again", Command: "aws ec2 associate-iam-instance-profile --instance-id INSTANCE_ID --iam-instance-profile Name=PROFILE"},
	}
}

func (f InstanceFacts) hasRoleStep() Step {
	if !f.Profile.OK() {
		return skipped(stepHasRole, stepProfile)
	}
	p := f.Profile.Value
	if len(p.Roles) == 0 {
		return failed(stepHasRole, "", seen(probes.ReasonProfileWithoutRole),
			"profile "+clean(p.Name)+" does not contain a role", daemon(probes.ConditionNoRole))
	}
	return passed(stepHasRole, "", "it holds role "+clean(p.Roles[0].Name)).with("role", p.Roles[0].Name).
		with("role_arn", p.Roles[0].ARN)
}

func (f InstanceFacts) expectedRoleStep() Step {
	switch {
	case f.ExpectRole.Name == "":
		return unwanted(stepExpectRole, "no --expect-role was given")
	case f.hasRoleStep().Status != probes.StatusPass:
		return skipped(stepExpectRole, stepHasRole)
	}
	p := f.Profile.Value
	if role := p.Roles[0]; role.Name != f.ExpectRole.Name || (f.ExpectRole.ARN != "" && role.ARN != f.ExpectRole.ARN) {
		return failed(stepExpectRole, "", seen(probes.ReasonRoleMismatch),
			fmt.Sprintf("profile %s holds role %s, and %s is expected", clean(p.Name), clean(role.Name), f.ExpectRole),
			daemon(probes.ConditionWrongRole)).
			mend(expectRoleSteps()...)
	}
	return passed(stepExpectRole, "", "it is the expected role")
}

// expectRoleSteps lead from the wrong role to the expected one.
func expectRoleSteps() []probes.Step {
	return []probes.Step{
		{Text: "See which instance profile holds the expected role", Command: "iam-doctor role EXPECTED_ROLE"},
		{Text: "Associate that profile", Command: "aws ec2 replace-iam-instance-profile-association --association-id ASSOCIATION_ID --iam-instance-profile Name=EXPECTED_PROFILE"},
		{Text: "Or change the role of this profile: remove the one", Command: "aws iam remove-role-from-instance-profile --instance-profile-name PROFILE --role-name ROLE"},
		{Text: "add the other one", Command: "aws iam add-role-to-instance-profile --instance-profile-name PROFILE --role-name EXPECTED_ROLE"},
		{Text: "and wait for the next automatically scheduled refresh"},
	}
}

// trustStep judges the role's own document; where the caller may not read the
// role, the copy that came with the profile.
func (f InstanceFacts) trustStep() Step {
	switch {
	case f.hasRoleStep().Status != probes.StatusPass:
		return skipped(stepTrust, stepHasRole)
	case f.Role.OK():
		return f.settled(trustStep(f.Role.Asked, f.Role.Value, f.Caller.Value.Partition))
	case f.Role.failed(FailureDenied) && f.Profile.Value.Roles[0].Trust != "":
		return f.settled(trustStep(f.Profile.Asked, f.Profile.Value.Roles[0], f.Caller.Value.Partition)).
			with("source", "the profile's copy, for lack of iam:GetRole")
	case f.Role.failed(FailureNotFound):
		return failed(stepTrust, f.Role.Asked, reasonRoleNotFound, "the role was deleted just now", daemon(probes.ConditionNoRole))
	case f.Role.Failure != nil:
		return unanswered(stepTrust, f.Role.Asked, f.Role.Failure)
	}
	return undecided(stepTrust, "", reasonAPIError, "IAM named a role that cannot be one", ConditionAPIError)
}

// settled decides what a condition of the trust policy leaves open, where the
// agent says healthy and sees this very role: EC2's own request met the condition.
func (f InstanceFacts) settled(s Step) Step {
	if s.Reason != reasonTrustDepends || f.Agent.Value.Condition != probes.ConditionHealthy {
		return s
	}
	role := f.Profile.Value.Roles[0].Name
	for _, seen := range f.sightings() {
		if _, differs := f.compare(seen); differs || seen.Role != role {
			return s
		}
	}
	if len(f.sightings()) == 0 {
		return s
	}
	step := passed(stepTrust, s.Asked, "EC2 did assume role "+clean(role)+", as the agent shows; the trust policy has a condition")
	step.Reason = reasonTrustDepends
	return step
}
