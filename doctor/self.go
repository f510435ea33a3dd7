package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// Self is what the instance that the doctor runs on tells of itself.
type Self struct {
	InstanceID, Region string
	Sighting           Answer[Sighting]
}

// AskSelf reads this instance's id and region from IMDS, and the profile and
// the name of the role that IMDS shows. It never asks for the role's keys, and
// never falls back to IMDSv1.
func AskSelf(ctx context.Context, cfg aws.Config) (Self, error) {
	client := imds.NewFromConfig(cfg, func(o *imds.Options) { o.EnableFallback = aws.FalseTernary })
	id, err := metadata(ctx, client, "instance-id")
	if err != nil {
		return Self{}, fmt.Errorf("--self: IMDS does not answer: %s", innermost(err))
	}
	region, err := metadata(ctx, client, "placement/region")
	if err != nil {
		return Self{}, fmt.Errorf("--self: IMDS does not tell the region: %s", innermost(err))
	}
	if !IsInstanceID(id) || !IsRegion(region) {
		return Self{}, errors.New("--self: what answers at IMDS's address is not IMDS")
	}
	return Self{InstanceID: id, Region: region, Sighting: sight(ctx, client)}, nil
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
	out, err := client.GetMetadata(ctx, &imds.GetMetadataInput{Path: path})
	if err != nil {
		return "", err
	}
	defer func() { _ = out.Content.Close() }()
	text, err := io.ReadAll(io.LimitReader(out.Content, maxMetadata))
	return strings.TrimSpace(string(text)), err
}
