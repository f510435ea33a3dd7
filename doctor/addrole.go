package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// AddRoleFacts is all that the API answered about adding a role to a profile.
type AddRoleFacts struct {
	Now           time.Time
	ProfileName   string
	RoleName      string
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
func (d *Doctor) AddRole(ctx context.Context, profile, role string) Report {
	f := AddRoleFacts{Now: d.now(), ProfileName: profile, RoleName: role, Caller: d.caller(ctx)}
	if !f.Caller.OK() {
		return DiagnoseAddRole(f)
	}
	f.Profile = d.profile(ctx, profile)
	f.Role = d.role(ctx, role)
	principal := d.principal(ctx, f.Caller.Value)
	f.MayAdd = d.may(ctx, principal, addRole, f.profileARN(), nil)
	f.MayPass = d.may(ctx, principal, passRole, f.roleARN(), toEC2(f.Caller.Value.Partition))
	f.ProfileQuotas = d.profileQuota(ctx)
	return DiagnoseAddRole(f)
}

func (d *Doctor) profileQuota(ctx context.Context) Answer[Quota] {
	return ask("iam:GetAccountSummary", "", func() (Quota, error) {
		out, err := d.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		if err != nil {
			return Quota{}, err
		}
		return Quota{out.SummaryMap["InstanceProfiles"], out.SummaryMap["InstanceProfilesQuota"]}, nil
	})
}

// profileARN is the profile's ARN; a guess without a path where it is not known.
func (f AddRoleFacts) profileARN() string {
	if f.Profile.OK() {
		return f.Profile.Value.ARN
	}
	return f.Caller.Value.iamARN("instance-profile", f.ProfileName)
}

// roleARN is the role's ARN; a guess without a path where it is not known.
func (f AddRoleFacts) roleARN() string {
	if f.Role.OK() {
		return f.Role.Value.ARN
	}
	return f.Caller.Value.iamARN("role", f.RoleName)
}

// DiagnoseAddRole judges the answers about adding a role to a profile.
func DiagnoseAddRole(f AddRoleFacts) Report {
	caller := f.Caller.Value.ARN
	steps := []Step{
		callerStep(f.Caller), f.profileStep(), roleStep(f.RoleName, f.Role, f.Caller.Value),
		permissionStep(stepMayAdd, f.MayAdd, ConditionAddDenied, caller, allowPolicy(f.profileARN(), addRole)),
		permissionStep(stepMayPass, f.MayPass, ConditionPassDenied, caller, passPolicy(f.roleARN(), f.Caller.Value.Partition)),
		f.vacancyStep(), f.quotaStep(),
	}
	if steps[len(steps)-1].finding != nil {
		// To create the profile that is missing is no remedy where none can be.
		steps[1] = steps[1].harmless()
	}
	r := Report{
		Topic: "add-role", Target: f.RoleName + " to " + f.ProfileName,
		Caller: caller, CheckedAt: f.Now, Steps: steps,
	}
	healthy := finding{condition: ConditionAddAllowed}
	if f.Profile.Value.holds(f.RoleName) {
		healthy.condition = ConditionAddDone
	}
	n := names{theProfile: f.ProfileName, theRole: f.RoleName}
	if len(f.Profile.Value.Roles) > 0 {
		n[theOtherRole] = f.Profile.Value.Roles[0].Name
	}
	return conclude(r, n, healthy)
}

func (f AddRoleFacts) profileStep() Step {
	a := f.Profile
	if s, ok := got(stepProfile, stepCaller, a, noProfile(f.ProfileName, f.Caller.Value)); !ok {
		return s
	}
	return passed(stepProfile, a.Asked, "profile "+f.ProfileName+" exists").with("instance_profile_arn", a.Value.ARN)
}

func (f AddRoleFacts) vacancyStep() Step {
	p := f.Profile.Value
	switch {
	case !f.Profile.OK():
		return skipped(stepVacancy, stepProfile)
	case len(p.Roles) == 0:
		return passed(stepVacancy, "", "the profile holds no role yet, and can hold one")
	case p.holds(f.RoleName):
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
		return skipped(stepQuota, stepCaller)
	case a.Failure != nil:
		return unanswered(stepQuota, a.Asked, a.Failure).harmless()
	case q.Limit > 0 && q.Used >= q.Limit:
		step := failed(stepQuota, a.Asked, reasonQuota,
			fmt.Sprintf("all %d instance profiles that the account may have are in use", q.Limit), ConditionProfileQuota).
			saying(fmt.Sprintf("There is no profile %s, and no further one can be created: all %d are in use.", f.ProfileName, q.Limit))
		if f.Profile.failed(FailureNotFound) {
			return step
		}
		return step.harmless()
	}
	return passed(stepQuota, a.Asked, fmt.Sprintf("%d of %d instance profiles of the account are in use", q.Used, q.Limit))
}
