package doctor

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// AddRoleRequest is what the topic "add-role" is asked.
type AddRoleRequest struct {
	Profile, Role Ref
	// Principal is the ARN of who adds the role; the caller if empty.
	Principal string
}

// AddRoleFacts is all that the API answered about adding a role to a profile.
type AddRoleFacts struct {
	Request       AddRoleRequest
	Now           time.Time
	Caller        Answer[Caller]
	Profile       Answer[Profile]
	Role          Answer[Role]
	MayAdd        Answer[Permission]
	MayPass       Answer[Permission]
	ProfileQuotas Answer[Quota]
}

// Quota is how much of a limit of the account is used.
type Quota struct{ Used, Limit int32 }

// The steps of the topic "add-role"; the others are those of "instance".
const (
	stepMayAdd  = "may_add"
	stepMayPass = "may_pass"
	stepVacancy = "vacancy"
	stepQuota   = "quota"
)

// AddRole asks why AddRoleToInstanceProfile is refused.
func (d *Doctor) AddRole(ctx context.Context, r AddRoleRequest) Report {
	f := AddRoleFacts{Request: r, Now: d.now(), Caller: d.caller(ctx)}
	c := f.Caller.Value
	_, profileElsewhere := c.elsewhere(stepProfile, r.Profile)
	_, roleElsewhere := c.elsewhere(stepRole, r.Role)
	if !f.Caller.OK() || profileElsewhere || roleElsewhere {
		return DiagnoseAddRole(f)
	}
	f.Profile = d.profile(ctx, c, r.Profile.Name)
	f.Role = d.role(ctx, c, r.Role.Name)
	principal := d.principal(ctx, c, r.Principal)
	f.MayAdd = d.may(ctx, principal, question{addRole, []string{f.profileARN()}, iamContext(c.Partition)})
	passing := iamContext(c.Partition)
	passing[passedTo] = toEC2(c.Partition)
	f.MayPass = d.may(ctx, principal, question{passRole, []string{f.roleARN()}, passing})
	f.ProfileQuotas = d.profileQuota(ctx)
	return DiagnoseAddRole(f)
}

func (d *Doctor) profileQuota(ctx context.Context) Answer[Quota] {
	return ask(ctx, "iam:GetAccountSummary", "", func() (Quota, error) {
		out, err := d.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		if err != nil {
			return Quota{}, err
		}
		return Quota{out.SummaryMap["InstanceProfiles"], out.SummaryMap["InstanceProfilesQuota"]}, nil
	})
}

// profileARN is the profile's ARN; a guess without a path where it is not known.
func (f AddRoleFacts) profileARN() string {
	return cmp.Or(f.Profile.Value.ARN, f.Request.Profile.ARN, f.Caller.Value.iamARN("instance-profile", f.Request.Profile.Name))
}

// roleARN is the role's ARN; a guess without a path where it is not known.
func (f AddRoleFacts) roleARN() string {
	return cmp.Or(f.Role.Value.ARN, f.Request.Role.ARN, f.Caller.Value.iamARN("role", f.Request.Role.Name))
}

// DiagnoseAddRole judges the answers about adding a role to a profile.
func DiagnoseAddRole(f AddRoleFacts) Report {
	r := f.Request
	steps := []Step{callerStep(f.Caller), f.profileStep(), roleStep(f.permissionNeeds(), r.Role, f.Role, f.Caller.Value)}
	steps = append(steps, f.permissionSteps()...)
	steps = append(steps, f.vacancyStep(), f.quotaStep())
	if steps[len(steps)-1].finding != nil {
		// To create the profile that is missing is no remedy where none can be.
		steps[1] = steps[1].harmless()
	}
	report := Report{
		Topic: "add-role", Target: r.Role.String() + " to " + r.Profile.String(),
		Caller: f.Caller.Value.ARN, CheckedAt: f.Now, Steps: steps,
	}
	healthy := finding{condition: ConditionAddAllowed}
	if f.done() {
		healthy.condition = ConditionAddDone
	} else if f.MayAdd.Value.Session {
		healthy.summary = "The role's policies allow both; " + sessionNote + "."
	}
	n := names{theProfile: r.Profile.Name, theRole: r.Role.Name}
	if len(f.Profile.Value.Roles) > 0 {
		n[theOtherRole] = f.Profile.Value.Roles[0].Name
	}
	return conclude(report, n, healthy)
}

