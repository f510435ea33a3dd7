package main

import (
	"context"
	"io"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"

	"imds-probe/agent"
)

func checkCommand(app *kingpin.Application) command {
	cmd := app.Command("check", "Make one diagnosis; the exit code is 0 ok, 1 warning, 2 critical, 3 unknown.")
	probe := addProbeFlags(cmd)
	output := cmd.Flag("output", "text for people, json for scripts.").Default("text").String()
	return func(ctx context.Context, stdout, _ io.Writer) (int, error) {
		if *output != "text" && *output != "json" {
			return exitUsage, &agent.OptionError{Flag: "output", Value: *output, Err: errNeither("text", "json")}
		}
		o, err := probe.options()
		if err != nil {
			return exitUsage, err
		}
		report, err := agent.Check(ctx, o)
		if err != nil {
			return exitUsage, err
		}
		if *output == "json" {
			err = agent.WriteJSON(stdout, report)
		} else {
			err = agent.WriteText(stdout, report, styleFor(stdout))
		}
		return report.Severity.ExitCode(), err
	}
}

// styleFor colours text on a terminal, unless NO_COLOR is set (no-color.org).
func styleFor(w io.Writer) agent.TextStyle {
	file, isFile := w.(*os.File)
	return agent.TextStyle{
		Colour: isFile && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(file.Fd())),
	}
}
