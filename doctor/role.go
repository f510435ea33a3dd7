package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/imds-probe/imds-probe/probes"
)

// RoleFacts is all that the API answered about a role in the console's list.
type RoleFacts struct {
	Now time.Time
	Ref
	// Principal is who does not see the role in the console; the caller if empty.
	Principal string
	Caller    Answer[Caller]
	Role      Answer[Role]
	// All is the list that the console shows.
	All Answer[[]Profile]
	// Same is the profile of the role's name, asked for only without the list.
	Same Answer[Profile]
	// Holders are the profiles that hold the role, asked for only without the list.
	Holders Answer[[]Profile]
	// MayList is what the simulator says of the principal, asked for only if there is one.
	MayList Answer[Permission]
}

// The steps of the topic "role"; the others are those of "instance".
const (
	stepRole     = "role"
	stepMayList  = "may_list"
	stepSameName = "same_name"
	stepHolders  = "held_by"
)

// Role asks why a role is not in the list that the console shows.
//
// principal is the ARN of whoever looks at the console, or empty for the caller.
func (d *Doctor) Role(ctx context.Context, role Ref, principal string) Report {
	f := RoleFacts{Now: d.now(), Ref: role, Principal: principal, Caller: d.caller(ctx)}
	c := f.Caller.Value
	if _, elsewhere := c.elsewhere(stepRole, role); elsewhere || !f.Caller.OK() {
		return DiagnoseRole(f)
	}
	f.Role = d.role(ctx, c, role.Name)
	f.All = d.allProfiles(ctx)
	if f.All.Failure != nil {
		f.Same = d.profile(ctx, c, role.Name)
		f.Holders = d.holders(ctx, c, role.Name)
	}
	if principal != "" {
		f.MayList = d.may(ctx, d.principal(ctx, c, principal), question{action: listProfiles, resources: []string{"*"}, context: iamContext(c.Partition)})
	}
	return DiagnoseRole(f)
}

// maxPages bounds a listing: an account has 5000 instance profiles at most, and
// a page holds 100 unless IAM makes it shorter.
const maxPages = 500

var errEndless = errors.New("the listing does not end")

func (d *Doctor) allProfiles(ctx context.Context) Answer[[]Profile] {
	return ask(ctx, listProfiles, "", func() ([]Profile, error) {
		var all []Profile
		pages := iam.NewListInstanceProfilesPaginator(d.iam, &iam.ListInstanceProfilesInput{MaxItems: aws.Int32(pageSize)})
		for n := 0; pages.HasMorePages(); n++ {
			if n == maxPages {
				return nil, errEndless
			}
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.InstanceProfiles {
				all = append(all, profileFrom(p))
			}
		}
		return all, nil
	})
}

func (d *Doctor) holders(ctx context.Context, c Caller, role string) Answer[[]Profile] {
	return ask(ctx, "iam:ListInstanceProfilesForRole", role, func() ([]Profile, error) {
		out, err := d.iam.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: &role})
		if err != nil {
			return nil, err
		}
		var all []Profile
		for _, p := range out.InstanceProfiles {
			all = append(all, profileFrom(p))
		}
		return all, nil
	}).on(c.anywhere("role", role)...)
}

// DiagnoseRole judges the answers about a role.
func DiagnoseRole(f RoleFacts) Report {
	steps := []Step{
		callerStep(f.Caller), f.mayListStep(), f.roleStep(), f.sameNameStep(), f.holdersStep(), f.trustStep(),
	}
	r := Report{Topic: "role", Target: f.String(), Caller: f.Caller.Value.ARN, CheckedAt: f.Now, Steps: steps}
	return conclude(r, names{theProfile: f.listed(), theRole: f.Name}, finding{
		condition: ConditionRoleListed,
		summary:   fmt.Sprintf("The console lists profile %s, and it holds role %s: choose it.", f.Name, f.Name),
	})
}

// listed is the name to choose in the console, or to create.
func (f RoleFacts) listed() string {
	if holders, _ := f.holding(); len(holders) > 0 && !slices.Contains(holders, f.Name) {
		return holders[0]
	}
	if same, _ := f.same(); same != nil && len(same.Roles) > 0 && !same.holds(f.Name) {
		return f.Name + "-profile"
	}
	return f.Name
}

// same returns the profile of the role's name, nil if there is none. ok is
// false if that is not known.
func (f RoleFacts) same() (profile *Profile, ok bool) {
	if f.All.OK() {
		i := slices.IndexFunc(f.All.Value, func(p Profile) bool { return p.Name == f.Name })
		if i < 0 {
			return nil, true
		}
		return &f.All.Value[i], true
	}
	if f.Same.failed(FailureNotFound) {
		return nil, true
	}
	return &f.Same.Value, f.Same.OK()
}

