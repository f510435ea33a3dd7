package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

func roleCommand(c *common) *cobra.Command {
	var name string
	return &cobra.Command{
		Use:   "role NAME",
		Short: "Why the console does not list a role",
		Args:  argument("role name", &name, must(doctor.IsRoleName, "the name of a role")),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.Role(ctx, name) })
		},
	}
}

func addRoleCommand(c *common) *cobra.Command {
	var profile, role string
	cmd := &cobra.Command{
		Use:   "add-role",
		Short: "Why AddRoleToInstanceProfile is refused",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.answer(cmd, func(ctx context.Context, d *doctor.Doctor) doctor.Report { return d.AddRole(ctx, profile, role) })
		},
	}
	checked(cmd.Flags(), &profile, "profile", "`NAME` of the instance profile; required",
		must(doctor.IsProfileName, "the name of an instance profile"))
	checked(cmd.Flags(), &role, "role", "`NAME` of the role; required", must(doctor.IsRoleName, "the name of a role"))
	cli.Require(cmd, "profile", "role")
	return cmd
}
