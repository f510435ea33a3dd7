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
)

const (
	addRole      = "iam:AddRoleToInstanceProfile"
	passRole     = "iam:PassRole"
	runInstances = "ec2:RunInstances"
	listProfiles = "iam:ListInstanceProfiles"
	simulate     = "iam:SimulatePrincipalPolicy"

	passedTo = "iam:PassedToService"
)

// Principal is whose permissions are asked about.
type Principal struct {
	// ARN is the user or role whose policies IAM simulates; empty for the account's
	// root user, whom IAM policies do not limit.
	ARN  string
	Root bool
	// Session means that a session of the role asks, whose own policy, if it has
	// one, cannot be simulated.
	Session bool
	// Opaque says why nothing can be simulated, or is empty.
	Opaque string
}

// principal finds whose policies apply: the caller's, or those of the principal
// that somebody asks about. The ARN of a role has a path that that of its session
// lacks, so the role has to be asked for.
func (d *Doctor) principal(ctx context.Context, c Caller, other string) Answer[Principal] {
	who := c.ARN
	if other != "" {
		who = other
	}
	simulated := func(p Principal) Answer[Principal] { return Answer[Principal]{Asked: simulate, Value: p} }
	if accountOf(who) != c.Account {
		return simulated(Principal{Opaque: "the policies of another account, " + clean(accountOf(who)) + ", cannot be simulated from here"})
	}
	switch kind, name := principalOf(who); kind {
	case "user":
		return simulated(Principal{ARN: who})
	case "role":
		return simulated(Principal{ARN: who})
	case "root":
		return simulated(Principal{Root: true})
	case "assumed-role":
		role := d.role(ctx, c, name)
		return Answer[Principal]{Asked: role.Asked, Value: Principal{ARN: role.Value.ARN, Session: true}, Failure: role.Failure}
	case "federated-user":
		return simulated(Principal{Opaque: "a federated session has what its session policy and the policies of its user both allow, which IAM does not simulate"})
	}
	return simulated(Principal{Opaque: "IAM does not simulate the policies of " + clean(who)})
}

// question is one permission that is asked about, with what the real request
// would have in its context.
type question struct {
	action    string
	resources []string
	context   map[string]string
}

// may asks IAM's simulator whether the principal may do what is in question.
func (d *Doctor) may(ctx context.Context, p Answer[Principal], q question) Answer[Permission] {
	if p.Failure != nil {
		return Answer[Permission]{Asked: p.Asked, Failure: p.Failure}
	}
	of := q.action + " on " + strings.Join(q.resources, ", ")
	known := Permission{Action: q.action, Resources: q.resources, Session: p.Value.Session, Opaque: p.Value.Opaque}
	if p.Value.Root {
		known.Decisions = []Decision{{Resource: strings.Join(q.resources, ", "), Allowed: true}}
	}
	if p.Value.Root || p.Value.Opaque != "" {
		return Answer[Permission]{Asked: simulate + " " + of, Value: known}
	}
	return ask(ctx, simulate, of, func() (Permission, error) {
		results, err := d.simulate(ctx, p.Value.ARN, q)
		if err == nil && len(results) == 0 {
			err = errors.New("SimulatePrincipalPolicy answered without a result")
		}
		for _, r := range results {
			known.Decisions = append(known.Decisions, decisionsFrom(r)...)
		}
		known.Decisions = onEach(known.Decisions, q.resources)
		return known, err
	}).on(p.Value.ARN)
}

// onEach takes a decision on everything for one on each resource that was asked about,
// so that no policy is offered for more than these.
func onEach(decisions []Decision, resources []string) (all []Decision) {
	for _, d := range decisions {
		if d.Resource != "*" && d.Resource != "" {
			all = append(all, d)
			continue
		}
		for _, r := range resources {
			d.Resource = r
			all = append(all, d)
		}
	}
	return all
}

// simulate returns all results, of whatever pages.
func (d *Doctor) simulate(ctx context.Context, principal string, q question) (all []iamtypes.EvaluationResult, err error) {
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &principal, ActionNames: []string{q.action}, ResourceArns: q.resources,
		ContextEntries: contextEntries(q.context),
	}
	pages := iam.NewSimulatePrincipalPolicyPaginator(d.iam, in)
	for n := 0; pages.HasMorePages(); n++ {
		if n == maxPages {
			return nil, errEndless
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.EvaluationResults...)
	}
	return all, nil
}

func contextEntries(values map[string]string) (entries []iamtypes.ContextEntry) {
	for key, value := range values {
		kind := iamtypes.ContextKeyTypeEnumString
		if value == "true" || value == "false" {
			kind = iamtypes.ContextKeyTypeEnumBoolean
		}
		entries = append(entries, iamtypes.ContextEntry{
			ContextKeyName: aws.String(key), ContextKeyType: kind, ContextKeyValues: []string{value},
		})
	}
	slices.SortFunc(entries, func(a, b iamtypes.ContextEntry) int {
		return strings.Compare(*a.ContextKeyName, *b.ContextKeyName)
	})
	return entries
}

// decisionsFrom reads one result: where it has results of its own for each
// resource, those decide.
func decisionsFrom(r iamtypes.EvaluationResult) []Decision {
	whole := Decision{
		Resource: clean(aws.ToString(r.EvalResourceName)),
		Allowed:  r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed,
		Explicit: r.EvalDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny,
		Matched:  statementNames(r.MatchedStatements), Missing: r.MissingContextValues,
		Organizations: r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations,
		Boundary:      r.PermissionsBoundaryDecisionDetail != nil && !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary,
	}
	if len(r.ResourceSpecificResults) == 0 {
		return []Decision{whole}
	}
	var each []Decision
	for _, s := range r.ResourceSpecificResults {
		d := Decision{
			Resource: clean(aws.ToString(s.EvalResourceName)),
			Allowed:  s.EvalResourceDecision == iamtypes.PolicyEvaluationDecisionTypeAllowed,
			Explicit: s.EvalResourceDecision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny,
			Matched:  statementNames(s.MatchedStatements), Missing: s.MissingContextValues,
			Organizations: whole.Organizations, Boundary: whole.Boundary,
		}
		if b := s.PermissionsBoundaryDecisionDetail; b != nil {
			d.Boundary = !b.AllowedByPermissionsBoundary
		}
		each = append(each, d)
	}
	return each
}

// statementNames says where statements stand, since IAM returns no Sid.
func statementNames(statements []iamtypes.Statement) (names []string) {
	for _, s := range statements {
		name := clean(aws.ToString(s.SourcePolicyId))
		if s.StartPosition != nil {
			name += fmt.Sprintf(", line %d", s.StartPosition.Line)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
