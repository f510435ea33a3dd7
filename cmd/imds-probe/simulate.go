package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"imds-probe/agent"
	"imds-probe/probes/imdstest"
)

func simulateCommand(app *kingpin.Application) command {
	cmd := app.Command("simulate", "Serve a fault-injecting IMDS; its credentials are canaries and open nothing.")
	name := cmd.Flag("scenario", "The state and the faults; see --list.").Default("healthy").String()
	listen := cmd.Flag("listen", "Addresses to serve on; repeatable.").Default("127.0.0.1:1338").Strings()
	var hops int
	cmd.Flag("hop-limit", "IP TTL of the token's answer, as HttpPutResponseHopLimit; 0 leaves the system's.").Default("0").SetValue(typed("hop-limit", &hops, strconv.Atoi))
	list := cmd.Flag("list", "List the scenarios.").Bool()
	return func(ctx context.Context, stdout, _ io.Writer) (int, error) {
		if *list {
			return 0, listScenarios(stdout)
		}
		scenario, err := imdstest.Find(*name)
		if err != nil {
			return exitUsage, &agent.OptionError{Flag: "scenario", Value: *name, Err: err}
		}
		if hops < 0 || hops > 64 {
			return exitUsage, &agent.OptionError{Flag: "hop-limit", Value: hops, Err: errHops}
		}
		scenario.Instance.HopLimit = hops
		return simulate(ctx, stdout, scenario, *listen)
	}
}

var errHops = errors.New("must be from 0 to 64")

func simulate(ctx context.Context, stdout io.Writer, scenario imdstest.Scenario, addresses []string) (int, error) {
	simulator := imdstest.New(scenario)
	for _, address := range addresses {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return exitUsage, &agent.OptionError{Flag: "listen", Value: address, Err: err}
		}
		server, err := imdstest.Listen(simulator, address)
		if err != nil {
			return exitUsage, &agent.OptionError{Flag: "listen", Value: address, Err: err}
		}
		defer server.Close()
		if _, err := fmt.Fprintf(stdout, "simulating %s on %s\n", scenario.Name, server.URL()); err != nil {
			return 1, err
		}
	}
	<-ctx.Done()
	return 0, nil
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
