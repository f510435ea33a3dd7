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
			switch {
			case request.DryRun && request.ImageID == "":
				return errors.New("--dry-run: needs --image-id, since EC2 checks the image too")
			case request.DryRun && request.Principal != "":
				return errors.New("--dry-run: EC2 answers for your own credentials only; leave --principal away")
			}
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.Launch(ctx, request) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&request.Profile, "instance-profile", "", "`NAME` or ARN of the instance profile; required")
	cli.Bool(flags, &request.DryRun, "dry-run", "Try RunInstances with DryRun; needs --image-id")
	checked(flags, &request.ImageID, "image-id", "`ID` of the image, ami-…; any otherwise",
		must(doctor.IsImageID, "the id of an image, such as ami-0123456789abcdef0"))
	checked(flags, &request.InstanceType, "instance-type", "`TYPE` of the instance",
		must(doctor.IsInstanceType, "an instance type, such as t3.micro"))
	checked(flags, &request.SubnetID, "subnet-id", "`ID` of the subnet; any, or the default one, otherwise",
		must(doctor.IsSubnetID, "the id of a subnet"))
	flags.Var(eachOf(func(s string) error {
		request.SecurityGroupIDs = append(request.SecurityGroupIDs, s)
		return must(doctor.IsSecurityGroupID, "the id of a security group, such as sg-0123456789abcdef0")(s)
	}), "security-group-id", "`ID` of a security group; can be repeated")
	checked(flags, &request.KeyName, "key-name", "`NAME` of the key pair, if one is used",
		must(doctor.IsKeyName, "the name of a key pair"))
	addPrincipal(flags, &request.Principal, "who launches it")
	cli.Require(cmd, "instance-profile")
	return cmd
}
