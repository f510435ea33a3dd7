package doctor

import (
	"fmt"
	"slices"

	"github.com/imds-probe/imds-probe/probes"
)

// sightings returns what the observers on the instance see, the instance's own
// IMDS first.
func (f InstanceFacts) sightings() []Sighting {
	var all []Sighting
	if f.Self.OK() {
		all = append(all, f.Self.Value)
	}
	if f.Agent.OK() {
		for _, v := range f.Agent.Value.Vantages {
			all = append(all, Sighting{
				By: "the agent (" + v.Vantage + ")", Role: v.Role,
				ProfileARN: v.InstanceProfileARN, ProfileID: v.InstanceProfileID,
			})
		}
	}
	return slices.DeleteFunc(all, func(s Sighting) bool { return s.Role == "" && s.ProfileARN == "" })
}

// roleSeenStep compares what the observers see with what the API has: a
// difference is a change that the instance has not taken up yet.
func (f InstanceFacts) roleSeenStep() Step {
	sightings := f.sightings()
	switch {
	case f.Self.Failure != nil:
		return undecided(stepRoleSeen, f.Self.Asked, reasonAgentUnusable, "IMDS on this instance is not to be believed: "+f.Self.Failure.String(),
			daemon(probes.ConditionUnknown)).harmless()
	case len(sightings) == 0:
		return unwanted(stepRoleSeen, "nobody on the instance told which role it has (--from, --self)")
	case f.hasRoleStep().Status != probes.StatusPass:
		return skipped(stepRoleSeen, stepHasRole)
	}
	for _, s := range sightings {
		if step, differs := f.compare(s); differs {
			return step
		}
	}
	return passed(stepRoleSeen, f.seenAsked(), fmt.Sprintf("%s sees the same role and profile", sightings[0].By)).
		with("role", sightings[0].Role)
}

// seenAsked names where the sightings come from.
func (f InstanceFacts) seenAsked() string {
	if f.Self.OK() {
		return f.Self.Asked
	}
	return f.Agent.Asked
}

func (f InstanceFacts) compare(s Sighting) (Step, bool) {
	i, role := f.Instance.Value, f.Profile.Value.Roles[0].Name
	changed := func(r probes.Reason, words string) (Step, bool) {
		return failed(stepRoleSeen, f.seenAsked(), seen(r), words, daemon(probes.ConditionProfileChanged)).
			with("seen_role", s.Role).with("seen_profile_arn", s.ProfileARN).with("seen_profile_id", s.ProfileID).
			with("role", role), true
	}
	switch {
	case s.ProfileARN != "" && accountOf(s.ProfileARN) != accountOf(i.ProfileARN):
		return undecided(stepRoleSeen, f.seenAsked(), reasonAgentElsewhere,
			fmt.Sprintf("%s sees a profile of account %s, but the instance is of account %s", s.By, accountOf(s.ProfileARN), accountOf(i.ProfileARN)),
			ConditionAgentElsewhere), true
	case s.ProfileARN != "" && s.ProfileARN != i.ProfileARN:
		return changed(probes.ReasonProfileReplaced,
			fmt.Sprintf("%s still sees profile %s, but %s is associated now", s.By, nameOf(s.ProfileARN), nameOf(i.ProfileARN)))
	case s.Role != "" && s.Role != role:
		return changed(probes.ReasonRoleReplaced,
			fmt.Sprintf("%s still sees role %s, but the profile holds role %s now", s.By, s.Role, clean(role)))
	case s.ProfileID != "" && s.ProfileID != i.ProfileID:
		return changed(probes.ReasonProfileRecreated,
			fmt.Sprintf("%s still sees the profile's former id %s", s.By, s.ProfileID))
	}
	return Step{}, false
}

// mendable are the agent's conditions whose cause the API shows whole: where it
// shows none, the cause was mended since, and EC2 has not yet renewed the keys.
var mendable = []probes.Condition{
	probes.ConditionNoInstanceProfile, probes.ConditionInstanceProfileNotFound,
	probes.ConditionNoRole, probes.ConditionAssumeRoleUnauthorized,
}

// agentStep joins the agent's verdict with what the API shows so far.
func (f InstanceFacts) agentStep(sofar []Step) Step {
	a := f.Agent
	switch {
	case a.Asked == "":
		return unwanted(stepAgent, "no agent was asked (--from)")
	case a.Failure != nil:
		return undecided(stepAgent, a.Asked, reasonAgentUnusable, a.Failure.String(), ConditionAgentUnusable)
	case !f.there():
		return skipped(stepAgent, stepInstance)
	}
	step := f.joinAgent(a.Value.Condition, sofar)
	step.Asked = a.Asked
	return step.with("condition", a.Value.Condition.String()).with("checked_at", a.Value.CheckedAt.UTC().Format("2006-01-02T15:04:05Z"))
}

func (f InstanceFacts) joinAgent(c probes.Condition, sofar []Step) Step {
	api := root(sofar)
	says := "the agent says " + c.String()
	switch {
	case api >= 0 && sofar[api].finding.condition == ConditionAgentElsewhere:
		return skipped(stepAgent, stepRoleSeen)
	case c == probes.ConditionUnknown:
		return undecided(stepAgent, "", reasonAgentUnusable, "the agent has no verdict yet", ConditionAgentUnusable).harmless()
	case c == probes.ConditionHealthy && api < 0:
		return passed(stepAgent, "", says)
	case c == probes.ConditionHealthy:
		step := passed(stepAgent, "", says+": the keys it has still work, until they are to be renewed")
		step.Reason = reasonAgentDiffers
		return step
	case api >= 0 && (sofar[api].finding.condition == daemon(c) || f.explains(sofar[api].finding.condition, c)):
		step := failed(stepAgent, "", reasonAgentAgrees, says+", as the API shows", daemon(c)).harmless()
		return step
	case api < 0 && slices.Contains(mendable, c):
		return failed(stepAgent, "", reasonMended, says+", but the API shows nothing wrong: it was mended since", ConditionAwaitingRefresh)
	}
	return failed(stepAgent, "", reasonAgentDiffers, says, daemon(c)).
		saying(fmt.Sprintf("The agent on the instance says %s: %s.", c, probes.Explain(c).Title))
}

// explains tells whether the API's finding is the cause of what the agent sees.
// A role or profile that was replaced is not a wrong one: it arrives with the
// next refresh.
func (f InstanceFacts) explains(api Condition, agent probes.Condition) bool {
	if api == daemon(probes.ConditionProfileChanged) {
		return agent == probes.ConditionWrongRole
	}
	// From inside, a profile without a role since boot looks like none at all.
	return api == daemon(probes.ConditionNoRole) && agent == probes.ConditionNoInstanceProfile
}
