package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"

	"imds-probe/agent"
	"imds-probe/probes"
)

func explainCommand(app *kingpin.Application) command {
	cmd := app.Command("explain", "Say what a condition means and how to mend it; without one, list them all.")
	name := cmd.Arg("condition", "The condition, as in metrics and logs.").HintOptions(conditionNames()...).String()
	return func(_ context.Context, stdout, _ io.Writer) (int, error) {
		if *name == "" {
			return 0, listConditions(stdout)
		}
		var c probes.Condition
		if err := c.UnmarshalText([]byte(*name)); err != nil {
			return exitUsage, fmt.Errorf("explain: %w; 'imds-probe explain' lists them", err)
		}
		return 0, agent.WriteExplanation(stdout, c, styleFor(stdout))
	}
}

func conditionNames() (names []string) {
	for _, c := range probes.Conditions() {
		names = append(names, c.String())
	}
	return names
}

func listConditions(w io.Writer) error {
	for _, c := range probes.Conditions() {
		e := probes.Explain(c)
		if _, err := fmt.Fprintf(w, "%-27s %-9s %s\n", e.Condition, e.Severity, e.Title); err != nil {
			return err
		}
	}
	return nil
}
