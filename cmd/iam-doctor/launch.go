package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

func launchCommand(c *common) *cobra.Command {
	request := doctor.LaunchRequest{InstanceType: "t3.micro"}
	cmd := &cobra.Command{
		Use:   "launch",
		Short: "Why launching an instance with a profile is refused",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if request.DryRun && request.ImageID == "" {
				return errors.New("--dry-run: needs --image-id, since EC2 checks the image too")
			}
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.Launch(ctx, request) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&request.Profile, "profile", "", "`NAME` or ARN of the instance profile; required")
	cli.Bool(flags, &request.DryRun, "dry-run", "Try RunInstances with DryRun; needs --image-id")
	checked(flags, &request.ImageID, "image-id", "Image for the dry run, by its `ID`, ami-…",
		must(doctor.IsImageID, "the id of an image, such as ami-0123456789abcdef0"))
	checked(flags, &request.InstanceType, "instance-type", "`TYPE` of the instance for the dry run",
		must(doctor.IsInstanceType, "an instance type, such as t3.micro"))
	checked(flags, &request.SubnetID, "subnet-id", "Subnet for the dry run, by its `ID`; the default one otherwise",
		must(doctor.IsSubnetID, "the id of a subnet"))
	cli.Require(cmd, "profile")
	return cmd
}
