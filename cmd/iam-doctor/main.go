// Command iam-doctor asks the AWS API what the instance metadata service cannot
// tell: whether an instance's profile exists, holds a role that EC2 may assume,
// and whether somebody may put it there.
//
//	iam-doctor instance i-0123456789abcdef0
//	iam-doctor role NAME
//	iam-doctor add-role --profile=PROFILE --role=ROLE
//	iam-doctor launch --profile=PROFILE --dry-run --image-id=ami-0123456789abcdef0
//
// It changes nothing. Its exit code is 0 for ok, 1 for a warning, 2 for
// critical, and 3 for unknown or bad usage. See docs/iam-doctor.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"imds-probe/doctor"
	"imds-probe/probes"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags, done, err := parse(args, stdout)
	if err == nil && !done {
		var report doctor.Report
		ctx, cancel := context.WithTimeout(ctx, flags.timeout)
		defer cancel()
		if report, err = flags.diagnose(ctx); err == nil {
			err = write(report, flags.output, stdout)
		}
		if err == nil {
			return report.ExitCode()
		}
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "iam-doctor: %s\n", err)
		return probes.SeverityUnknown.ExitCode()
	}
	return 0
}

func write(report doctor.Report, output string, w io.Writer) error {
	if output == "json" {
		return report.WriteJSON(w)
	}
	return report.WriteText(w, colourful(w))
}

// colourful tells whether w is a terminal whose owner did not ask for no colour
// (https://no-color.org).
func colourful(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
