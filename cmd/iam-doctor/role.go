package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

func roleCommand(c *common) *cobra.Command {
	var role doctor.Ref
	var principal string
	cmd := &cobra.Command{
		Use:   "role NAME",
		Short: "Why the console does not list a role",
		Long:  "Why the console does not list the role of this NAME (or ARN).",
		Args: cli.Arg(func(s string) (err error) {
			if role, err = doctor.ParseRole(s); err != nil {
				return cli.Invalid("role name", s, err)
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.Role(ctx, role, principal) })
		},
	}
	addPrincipal(cmd.Flags(), &principal, "who does not see the role")
	return cmd
}

func addRoleCommand(c *common) *cobra.Command {
	var request doctor.AddRoleRequest
	cmd := &cobra.Command{
		Use:   "add-role",
		Short: "Why AddRoleToInstanceProfile is refused",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.AddRole(ctx, request) })
		},
	}
	flags := cmd.Flags()
	cli.Var(flags, &request.Profile, "instance-profile", "", "`NAME` or ARN of the instance profile; required", doctor.ParseProfile)
	cli.Var(flags, &request.Role, "role", "", "`NAME` or ARN of the role; required", doctor.ParseRole)
	addPrincipal(flags, &request.Principal, "who adds it")
	cli.Require(cmd, "instance-profile", "role")
	return cmd
}

// addPrincipal adds the flag for an administrator who asks about somebody else.
func addPrincipal(flags *pflag.FlagSet, target *string, who string) {
	cli.Var(flags, target, "principal", "", "`ARN` of "+who+", a user or role; you otherwise", doctor.ParsePrincipal)
}
