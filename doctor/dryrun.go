package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// DryRun is what EC2 says of a launch that is not carried out.
type DryRun struct {
	Allowed bool
	// Unauthorized means that the caller lacks a permission.
	Unauthorized bool
	// Code and Message are EC2's, where it refuses.
	Code, Message string
	// Refusal is what the message says of the permission.
	Refusal Refusal
	// Decoded is what the encoded authorization message says, if there was one and
	// the message itself names no action.
	Decoded Answer[Refusal]
}

// denial is what is known of the permission: AWS's words, else the decoded message.
func (r DryRun) denial() Refusal {
	if r.Refusal.Action != "" {
		return r.Refusal
	}
	return r.Decoded.Value
}

// dryRun tries the launch with DryRun, with the profile unless that is empty.
// It cannot start an instance: DryRun is set here and nowhere else.
func (d *Doctor) dryRun(ctx context.Context, r LaunchRequest, profile string) Answer[DryRun] {
	in := &ec2.RunInstancesInput{
		DryRun: aws.Bool(true), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		ImageId: &r.ImageID, InstanceType: ec2types.InstanceType(r.InstanceType), SecurityGroupIds: r.SecurityGroupIDs,
	}
	if r.SubnetID != "" {
		in.SubnetId = &r.SubnetID
	}
	if r.KeyName != "" {
		in.KeyName = &r.KeyName
	}
	switch {
	case strings.HasPrefix(profile, "arn:"):
		in.IamInstanceProfile = &ec2types.IamInstanceProfileSpecification{Arn: &profile}
	case profile != "":
		in.IamInstanceProfile = &ec2types.IamInstanceProfileSpecification{Name: &profile}
	}
	return ask(ctx, runInstances, "DryRun", func() (DryRun, error) {
		_, err := d.ec2.RunInstances(ctx, in)
		return d.dryRunFrom(ctx, err)
	})
}

// dryRunFrom reads the outcome off the error, which every dry run ends in.
func (d *Doctor) dryRunFrom(ctx context.Context, err error) (DryRun, error) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		if err == nil {
			err = errors.New("EC2 answered a dry run without saying so")
		}
		return DryRun{}, err
	}
	if api.ErrorCode() == "DryRunOperation" {
		return DryRun{Allowed: true}, nil
	}
	f := classifyAPI(runInstances, api)
	run := DryRun{Code: f.Code, Message: f.Message, Refusal: f.Refusal}
	switch f.Kind {
	case FailureDenied:
		run.Unauthorized = true
		if encoded := encodedOf(api.ErrorMessage()); encoded != "" && run.Refusal.Action == "" {
			run.Decoded = d.decode(ctx, encoded)
		}
	case FailureOther, FailureNotFound:
	case FailureNoCredentials, FailureRefused, FailureExpired, FailureClock, FailureThrottled, FailureUnreachable:
		return DryRun{}, err
	}
	return run, nil
}

func (d *Doctor) decode(ctx context.Context, encoded string) Answer[Refusal] {
	return ask(ctx, "sts:DecodeAuthorizationMessage", "", func() (Refusal, error) {
		out, err := d.sts.DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &encoded})
		if err != nil {
			return Refusal{}, err
		}
		var message struct {
			ExplicitDeny bool `json:"explicitDeny"`
			Context      struct {
				Action   string `json:"action"`
				Resource string `json:"resource"`
			} `json:"context"`
		}
		if json.Unmarshal([]byte(aws.ToString(out.DecodedMessage)), &message) != nil {
			return Refusal{}, errors.New("the decoded message is not JSON")
		}
		if !actionName.MatchString(message.Context.Action) {
			return Refusal{}, errors.New("the decoded message names no action")
		}
		return Refusal{Action: message.Context.Action, Resource: clean(message.Context.Resource), Explicit: message.ExplicitDeny}, nil
	})
}