// done tells whether the profile holds the role already, so that no permission is
// needed.
func (f AddRoleFacts) done() bool {
	return f.Profile.Value.holds(f.Request.Role.Name)
}

// permissionSteps judge the two permissions that AddRoleToInstanceProfile needs.
func (f AddRoleFacts) permissionSteps() []Step {
	needs, who := f.permissionNeeds(), asker(f.Request.Principal)
	steps := []Step{
		permissionStep(stepMayAdd, needs, f.MayAdd, ConditionAddDenied, who, allowing(addRole)),
		permissionStep(stepMayPass, needs, f.MayPass, ConditionPassDenied, who, passStatement(f.Caller.Value.Partition)),
	}
	for i := range steps {
		if f.done() {
			steps[i] = steps[i].harmless()
		}
	}
	return steps
}

// permissionNeeds is the step without which nothing is asked.
func (f AddRoleFacts) permissionNeeds() string {
	c := f.Caller.Value
	if _, elsewhere := c.elsewhere(stepProfile, f.Request.Profile); elsewhere {
		return stepProfile
	}
	if _, elsewhere := c.elsewhere(stepRole, f.Request.Role); elsewhere {
		return stepRole
	}
	return stepCaller
}

func (f AddRoleFacts) profileStep() Step {
	a, r := f.Profile, f.Request.Profile
	if s, elsewhere := f.Caller.Value.elsewhere(stepProfile, r); elsewhere {
		return s
	}
	if s, ok := got(stepProfile, f.permissionNeeds(), a, noProfile(r.Name, f.Caller.Value)); !ok {
		return s
	}
	if r.ARN != "" && r.ARN != a.Value.ARN {
		return failed(stepProfile, a.Asked, reasonInvalidName,
			"the profile of that name has another ARN: "+clean(a.Value.ARN), ConditionProfileInvalid)
	}
	return passed(stepProfile, a.Asked, "profile "+r.Name+" exists").with("instance_profile_arn", a.Value.ARN)
}

func (f AddRoleFacts) vacancyStep() Step {
	p := f.Profile.Value
	switch {
	case !f.Profile.OK():
		return skipped(stepVacancy, stepProfile)
	case len(p.Roles) == 0:
		return passed(stepVacancy, "", "the profile holds no role yet, and can hold one")
	case p.holds(f.Request.Role.Name):
		step := passed(stepVacancy, "", "the profile holds this role already")
		step.Reason = reasonAlreadyThere
		return step
	}
	other := clean(p.Roles[0].Name)
	return failed(stepVacancy, "", reasonOtherRole,
		"the profile holds role "+other+", and a profile holds one role at most", ConditionProfileFull).with("role", other)
}

// quotaStep matters only where a profile is still to be made.
func (f AddRoleFacts) quotaStep() Step {
	a := f.ProfileQuotas
	q := a.Value
	switch {
	case a.Asked == "":
		return skipped(stepQuota, f.permissionNeeds())
	case a.Failure != nil:
		return unanswered(stepQuota, a.Asked, a.Failure).harmless()
	case q.Limit > 0 && q.Used >= q.Limit:
		step := failed(stepQuota, a.Asked, reasonQuota,
			fmt.Sprintf("all %d instance profiles that the account may have are in use", q.Limit), ConditionProfileQuota).
			saying(fmt.Sprintf("There is no profile %s, and no further one can be created: all %d are in use.", f.Request.Profile.Name, q.Limit))
		if f.Profile.failed(FailureNotFound) {
			return step
		}
		return step.harmless()
	}
	return passed(stepQuota, a.Asked, fmt.Sprintf("%d of %d instance profiles of the account are in use", q.Used, q.Limit))
}
