package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes"
)

func explainCommand() *cobra.Command {
	var condition *probes.Condition
	return &cobra.Command{
		Use:       "explain [CONDITION]",
		Short:     "Say what a condition means and how to mend it",
		Long:      "Say what a condition means and how to mend it; without one, list them all.",
		ValidArgs: conditionNames(),
		Args: cli.Arg(func(name string) error {
			condition = new(probes.Condition)
			if err := condition.UnmarshalText([]byte(name)); err != nil {
				return fmt.Errorf("explain: %w; 'imds-probe explain' lists them", err)
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			if condition == nil {
				return listConditions(out)
			}
			return terminal.WriteExplanation(out, *condition, styleFor(out))
		},
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