// dryRunStep judges the dry run with the profile. Which permission is lacking
// AWS's words or the decoded message say; without them, a dry run without the
// profile does: if that passes, it is the right to pass the role.
func (f LaunchFacts) dryRunStep() Step {
	a := f.With
	run := a.Value
	switch {
	case !f.DryRun:
		return unwanted(stepDryRun, "no --dry-run was given")
	case a.Asked == "":
		return skipped(stepDryRun, stepProfileName)
	case a.Failure != nil:
		return unanswered(stepDryRun, a.Asked, a.Failure)
	case run.Allowed:
		return passed(stepDryRun, a.Asked, "EC2 would launch the instance with the profile")
	}
	condition, answer := f.refusal(run)
	step := failed(stepDryRun, a.Asked, reasonDryRunRefused, answer, condition).with("code", run.Code)
	if d := run.denial(); d.Action != "" {
		step = step.with("denied_action", d.Action).with("denied_resource", d.Resource).with("denied_by", string(d.Kind))
	} else if run.Decoded.failed(FailureDenied) {
		step = step.with("not_decoded", "lacks "+run.Decoded.Failure.Permission)
	}
	return f.mendRefusal(step, condition, run)
}

// refusal names the cause of a refused dry run.
func (f LaunchFacts) refusal(run DryRun) (Condition, string) {
	if !run.Unauthorized {
		return ConditionLaunchRefused, "EC2 refuses the launch: " + run.Code + ": " + run.Message
	}
	if d := run.denial(); d.Action != "" {
		words := "you are not authorized to " + d.Action
		if d.Resource != "" {
			words += " on " + d.Resource
		}
		if d.Explicit || d.Kind != PolicyUnnamed {
			words += ": " + d.words()
		}
		switch d.Action {
		case passRole:
			return ConditionPassDenied, words
		case runInstances:
			return ConditionRunDenied, words
		}
		return ConditionLaunchRefused, words
	}
	if f.Without.Value.Allowed {
		return ConditionPassDenied, "you are not authorized (" + run.Code + "), but without the profile you are"
	}
	return ConditionRunDenied, "you are not authorized (" + run.Code + ")"
}

// mendRefusal adds the policy that would allow what was refused, unless another
// policy withholds it: then adding one is no use.
func (f LaunchFacts) mendRefusal(s Step, c Condition, run DryRun) Step {
	denial := run.denial()
	if denial.limited() {
		return s.mend(denial.lift()...)
	}
	role := cmp.Or(f.roleARN(), denial.Resource)
	switch {
	case c == ConditionPassDenied && role != "":
		return s.granting("", passStatement(f.Caller.Value.Partition)([]string{role}))
	case c == ConditionRunDenied:
		return s.granting("", allowStatement(f.lacking(denial.Resource), runInstances))
	case c == ConditionLaunchRefused && denial.Action != "":
		return s.granting("", allowStatement([]string{cmp.Or(denial.Resource, "*")}, denial.Action))
	}
	return s
}

// lacking are the resources of the launch that a policy has to name, the refused one
// among them: EC2 names one at a time, so all that the simulator does not allow.
func (f LaunchFacts) lacking(refused string) []string {
	all := f.resources()
	if refused != "" && !slices.Contains(all, refused) {
		all = append(all, refused)
	}
	return slices.DeleteFunc(all, func(resource string) bool {
		return resource != refused && slices.ContainsFunc(f.MayRun.Value.Decisions, func(d Decision) bool {
			return d.Allowed && d.Resource == resource
		})
	})
}

// withoutStep shows the same launch without the profile, which tells the rights
// to launch from those to pass the role.
func (f LaunchFacts) withoutStep() Step {
	a := f.Without
	switch {
	case !f.DryRun:
		return unwanted(stepWithout, "no --dry-run was given")
	case a.Asked == "":
		return unwanted(stepWithout, "only needed where the dry run with the profile is refused")
	case a.Failure != nil:
		return unanswered(stepWithout, a.Asked, a.Failure).harmless()
	case a.Value.Allowed:
		return passed(stepWithout, a.Asked, "without the profile EC2 would launch the instance")
	}
	return failed(stepWithout, a.Asked, reasonDryRunRefused,
		"without the profile it is refused as well: "+a.Value.Code, ConditionRunDenied).harmless()
}
