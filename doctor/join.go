package doctor

import (
	"fmt"
	"slices"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// sightings returns what the observers on the instance see, the instance's own
// IMDS first. One that sees nothing is left out.
func (f InstanceFacts) sightings() []Sighting {
	all := []Sighting{f.Seen.Value}
	if _, elsewhere := f.agentElsewhere(); !elsewhere {
		for _, v := range f.Agent.Value.Vantages {
			all = append(all, Sighting{
				By: "the agent (" + v.Vantage + ")", Role: v.Role,
				ProfileARN: v.InstanceProfileARN, ProfileID: v.InstanceProfileID, Issued: v.issued(),
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
	case f.Seen.Failure != nil:
		return undecided(stepRoleSeen, f.Seen.Asked, reasonAgentUnusable, "IMDS on this instance is not to be believed: "+f.Seen.Failure.String(),
			daemon(probes.ConditionUnknown)).harmless()
	case len(sightings) == 0:
		return unwanted(stepRoleSeen, "role on the instance unknown (use --from or --self)")
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
	if f.Seen.OK() {
		return f.Seen.Asked
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
	case s.ProfileID != "" && i.ProfileID != "" && s.ProfileID != i.ProfileID:
		return changed(probes.ReasonProfileRecreated,
			fmt.Sprintf("%s still sees the profile's former id %s", s.By, s.ProfileID))
	case s.Role != "" && f.recreatedSince(s.Issued):
		return failed(stepRoleSeen, f.seenAsked(), reasonRoleRecreated,
			fmt.Sprintf("the credentials that %s sees were issued at %s, but role %s was created at %s", s.By, instant(s.Issued), clean(role), instant(f.roleCreated())),
			ConditionRoleRecreated).with("issued", instant(s.Issued)).with("role_created", instant(f.roleCreated())), true
	}
	return Step{}, false
}

// issuedMargin is how far the time at which IMDS says that credentials were issued
// may be off: its LastUpdated is jittered by 45 s, and clocks differ.
const issuedMargin = 2 * time.Minute

// recreatedSince tells whether the role is younger than the credentials: one of
// the same name that was there before it had them, and AWS refuses them now.
func (f InstanceFacts) recreatedSince(issued time.Time) bool {
	return !issued.IsZero() && f.roleCreated().After(issued.Add(issuedMargin))
}

func (f InstanceFacts) roleCreated() time.Time {
	if f.Role.OK() {
		return f.Role.Value.Created
	}
	return f.Profile.Value.Roles[0].Created
}

// instant is a time as reports show it.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// agentElsewhere tells whether the agent is on another instance, and by what.
func (f InstanceFacts) agentElsewhere() (words string, elsewhere bool) {
	if id := f.Agent.Value.InstanceID; id != "" && id != f.ID {
		return "the agent is on instance " + id, true
	}
	account := accountOf(f.Instance.Value.ProfileARN)
	for _, v := range f.Agent.Value.Vantages {
		if a := accountOf(v.InstanceProfileARN); a != "" && account != "" && a != account {
			return fmt.Sprintf("the agent sees a profile of account %s, but the instance is of account %s", a, account), true
		}
	}
	return "", false
}

// fixedIf are the agent's conditions whose cause the API shows whole, each with the
// steps that pass where it is gone: then EC2 has not yet renewed what IMDS serves.
var fixedIf = map[probes.Condition][]string{
	probes.ConditionNoInstanceProfile:       {stepAssociation, stepProfile, stepProfileID, stepHasRole},
	probes.ConditionInstanceProfileNotFound: {stepProfile, stepProfileID},
	probes.ConditionNoRole:                  {stepHasRole},
	probes.ConditionAssumeRoleUnauthorized:  {stepTrust},
}

// fixed tells whether the API shows that the cause of this very condition is gone.
func fixed(c probes.Condition, sofar []Step) bool {
	needed, whole := fixedIf[c]
	for _, s := range sofar {
		if slices.Contains(needed, s.Name) && s.Status != probes.StatusPass && s.Reason != reasonNotAsked {
			return false
		}
	}
	return whole
}

// join adds the agent's step, and takes back findings that it answers.
func (f InstanceFacts) join(steps []Step) []Step {
	agent := f.agentStep(steps)
	answered := map[Condition]string{ConditionAwaitingRefresh: stepRoleSeen, ConditionEndpointDiffers: stepMetadata}
	for i, s := range steps {
		if agent.finding != nil && answered[agent.finding.condition] == s.Name {
			steps[i] = s.harmless()
		}
	}
	return append(steps, agent)
}

// agentStep joins the agent's verdict with what the API shows so far.
func (f InstanceFacts) agentStep(sofar []Step) Step {
	a := f.Agent
	elsewhere, other := f.agentElsewhere()
	switch {
	case a.Asked == "":
		return unwanted(stepAgent, "no agent was asked (--from)")
	case a.Failure != nil:
		return undecided(stepAgent, a.Asked, reasonAgentUnusable, a.Failure.String(), ConditionAgentUnusable)
	case !f.there():
		return skipped(stepAgent, stepInstance)
	case other:
		return undecided(stepAgent, a.Asked, reasonAgentElsewhere, elsewhere, ConditionAgentElsewhere)
	}
	step := f.joinAgent(a.Value.Condition, sofar)
	step.Asked = a.Asked
	return step.with("condition", a.Value.Condition.String()).with("checked_at", instant(a.Value.CheckedAt))
}

func (f InstanceFacts) joinAgent(c probes.Condition, sofar []Step) Step {
	found := findings(sofar)
	says := "the agent says " + c.String()
	agrees := func(api finding) bool {
		return api.condition == daemon(c) || explains(api.condition, c)
	}
	switch {
	case c == probes.ConditionUnknown:
		return undecided(stepAgent, "", reasonAgentUnusable, "the agent has no verdict yet", ConditionAgentUnusable).harmless()
	case f.endpointDiffers(c):
		return failed(stepAgent, "", reasonAgentDiffers,
			fmt.Sprintf("%s, but EC2 says that the metadata endpoint is %s", says, clean(f.Instance.Value.HTTPEndpoint)), ConditionEndpointDiffers)
	case c == probes.ConditionHealthy && len(found) == 0:
		return passed(stepAgent, "", says)
	case c == probes.ConditionHealthy:
		step := passed(stepAgent, "", says+": the credentials it has are valid until they are to be refreshed")
		step.Reason = reasonAgentDiffers
		return step
	case slices.ContainsFunc(found, agrees):
		return failed(stepAgent, "", reasonAgentAgrees, says+", as the API shows", daemon(c)).harmless()
	case fixed(c, sofar):
		return failed(stepAgent, "", reasonMended, says+", but the API no longer shows its cause: it was fixed since", ConditionAwaitingRefresh)
	}
	return failed(stepAgent, "", reasonAgentDiffers, says, daemon(c)).observed().
		saying(fmt.Sprintf("The agent on the instance says %s: %s.", c, probes.Explain(c).Title))
}

// unanswering are the agent's conditions under which IMDS may not have answered
// any request with a token.
var unanswering = []probes.Condition{
	probes.ConditionUnknown, probes.ConditionFirewallBlocked, probes.ConditionHopLimitTooLow,
	probes.ConditionIMDSDisabled, probes.ConditionTokenRefused, probes.ConditionIntercepted,
	probes.ConditionThrottled, probes.ConditionIMDSError,
}

// endpointDiffers tells whether the agent and EC2 contradict each other about the
// metadata endpoint.
func (f InstanceFacts) endpointDiffers(c probes.Condition) bool {
	switch f.Instance.Value.HTTPEndpoint {
	case "enabled":
		return c == probes.ConditionIMDSDisabled
	case "disabled":
		return !slices.Contains(unanswering, c)
	}
	return false
}

// explains tells whether the API's finding is the cause of what the agent sees.
// A role or profile that was replaced is not a wrong one: it arrives with the
// next refresh.
func explains(api Condition, agent probes.Condition) bool {
	if api == daemon(probes.ConditionProfileChanged) {
		return agent == probes.ConditionWrongRole
	}
	// From inside, a profile without a role since boot looks like none at all.
	return api == daemon(probes.ConditionNoRole) && agent == probes.ConditionNoInstanceProfile
}
