package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

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
		if *output != "text" && *output != "json" {
			return &agent.OptionError{Flag: "output", Value: *output, Err: errNeither("text", "json")}
		}
		o, err := probe.options()
		if err != nil {
			return err
		}
		found, err := agent.Check(cmd.Context(), o)
		if err != nil {
			return err
		}
		return cli.Exit(found.Severity.ExitCode(), writeReport(cmd.OutOrStdout(), found, *output))
	}
	return cmd
}

func writeReport(w io.Writer, r report.Report, output string) error {
	if output == "json" {
		return report.WriteJSON(w, r)
	}
	return terminal.WriteReport(w, r, styleFor(w))
}

// styleFor colours text on a terminal, unless NO_COLOR is set (no-color.org).
func styleFor(w io.Writer) terminal.Style {
	file, isFile := w.(*os.File)
	return terminal.Style{
		Colour: isFile && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())),
	}
}
