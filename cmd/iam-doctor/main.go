// Command iam-doctor asks the AWS API what the instance metadata service cannot
// tell: whether an instance's profile exists, holds a role that EC2 may assume,
// and whether somebody may put it there.
//
//	iam-doctor instance i-0123456789abcdef0
//	iam-doctor role NAME
//	iam-doctor add-role --instance-profile=PROFILE --role=ROLE
//	iam-doctor launch --instance-profile=PROFILE --dry-run --image-id=ami-0123456789abcdef0
//	iam-doctor audit --all-regions
//
// It changes nothing. Its exit code is 0 for ok, 1 for a warning, 2 for
// critical, and 3 for unknown or bad usage. See docs/iam-doctor.md.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, rootCommand(), os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "iam-doctor COMMAND",
		Short: "ask the AWS API why an instance has no credentials, or the wrong ones",
		Long: `Troubleshoot IAM and EC2 through the AWS API. It changes nothing.

The exit code is 0 for ok, 1 for a warning, 2 for critical, and 3 for unknown or
bad usage.`,
		Example: `  iam-doctor instance i-0123456789abcdef0
  iam-doctor role NAME
  iam-doctor add-role --instance-profile=PROFILE --role=ROLE
  iam-doctor launch --instance-profile=PROFILE --dry-run --image-id=ami-0123456789abcdef0
  iam-doctor audit --all-regions`,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("command not specified: give instance, role, add-role, launch or audit, or --help")
		},
	}
	c := addCommonFlags(root)
	root.AddCommand(instanceCommand(c), roleCommand(c), addRoleCommand(c), launchCommand(c), auditCommand(c))
	return root
}
