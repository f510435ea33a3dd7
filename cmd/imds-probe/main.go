// Command imds-probe watches the EC2 instance metadata service and names the one
// root cause when an instance cannot get its credentials.
//
//	imds-probe run                   the daemon (the default command)
//	imds-probe check                 one diagnosis, for people or scripts
//	imds-probe explain [CONDITION]   what a condition means and how to mend it
//	imds-probe simulate              a fault-injecting IMDS on loopback
//	imds-probe demo                  the daemon against the simulator
//
// It exits with 0 for ok, 1 for warning, 2 for critical, and 3 for unknown or
// bad usage, as monitoring plugins do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// Nothing is read anew while running; a log rotator's SIGHUP must not end it.
	signal.Ignore(syscall.SIGHUP)
	code := cli.Run(ctx, rootCommand(), os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// rootCommand is the daemon, with the other commands below it.
func rootCommand() *cobra.Command {
	root := daemonCommand()
	root.Use = "imds-probe [COMMAND]"
	root.Short = "watch the EC2 instance metadata service and name the one root cause when an instance cannot get its credentials"
	root.Long = `Watch the EC2 instance metadata service and name the one root cause when an
instance cannot get its credentials. Without a command, this is the daemon.

The exit code is 0 for ok, 1 for warning, 2 for critical, and 3 for unknown or
bad usage, as monitoring plugins have it.`
	root.Example = `  imds-probe --expect.role=app --web.listen-address=localhost:16925
  imds-probe check --output=json
  imds-probe explain no_role
  imds-probe demo`
	root.AddCommand(runCommand(), checkCommand(), explainCommand(), simulateCommand(), demoCommand(), healthcheckCommand())
	return root
}
