package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

func simulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a fault-injecting IMDS on loopback",
		Long: `Serve a fault-injecting IMDS; its credentials are canaries and open nothing.
A line on standard input is the name of the scenario to go on with.`,
		Example: `  imds-probe simulate --scenario=no_role
  imds-probe simulate --v1 --delay=200ms --jitter=100ms
  imds-probe simulate --fault=meta-data/iam/info=503,share=0.2,seed=7`,
	}
	var listen []string
	var list bool
	flags := cmd.Flags()
	name := flags.String("scenario", "healthy", "`NAME` of the state and the faults; see --list")
	cli.Strings(flags, &listen, "listen", "`ADDRESS` to serve on; repeatable", "127.0.0.1:1338")
	cli.Bool(flags, &list, "list", "List the scenarios")
	change := addSimulationFlags(cmd)
	cli.Complete(cmd, "scenario", scenarioNames()...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if list {
			return listScenarios(cmd.OutOrStdout())
		}
		if err := change.check(); err != nil {
			return err
		}
		scenario, err := change.find(*name)
		if err != nil {
			return cli.Invalid("--scenario", *name, err)
		}
		s := simulation{simulator: imdstest.New(scenario), change: change, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
		return s.run(cmd.Context(), cmd.InOrStdin(), listen)
	}
	return cmd
}

// simulation is a simulator that serves until it is interrupted.
type simulation struct {
	simulator      *imdstest.Simulator
	change         *simulationFlags
	stdout, stderr io.Writer
}

func (s simulation) run(ctx context.Context, stdin io.Reader, addresses []string) error {
	for _, address := range addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return cli.Invalid("--listen", address, err)
		}
		server, err := imdstest.Listen(s.simulator, address)
		if err != nil {
			return cli.Invalid("--listen", address, err)
		}
		defer server.Close()
		if _, err := fmt.Fprintf(s.stdout, "simulating %s on %s\n", s.simulator.Scenario().Name, server.URL()); err != nil {
			return cli.Exit(1, err)
		}
	}
	// In the background of a terminal a read would stop the process; now it fails.
	signal.Ignore(syscall.SIGTTIN)
	go s.follow(stdin)
	<-ctx.Done()
	return nil
}

// follow changes to the scenario that each line names, to the end of the input.
func (s simulation) follow(lines io.Reader) {
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		name := strings.TrimSpace(scanner.Text())
		scenario, err := s.change.find(name)
		if err != nil {
			fmt.Fprintln(s.stderr, "imds-probe:", err)
			continue
		}
		s.simulator.Set(scenario)
		fmt.Fprintln(s.stdout, "simulating", name)
	}
}

// listScenarios writes a table: what each scenario is called, what imds-probe makes
// of it, and what it takes to see it.
func listScenarios(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range imdstest.Scenarios() {
		about := s.About
		if len(s.Args) > 0 {
			about += " (" + strings.Join(s.Args, " ") + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, s.Condition, seenBy(s), about)
	}
	return table.Flush()
}

// seenBy marks the scenarios that a single check does not come to the condition of.
func seenBy(s imdstest.Scenario) string {
	switch {
	case s.NeedsHistory():
		return "needs a history: daemon"
	case s.Passes():
		return "check sees a blip"
	}
	return "-"
}

func scenarioNames() (names []string) {
	for _, s := range imdstest.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}
