package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/imds-probe/imds-probe/probes"
)

const (
	addRole      = "iam:AddRoleToInstanceProfile"
	passRole     = "iam:PassRole"
	runInstances = "ec2:RunInstances"
	listProfiles = "iam:ListInstanceProfiles"
	simulate     = "iam:SimulatePrincipalPolicy"

	passedTo = "iam:PassedToService"
)

// toEC2 is what a request that passes a role to EC2 has in its context: EC2
// under the partition's own name.
func toEC2(partition string) map[string]string {
	services := EC2Services(partition)
	return map[string]string{passedTo: services[len(services)-1]}
}

// Permission is whether the caller may do something, as IAM's simulator has it.
type Permission struct {
	Action, Resource string
	Allowed          bool
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

// Principal is whose policies are simulated: the caller, or the role behind the
// caller's session.
type Principal struct {
	// ARN is empty for the account's root user, whom IAM policies do not limit.
	ARN  string
	Root bool
}

// principal finds whose policies apply to the caller. The ARN of a role has a
// path that that of its session lacks, so the role has to be asked for.
func (d *Doctor) principal(ctx context.Context, c Caller) Answer[Principal] {
	kind, name := principalOf(c.ARN)
	switch kind {
	case "user":
		return Answer[Principal]{Asked: simulate, Value: Principal{ARN: c.ARN}}
	case "root":
		return Answer[Principal]{Asked: simulate, Value: Principal{Root: true}}
	case "assumed-role":
		role := d.role(ctx, name)
		return Answer[Principal]{Asked: role.Asked, Value: Principal{ARN: role.Value.ARN}, Failure: role.Failure}
	}
	return Answer[Principal]{Asked: simulate, Failure: &Failure{Message: "IAM cannot simulate the policies of " + clean(c.ARN)}}
}

// may asks IAM's simulator whether the principal may do the action, with the
// context keys that the real request would have.
func (d *Doctor) may(ctx context.Context, p Answer[Principal], action, resource string, keys map[string]string) Answer[Permission] {
	if p.Failure != nil {
		return Answer[Permission]{Asked: p.Asked, Failure: p.Failure}
	}
	of := action + " on " + resource
	if p.Value.Root {
		return Answer[Permission]{Asked: simulate + " " + of, Value: Permission{Action: action, Resource: resource, Allowed: true}}
	}
	return ask(simulate, of, func() (Permission, error) {
		in := &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &p.Value.ARN, ActionNames: []string{action}, ResourceArns: []string{resource},
		}
		for key, value := range keys {
			in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{
				ContextKeyName: aws.String(key), ContextKeyType: iamtypes.ContextKeyTypeEnumString,
				ContextKeyValues: []string{value},
			})
		}
		out, err := d.iam.SimulatePrincipalPolicy(ctx, in)
		if err != nil {
			return Permission{}, err
		}
		if len(out.EvaluationResults) == 0 {
			return Permission{}, errors.New("SimulatePrincipalPolicy answered without a result")
		}
		return permissionFrom(action, resource, out.EvaluationResults[0]), nil
	})
}

func permissionFrom(action, resource string, r iamtypes.EvaluationResult) Permission {
	p := Permission{
		Action: action, Resource: resource,
		Allowed:  r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed,
		Explicit: r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny,
		Missing:  r.MissingContextValues,
	}
	if b := r.PermissionsBoundaryDecisionDetail; b != nil {
		p.Boundary = !b.AllowedByPermissionsBoundary
	}
	if o := r.OrganizationsDecisionDetail; o != nil {
		p.Organizations = !o.AllowedByOrganizations
	}
	for _, s := range r.MatchedStatements {
		p.Matched = append(p.Matched, statementName(s))
	}
	slices.Sort(p.Matched)
	p.Matched = slices.Compact(p.Matched)
	return p
}

// statementName says where a statement stands, since IAM returns no Sid.
func statementName(s iamtypes.Statement) string {
	name := clean(aws.ToString(s.SourcePolicyId))
	if s.StartPosition != nil {
		name += fmt.Sprintf(", line %d", s.StartPosition.Line)
	}
	return name
}

// why says what decides over the permission, and its reason.
func (p Permission) why() (Reason, string) {
	switch {
	case p.Allowed:
		return seen(probes.ReasonOK), "allowed" + p.by(" by ")
	case p.Explicit:
		return reasonExplicitDeny, "explicitly denied" + p.by(" by ")
	case p.Organizations:
		return reasonOrganizations, "not allowed by a policy of the organization (SCP)"
	case p.Boundary:
		return reasonBoundary, "not allowed by the caller's permissions boundary"
	}
	return reasonImplicitDeny, "no policy of the caller allows it"
}

func (p Permission) by(word string) string {
	if len(p.Matched) == 0 {
		return ""
	}
	return word + strings.Join(p.Matched, "; ")
}

// permissionStep judges one permission. A denial is the condition c, whose
// remedy is the policy.
func permissionStep(name string, a Answer[Permission], c Condition, caller string, policy any) Step {
	p := a.Value
	switch {
	case a.Asked == "":
		return skipped(name, stepCaller)
	case a.Failure != nil:
		return unanswered(name, a.Asked, a.Failure)
	case p.Allowed:
		_, words := p.why()
		return passed(name, a.Asked, p.Action+" is "+words)
	}
	reason, words := p.why()
	step := failed(name, a.Asked, reason, p.Action+" on "+p.Resource+": "+words, c).
		saying("You may not "+p.Action+" on "+p.Resource+": "+words+".").
		with("action", p.Action).with("resource", p.Resource).with("matched", strings.Join(p.Matched, "; "))
	if len(p.Missing) > 0 {
		step.Answer += " (it may depend on " + clean(strings.Join(p.Missing, ", ")) + ")"
		step = step.with("missing_context", strings.Join(p.Missing, ", "))
	}
	if reason == reasonImplicitDeny {
		return step.mend(policy, grantSteps(caller, grantName(p.Action))...)
	}
	return step.mend(nil, limitSteps(reason, p)...)
}

// grantName is the name under which the policy that a remedy shows is added.
func grantName(action string) string {
	_, operation, _ := strings.Cut(action, ":")
	return "allow-" + operation
}

// limitSteps lead to what withholds a permission that adding a policy would not
// give.
func limitSteps(r Reason, p Permission) []probes.Step {
	if r == reasonExplicitDeny {
		return []probes.Step{
			{Text: "Remove or narrow the statement that denies " + p.Action + p.by(": ") + "; no allow wins over it"},
			{Text: "Or ask as somebody whom it does not concern"},
		}
	}
	if r == reasonBoundary {
		return []probes.Step{
			{Text: "Have " + p.Action + " on " + p.Resource + " allowed in the policy that is the caller's permissions boundary; a policy of the caller alone does not help"},
		}
	}
	return []probes.Step{
		{Text: "Have the administrators of the organization allow " + p.Action + " in the service control policies of this account; no policy of the account helps"},
	}
}