// holding returns the names of the profiles that hold the role, sorted. ok is
// false if they are not known, and then there is none.
func (f RoleFacts) holding() (profiles []string, ok bool) {
	all := f.All
	if !all.OK() {
		all = f.Holders
	}
	for _, p := range all.Value {
		if p.holds(f.Name) {
			profiles = append(profiles, p.Name)
		}
	}
	slices.Sort(profiles)
	return profiles, all.OK()
}

func (f RoleFacts) mayListStep() Step {
	a := f.All
	switch {
	case a.Asked == "":
		return skipped(stepMayList, f.before())
	case f.Principal != "":
		return permissionStep(stepMayList, stepCaller, f.MayList, ConditionListDenied,
			asker(f.Principal), allowing(listProfiles))
	case a.failed(FailureDenied):
		return f.listDeniedStep(*a.Failure)
	case a.Failure != nil:
		return unanswered(stepMayList, a.Asked, a.Failure)
	}
	return passed(stepMayList, a.Asked, fmt.Sprintf("you may list the %d instance profiles of the account", len(a.Value)))
}

// listDeniedStep is the page's own first point: without the permission the console
// shows an empty list.
func (f RoleFacts) listDeniedStep(why Failure) Step {
	step := failed(stepMayList, f.All.Asked, reasonLacking, "you may not list instance profiles", ConditionListDenied).
		saying("The console's list stays empty, since the caller may not " + listProfiles + "." + f.anyway())
	step.Lacks = why.Permission
	if why.Refusal.limited() {
		step.Answer += ": " + why.Refusal.words()
		return step.mend(why.Refusal.lift()...)
	}
	return step.granting("", allowStatement([]string{"*"}, listProfiles))
}

// before is the step without which the rest is not asked.
func (f RoleFacts) before() string {
	if _, elsewhere := f.Caller.Value.elsewhere(stepRole, f.Ref); elsewhere {
		return stepRole
	}
	return stepCaller
}

// anyway says which name to give, where it is known without the list.
func (f RoleFacts) anyway() string {
	if holders, _ := f.holding(); len(holders) > 0 {
		return " The role is in profile " + clean(holders[0]) + ", which the CLI and the API take by name."
	}
	return ""
}

func (f RoleFacts) roleStep() Step {
	step := roleStep(stepCaller, f.Ref, f.Role, f.Caller.Value)
	if f.Role.failed(FailureDenied) {
		return step.harmless() // the list alone tells whether a profile holds the role
	}
	return step
}

func (f RoleFacts) sameNameStep() Step {
	same, ok := f.same()
	asked := cmp.Or(f.Same.Asked, f.All.Asked)
	switch {
	case asked == "":
		return skipped(stepSameName, f.before())
	case !ok:
		return unanswered(stepSameName, asked, f.Same.Failure).harmless()
	case same == nil:
		return passed(stepSameName, asked, "no profile has the name "+f.Name)
	case len(same.Roles) == 0:
		step := failed(stepSameName, asked, seen(probes.ReasonProfileWithoutRole),
			"profile "+f.Name+" does not contain a role", daemon(probes.ConditionNoRole))
		return f.unlessHeld(step)
	case !same.holds(f.Name):
		step := failed(stepSameName, asked, reasonOtherRole,
			fmt.Sprintf("profile %s holds role %s, not role %s", f.Name, clean(same.Roles[0].Name), f.Name), ConditionOtherRole)
		return f.unlessHeld(step)
	}
	return passed(stepSameName, asked, "profile "+f.Name+" holds role "+f.Name)
}

// unlessHeld takes a profile of the role's name that lacks the role for what it
// is: a trap, but not the cause, where another profile holds the role.
func (f RoleFacts) unlessHeld(s Step) Step {
	if holders, _ := f.holding(); len(holders) > 0 {
		return s.harmless()
	}
	return s
}

func (f RoleFacts) holdersStep() Step {
	holders, ok := f.holding()
	asked := cmp.Or(f.Holders.Asked, f.All.Asked)
	switch {
	case asked == "":
		return skipped(stepHolders, f.before())
	case f.Role.failed(FailureNotFound):
		return skipped(stepHolders, stepRole)
	case !ok:
		return unanswered(stepHolders, asked, f.Holders.Failure)
	case len(holders) == 0:
		return failed(stepHolders, asked, reasonHeldByNone,
			"role "+f.Name+" is in no instance profile", ConditionRoleInNoProfile)
	case !slices.Contains(holders, f.Name):
		return failed(stepHolders, asked, reasonOtherName,
			"the console lists role "+f.Name+" as "+clean(strings.Join(holders, ", "))+", since it lists instance profiles",
			ConditionOtherName).with("profiles", strings.Join(holders, ", "))
	}
	return passed(stepHolders, asked, "the role is in profile "+clean(strings.Join(holders, ", ")))
}

// trustStep judges whether the choice would work: a role for another service
// can be in a profile, and EC2 still may not assume it.
func (f RoleFacts) trustStep() Step {
	if !f.Role.OK() {
		return skipped(stepTrust, stepRole)
	}
	return trustStep(f.Role.Asked, f.Role.Value, f.Caller.Value.Partition)
}
