package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

func simulateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve a fault-injecting IMDS on loopback",
		Long:  "Serve a fault-injecting IMDS; its credentials are canaries and open nothing.",
	}
	var listen []string
	var hops int
	var list bool
	flags := cmd.Flags()
	name := flags.String("scenario", "healthy", "`NAME` of the state and the faults; see --list")
	cli.Strings(flags, &listen, "listen", "`ADDRESS` to serve on; repeatable", "127.0.0.1:1338")
	cli.Integer(flags, &hops, "hop-limit", "IP TTL of the token's answer, as HttpPutResponseHopLimit; 0 leaves the system's")
	cli.Bool(flags, &list, "list", "List the scenarios")
	cli.Complete(cmd, "scenario", scenarioNames()...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if list {
			return listScenarios(cmd.OutOrStdout())
		}
		scenario, err := imdstest.Find(*name)
		if err != nil {
			return &agent.OptionError{Flag: "scenario", Value: *name, Err: err}
		}
		if hops < 0 || hops > 64 {
			return &agent.OptionError{Flag: "hop-limit", Value: hops, Err: errHops}
		}
		scenario.Instance.HopLimit = hops
		return simulate(cmd.Context(), cmd.OutOrStdout(), scenario, listen)
	}
	return cmd
}

var errHops = errors.New("must be from 0 to 64")

func simulate(ctx context.Context, stdout io.Writer, scenario imdstest.Scenario, addresses []string) error {
	simulator := imdstest.New(scenario)
	for _, address := range addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return &agent.OptionError{Flag: "listen", Value: address, Err: err}
		}
		server, err := imdstest.Listen(simulator, address)
		if err != nil {
			return &agent.OptionError{Flag: "listen", Value: address, Err: err}
		}
		defer server.Close()
		if _, err := fmt.Fprintf(stdout, "simulating %s on %s\n", scenario.Name, server.URL()); err != nil {
			return cli.Exit(1, err)
		}
	}
	<-ctx.Done()
	return nil
}

func listScenarios(w io.Writer) error {
	for _, s := range imdstest.Scenarios() {
		about := s.About
		if len(s.Args) > 0 {
			about += " (" + strings.Join(s.Args, " ") + ")"
		}
		if _, err := fmt.Fprintf(w, "%-38s %-27s %s\n", s.Name, s.Condition, about); err != nil {
			return err
		}
	}
	return nil
}

func scenarioNames() (names []string) {
	for _, s := range imdstest.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}
