package doctor

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// Self is what the instance that the doctor runs on tells of itself.
type Self struct {
	InstanceID, Region string
	Sighting           Answer[Sighting]
}

// AskSelf reads this instance's id and region from IMDS, and the profile and
// the name of the role that IMDS shows. It never asks for the role's credentials,
// and never falls back to IMDSv1.
func AskSelf(ctx context.Context, cfg aws.Config) Answer[Self] {
	client := imdsClient(cfg)
	a := Answer[Self]{Asked: "GET instance-id, placement/region"}
	id, err := metadata(ctx, client, "instance-id")
	if err == nil {
		a.Value.Region, err = metadata(ctx, client, "placement/region")
	}
	a.Value.InstanceID = id
	switch {
	case err != nil:
		a.Failure = &Failure{Kind: FailureUnreachable, Message: innermost(err)}
	case !IsInstanceID(id) || !IsRegion(a.Value.Region):
		a.Failure = &Failure{Message: "what answers at its address is not IMDS"}
	default:
		a.Value.Sighting = sight(ctx, client)
	}
	return a
}

// stepSelf is the only step where IMDS does not answer.
const stepSelf = "self"

// DiagnoseSelf is the report where this machine's own IMDS gave no usable answer,
// so that there is no instance to ask about.
func DiagnoseSelf(a Answer[Self], now time.Time) Report {
	step := undecided(stepSelf, a.Asked, reasonUnreachable, a.Failure.String(), ConditionSelfUnreachable).
		saying("IMDS on this machine gives no usable answer (" + a.Failure.String() + "); 'imds-probe check' here says why.")
	return conclude(Report{Topic: "instance", Target: "--self", CheckedAt: now, Steps: []Step{step}}, names{}, finding{})
}

// sight asks what IMDS shows of profile and role. An instance without a profile
// has nothing to show, which is no failure.
func sight(ctx context.Context, client *imds.Client) Answer[Sighting] {
	a := Answer[Sighting]{Asked: "GET iam/info, iam/security-credentials/"}
	info, err := client.GetIAMInfo(ctx, nil)
	if err != nil {
		return a
	}
	s := Sighting{By: "IMDS", ProfileARN: info.InstanceProfileArn, ProfileID: info.InstanceProfileID}
	if s.Role, err = metadata(ctx, client, "iam/security-credentials/"); err != nil {
		s.Role = ""
	}
	if nameOf(s.ProfileARN) == "" || (s.Role != "" && !IsRoleName(s.Role)) || (s.ProfileID != "" && !uniqueID.MatchString(s.ProfileID)) {
		a.Failure = &Failure{Message: "it shows a profile or role that cannot be one"}
		return a
	}
	a.Value = s
	return a
}

const maxMetadata = 4 << 10

func metadata(ctx context.Context, client *imds.Client, path string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, imdsTimeout, errIMDS)
	defer cancel()
	out, err := client.GetMetadata(ctx, &imds.GetMetadataInput{Path: path})
	if err != nil {
		return "", causeOf(ctx, err)
	}
	defer func() { _ = out.Content.Close() }()
	text, err := io.ReadAll(io.LimitReader(out.Content, maxMetadata))
	return strings.TrimSpace(string(text)), err
}
