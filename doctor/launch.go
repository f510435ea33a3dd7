package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// LaunchRequest is what the topic "launch" is asked. What is left empty is EC2's to
// choose, and stands for any.
type LaunchRequest struct {
	// Profile is the name or ARN of an instance profile.
	Profile string
	// DryRun says that RunInstances is tried with DryRun, with the profile and,
	// if that is refused, without it.
	DryRun           bool
	InstanceType     string
	ImageID          string
	SubnetID         string
	SecurityGroupIDs []string
	// KeyName is the key pair to log in with; none is asked about if it is empty.
	KeyName string
	// Principal is the ARN of who launches; the caller if empty. A dry run asks
	// as the caller, so the two exclude each other.
	Principal string
}

// LaunchFacts is all that the API answered about a launch.
type LaunchFacts struct {
	LaunchRequest
	Now     time.Time
	Region  string
	Caller  Answer[Caller]
	Profile Answer[Profile]
	MayRun  Answer[Permission]
	MayPass Answer[Permission]
	// With and Without are the dry runs with and without the profile.
	With, Without Answer[DryRun]
}

// The steps of the topic "launch"; the others are those of "add-role".
const (
	stepProfileName = "profile_name"
	stepMayRun      = "may_run"
	stepDryRun      = "dry_run"
	stepWithout     = "dry_run_without_profile"
)

// Launch asks why launching an instance with a profile is refused.
func (d *Doctor) Launch(ctx context.Context, r LaunchRequest) Report {
	f := LaunchFacts{LaunchRequest: r, Now: d.now(), Region: d.region, Caller: d.caller(ctx)}
	if f.profileNameStep().Status != probes.StatusPass {
		return DiagnoseLaunch(f)
	}
	c := f.Caller.Value
	f.Profile = d.profile(ctx, c, f.name())
	principal := d.principal(ctx, c, r.Principal)
	f.MayRun = d.may(ctx, principal, question{runInstances, f.resources(), f.context()})
	if f.roleARN() != "" {
		passing := f.context()
		passing[passedTo] = toEC2(c.Partition)
		passing["iam:AssociatedResourceArn"] = f.ec2ARN("instance", "*")
		f.MayPass = d.may(ctx, principal, question{passRole, []string{f.roleARN()}, passing})
	}
	if r.DryRun {
		f.With = d.dryRun(ctx, r, r.Profile)
		if f.With.OK() && !f.With.Value.Allowed {
			f.Without = d.dryRun(ctx, r, "")
		}
	}
	return DiagnoseLaunch(f)
}

// name is the name of the profile, which may have been given by its ARN.
func (f LaunchFacts) name() string {
	if strings.HasPrefix(f.LaunchRequest.Profile, "arn:") {
		return nameOf(f.LaunchRequest.Profile)
	}
	return f.LaunchRequest.Profile
}

func (f LaunchFacts) roleARN() string {
	if len(f.Profile.Value.Roles) == 0 {
		return ""
	}
	return f.Profile.Value.Roles[0].ARN
}

// DiagnoseLaunch judges the answers about a launch.
func DiagnoseLaunch(f LaunchFacts) Report {
	caller := f.Caller.Value.ARN
	steps := []Step{
		callerStep(f.Caller), f.profileNameStep(), f.profileStep(), f.hasRoleStep(),
		permissionStep(stepMayRun, stepProfileName, f.MayRun, ConditionRunDenied, asker(f.Principal), allowing(runInstances)),
		f.mayPassStep(), f.dryRunStep(), f.withoutStep(),
	}
	if f.With.OK() {
		// EC2 itself answered: what the simulator says or cannot say is moot.
		for i := range steps {
			if steps[i].Name == stepMayRun || steps[i].Name == stepMayPass {
				steps[i] = steps[i].harmless()
			}
		}
	}
	r := Report{Topic: "launch", Target: clean(f.LaunchRequest.Profile), Caller: caller, CheckedAt: f.Now, Steps: steps}
	healthy := finding{condition: ConditionLaunchAllowed}
	if f.MayRun.Value.Session && !f.With.OK() {
		healthy.summary = "The role's policies allow the launch; " + sessionNote + ": --dry-run asks EC2 itself."
	}
	return conclude(r, names{theProfile: f.name(), theImage: f.ImageID}, healthy)
}

// sessionNote says what a simulation for a role session leaves out.
const sessionNote = "the session's own policy, if it has one, cannot be simulated"

func (f LaunchFacts) profileNameStep() Step {
	given, shown := f.LaunchRequest.Profile, clean(f.LaunchRequest.Profile)
	invalid := func(words string) Step {
		return failed(stepProfileName, "", reasonInvalidName, words, ConditionProfileInvalid)
	}
	switch {
	case !f.Caller.OK():
		return skipped(stepProfileName, stepCaller)
	case looksLikeARN(given) && !strings.HasPrefix(given, "arn:"):
		return invalid(shown + " is no ARN: arn: is written in lower case")
	case !strings.HasPrefix(given, "arn:") && !IsProfileName(given):
		return invalid(fmt.Sprintf("%q cannot be the name of an instance profile", shown))
	case !strings.HasPrefix(given, "arn:"):
		return passed(stepProfileName, "", shown+" is a valid name")
	case strings.Contains(given, ":role/"):
		return invalid(shown + " is the ARN of a role, and a launch takes that of an instance profile")
	case nameOf(given) == "":
		return invalid(shown + " is not the ARN of an instance profile")
	case partitionOf(given) != f.Caller.Value.Partition:
		return failed(stepProfileName, "", reasonOtherPartition,
			fmt.Sprintf("%s is in partition %s, and you are in partition %s", shown, partitionOf(given), f.Caller.Value.Partition),
			ConditionOtherPartition)
	case accountOf(given) != f.Caller.Value.Account:
		return invalid(fmt.Sprintf("%s is in another account than yours, %s", shown, f.Caller.Value.Account))
	}
	return passed(stepProfileName, "", "a valid ARN of an instance profile")
}

func (f LaunchFacts) profileStep() Step {
	a := f.Profile
	if s, ok := got(stepProfile, stepProfileName, a, noProfile(f.name(), f.Caller.Value)); !ok {
		return s
	}
	if strings.HasPrefix(f.LaunchRequest.Profile, "arn:") && a.Value.ARN != f.LaunchRequest.Profile {
		return failed(stepProfile, a.Asked, reasonInvalidName,
			"the profile of that name has another ARN: "+clean(a.Value.ARN), ConditionProfileInvalid)
	}
	return passed(stepProfile, a.Asked, "profile "+f.name()+" exists").with("instance_profile_arn", a.Value.ARN)
}

func (f LaunchFacts) hasRoleStep() Step {
	switch {
	case !f.Profile.OK():
		return skipped(stepHasRole, stepProfile)
	case len(f.Profile.Value.Roles) == 0:
		return failed(stepHasRole, "", seen(probes.ReasonProfileWithoutRole),
			"profile "+f.name()+" does not contain a role, and launching with it is refused", daemon(probes.ConditionNoRole))
	}
	return passed(stepHasRole, "", "it holds role "+clean(f.Profile.Value.Roles[0].Name)).with("role_arn", f.roleARN())
}

func (f LaunchFacts) mayPassStep() Step {
	return permissionStep(stepMayPass, stepHasRole, f.MayPass, ConditionPassDenied, asker(f.Principal), passStatement(f.Caller.Value.Partition))
}
