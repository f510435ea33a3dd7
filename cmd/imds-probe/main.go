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
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const exitUsage = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// Nothing is read anew while running; a log rotator's SIGHUP must not end it.
	signal.Ignore(syscall.SIGHUP)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is one subcommand: it returns the exit code.
type command func(ctx context.Context, stdout, stderr io.Writer) (int, error)

// execute runs the command that args name.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := kingpin.New("imds-probe", "Watch the EC2 instance metadata service and name the one root cause when an instance cannot get its credentials.")
	app.UsageWriter(stdout).ErrorWriter(stderr)
	app.HelpFlag.Short('h')
	app.Version(version.Print("imds-probe"))
	exited := -1
	app.Terminate(func(code int) { exited = code })
	commands := map[string]command{
		"run":         runCommand(app),
		"check":       checkCommand(app),
		"explain":     explainCommand(app),
		"simulate":    simulateCommand(app),
		"demo":        demoCommand(app),
		"healthcheck": healthcheckCommand(app),
	}
	name, err := app.Parse(args)
	if exited >= 0 {
		return exited // --help, --version
	}
	code := exitUsage
	if err == nil {
		code, err = commands[name](ctx, stdout, stderr)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "imds-probe: %v\n", err)
	}
	return code
}
