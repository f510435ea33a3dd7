package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Make one diagnosis, for people or scripts",
		Long:  "Make one diagnosis; the exit code is 0 ok, 1 warning, 2 critical, 3 unknown.",
	}
	probe := addProbeFlags(cmd)
	output := cmd.Flags().String("output", "text", "How to print it: `text` for people, json for scripts")
	cli.Complete(cmd, "output", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := cli.OneOf(*output, "text", "json"); err != nil {
			return cli.Invalid("--output", *output, err)
		}
		o, err := probe.options()
		if err != nil {
			return err
		}
		found, err := agent.Check(cmd.Context(), o)
		if err != nil {
			return named(err)
		}
		if err := writeReport(cmd.OutOrStdout(), found, *output); err != nil {
			return err // a verdict that nobody could read is none
		}
		return cli.Exit(found.Severity.ExitCode(), nil)
	}
	return cmd
}

func writeReport(w io.Writer, r report.Report, output string) error {
	if output == "json" {
		return report.WriteJSON(w, r)
	}
	return terminal.WriteReport(w, r, styleFor(w))
}

func styleFor(w io.Writer) terminal.Style { return terminal.Style{Colour: cli.Coloured(w)} }
