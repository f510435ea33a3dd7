package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imds-probe/imds-probe/probes"
)

// Permission is whether somebody may do something, as IAM's simulator has it.
type Permission struct {
	Action    string
	Resources []string
	// Decisions are those of the single resources.
	Decisions []Decision
	// Session means that the policy of the session itself was not looked at.
	Session bool
	// Opaque says why nothing could be simulated, or is empty.
	Opaque string
}

// Decision is what the simulator says of one resource.
type Decision struct {
	Resource string
	Allowed  bool
	// Explicit means that a statement denies it.
	Explicit bool
	// Boundary means that the permissions boundary does not allow it.
	Boundary bool
	// Organizations means that a policy of the organization does not allow it.
	Organizations bool
	// Matched names the policies whose statements match.
	Matched []string
	// Missing names the condition keys that the simulator had no value for.
	Missing []string
}

// why says what decides over the resource.
func (d Decision) why() (Reason, string) {
	switch {
	case d.Allowed:
		return seen(probes.ReasonOK), "allowed" + d.by(" by ")
	case d.Explicit && len(d.Matched) == 0 && d.Organizations:
		return reasonOrganizations, "explicitly denied by a policy of the organization (SCP)"
	case d.Explicit:
		return reasonExplicitDeny, "explicitly denied" + d.by(" by ")
	case d.Organizations:
		return reasonOrganizations, "not allowed by a policy of the organization (SCP)"
	case d.Boundary:
		return reasonBoundary, "not allowed by the permissions boundary"
	}
	return reasonImplicitDeny, "no policy allows it"
}

func (d Decision) by(word string) string {
	if len(d.Matched) == 0 {
		return ""
	}
	return word + strings.Join(d.Matched, "; ")
}

// open tells whether the simulator could not decide: it denies, and lacks the
// value of a condition key that may turn the denial.
func (d Decision) open() bool { return !d.Allowed && len(d.Missing) > 0 }

// denied returns the decisions that withhold the permission for certain, those
// for which there is no policy to add first.
func (p Permission) denied() []Decision {
	all := slices.DeleteFunc(slices.Clone(p.Decisions), func(d Decision) bool { return d.Allowed || d.open() })
	slices.SortStableFunc(all, func(a, b Decision) int { return limits(b) - limits(a) })
	return all
}

func limits(d Decision) int {
	if reason, _ := d.why(); reason != reasonImplicitDeny {
		return 1
	}
	return 0
}

// depends returns the condition keys whose values decide, sorted.
func (p Permission) depends() []string {
	var keys []string
	for _, d := range p.Decisions {
		if d.open() {
			keys = append(keys, d.Missing...)
		}
	}
	return unique(keys)
}

// unevaluated returns the keys of conditions that were not evaluated, of a permission
// that is allowed nevertheless, sorted.
func (p Permission) unevaluated() []string {
	var keys []string
	for _, d := range p.Decisions {
		keys = append(keys, d.Missing...)
	}
	return unique(keys)
}

func unique(words []string) []string {
	for i := range words {
		words[i] = clean(words[i])
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// asker is the ARN of whose permissions a step is about, or empty for the caller's.
type asker string

// who begins a sentence about the permissions.
func (a asker) who() string {
	if a != "" {
		return clean(string(a)) + " may not "
	}
	return "You may not "
}

// permissionStep judges one permission. A denial is the condition c; narrow makes
// the statement that would allow what is denied. needs is the step without which
// nothing is asked.
func permissionStep(name, needs string, a Answer[Permission], c Condition, who asker, narrow func(resources []string) policyStatement) Step {
	p := a.Value
	switch {
	case a.Asked == "":
		return skipped(name, needs)
	case a.Failure != nil:
		return unanswered(name, a.Asked, a.Failure)
	case p.Opaque != "":
		return undecided(name, a.Asked, reasonNotEvaluated, p.Opaque, ConditionPermissionDepends).
			saying("Whether " + p.Action + " is allowed cannot be evaluated from here: " + p.Opaque + ".")
	}
	if denied := p.denied(); len(denied) > 0 {
		return deniedStep(name, a, c, who, denied, narrow)
	}
	if keys := p.depends(); len(keys) > 0 {
		on := strings.Join(keys, ", ")
		return undecided(name, a.Asked, reasonConditionOpen, p.Action+" depends on "+on+", which the simulator has no value for", ConditionPermissionDepends).
			saying("Whether "+p.Action+" is allowed depends on "+on+", whose value only the real request has.").
			with("action", p.Action).with("missing_context", on)
	}
	_, words := p.Decisions[0].why()
	step := passed(name, a.Asked, p.Action+" is "+words)
	if keys := p.unevaluated(); len(keys) > 0 {
		step.Answer += "; conditions on " + strings.Join(keys, ", ") + " were not evaluated"
		step = step.with("missing_context", strings.Join(keys, ", "))
	}
	if p.Session {
		step.Answer += "; the policy of the session itself, if it has one, is not part of this"
	}
	return step
}

func deniedStep(name string, a Answer[Permission], c Condition, who asker, denied []Decision, narrow func([]string) policyStatement) Step {
	p := a.Value
	first := denied[0]
	reason, words := first.why()
	var resources []string
	for _, d := range denied {
		resources = append(resources, d.Resource)
	}
	resources = unique(resources)
	on, all := first.Resource, first.Resource
	if reason == reasonImplicitDeny {
		on, all = someOf(resources), strings.Join(resources, ", ")
	}
	step := failed(name, a.Asked, reason, p.Action+" on "+on+": "+words, c).
		saying(who.who()+p.Action+" on "+on+": "+words+".").
		with("action", p.Action).with("resource", all).with("matched", strings.Join(first.Matched, "; ")).
		with("missing_context", strings.Join(unique(slices.Clone(first.Missing)), ", "))
	if reason == reasonImplicitDeny {
		return step.granting(string(who), narrow(resources))
	}
	return step.mend(limitOf(p.Action, reason, first).lift()...)
}

// someOf names resources in a sentence, the first for all where there are many.
func someOf(resources []string) string {
	if len(resources) < 3 {
		return strings.Join(resources, ", ")
	}
	return fmt.Sprintf("%s and %d more", resources[0], len(resources)-1)
}

// limitOf words a decision of the simulator as AWS words a refusal.
func limitOf(action string, reason Reason, d Decision) Refusal {
	r := Refusal{Action: action, Resource: d.Resource, Explicit: d.Explicit, Kind: PolicyIdentity, Policy: strings.Join(d.Matched, "; ")}
	switch reason { //nolint:exhaustive // the others are policies of the principal
	case reasonOrganizations:
		r.Kind, r.Policy = PolicySCP, ""
	case reasonBoundary:
		r.Kind, r.Policy = PolicyBoundary, ""
	}
	return r
}
