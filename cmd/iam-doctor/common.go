package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/doctor"
)

// common are the flags of all commands.
type common struct {
	output     string
	timeout    time.Duration
	connection doctor.Connection
}

func addCommonFlags(root *cobra.Command) *common {
	c := &common{output: "text", timeout: 30 * time.Second}
	flags := root.PersistentFlags()
	checked(flags, &c.output, "output", "How to print the report: `text` or json", oneOf("text", "json"))
	cli.Var(flags, &c.timeout, "timeout", "DURATION", "Time for all requests together", positiveDuration)
	checked(flags, &c.connection.Region, "region", "AWS `REGION`; the SDK's configuration otherwise",
		must(doctor.IsRegion, "the name of a region"))
	flags.StringVar(&c.connection.Profile, "profile", "", "`NAME` of a profile of the AWS configuration")
	checked(flags, &c.connection.EndpointURL, "endpoint-url", "`URL` to ask instead of AWS's endpoints", httpURL)
	cli.Complete(root, "output", "text", "json")
	return c
}

// preparation may change how AWS is reached, or end with a report already.
type preparation func(context.Context, *aws.Config) (report doctor.Report, ended bool)

// answer asks what a command is for, and prints the report.
func (c *common) answer(cmd *cobra.Command, ask func(context.Context, *doctor.Doctor) doctor.Report,
	prepare ...preparation,
) error {
	ctx, cancel := withTimeout(cmd.Context(), c.timeout)
	defer cancel()
	cfg, err := doctor.Load(ctx, c.connection)
	if err != nil {
		return err
	}
	for _, step := range prepare {
		if report, ended := step(ctx, &cfg); ended {
			return c.print(cmd, report)
		}
	}
	if err := doctor.RequireRegion(cfg); err != nil {
		return err
	}
	return c.print(cmd, ask(ctx, doctor.New(cfg)))
}

// withTimeout limits the time of all requests, and says by what flag.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %s (--timeout)", d))
}

// print writes the report, and ends the command with its exit code.
func (c *common) print(cmd *cobra.Command, report doctor.Report) error {
	if err := c.write(report, cmd.OutOrStdout()); err != nil {
		return err
	}
	return cli.Exit(report.ExitCode(), nil)
}

func (c *common) write(report doctor.Report, w io.Writer) error {
	if c.output == "json" {
		return report.WriteJSON(w)
	}
	return report.WriteText(w, cli.Coloured(w))
}
