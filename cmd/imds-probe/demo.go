package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sync/errgroup"

	"imds-probe/agent"
	"imds-probe/probes/imdstest"
)

// tour is what the demo shows, each scenario after a healthy spell.
var tour = []string{
	"no_role", "assume_role_unauthorized", "instance_profile_not_found", "no_instance_profile",
	"firewall_reject", "firewall_drop", "hop_limit_too_low", "imds_disabled", "captive_page",
	"rotation_stalled", "credentials_expired", "wrong_role", "clock_skewed", "throttled_503",
}

func demoCommand(app *kingpin.Application) command {
	cmd := app.Command("demo", "Run the daemon against the simulator, scenario after scenario. Needs no root and no network.")
	pinned := cmd.Flag("scenario", "Stay in this scenario.").String()
	var pace time.Duration
	cmd.Flag("pace", "How long each scenario is shown.").Default("12s").SetValue(typed("pace", &pace, time.ParseDuration))
	address := cmd.Flag("listen", "Address of the status page.").Default("localhost:16925").String()
	return func(ctx context.Context, _, stderr io.Writer) (int, error) {
		if pace <= 0 {
			return exitUsage, &agent.OptionError{Flag: "pace", Value: pace, Err: errNotPositive}
		}
		stops := tour
		if *pinned != "" {
			stops = []string{*pinned}
		}
		return demo(ctx, stderr, stops, pace, *address)
	}
}

func demo(ctx context.Context, out io.Writer, stops []string, pace time.Duration, address string) (int, error) {
	first, err := imdstest.Find(stops[0])
	if err != nil {
		return exitUsage, &agent.OptionError{Flag: "scenario", Value: stops[0], Err: err}
	}
	simulator := imdstest.New(imdstest.MustFind("healthy"))
	server, err := imdstest.Listen(simulator, "127.0.0.1:0")
	if err != nil {
		return 1, err
	}
	defer server.Close()
	o, err := demoOptions(server.URL(), address, first, out)
	if err != nil {
		return exitUsage, err
	}
	a, err := agent.New(ctx, o)
	if err != nil {
		return exitUsage, err
	}
	fmt.Fprintf(out, "\n  The status page: http://%s   (Ctrl-C ends the demo)\n", pageAddress(address, a.Addrs()[0]))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return a.Run(ctx) })
	tasks.Go(func() error { return walk(ctx, out, simulator, stops, pace) })
	return 0, tasks.Wait()
}

// demoOptions are the daemon's defaults but for a quick pace. The flags that a
// pinned scenario needs are added; the tour's expectations stay the same.
func demoOptions(endpoint, address string, pinned imdstest.Scenario, out io.Writer) (agent.Options, error) {
	app := kingpin.New("demo", "")
	cmd := app.Command("run", "").Default()
	probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
	args := append([]string{
		"--imds.endpoint=" + endpoint, "--probe.interval=2s", "--web.listen-address=" + address, "--log.format=console",
	}, pinned.Args...)
	if pinned.Args == nil {
		args = append(args, "--expect.role="+imdstest.Role)
	}
	if _, err := app.Parse(args); err != nil {
		return agent.Options{}, err
	}
	o, err := probe.options()
	if err != nil {
		return o, err
	}
	daemon.apply(&o)
	o.Logger, err = daemon.log.logger(out)
	return o, err
}

// walk shows one scenario after another, healthy spells between them, for ever.
func walk(ctx context.Context, out io.Writer, simulator *imdstest.Simulator, stops []string, pace time.Duration) error {
	for {
		for _, name := range stops {
			for _, step := range []struct {
				scenario string
				pace     time.Duration
			}{{"healthy", pace / 3}, {name, pace}} {
				show(out, simulator, step.scenario)
				if len(stops) == 1 && step.scenario == name {
					<-ctx.Done()
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(step.pace):
				}
			}
		}
	}
}

func show(out io.Writer, simulator *imdstest.Simulator, name string) {
	s := imdstest.MustFind(name)
	s.Before = 0
	simulator.Set(s)
	fmt.Fprintf(out, "\n─── %s: %s %s\n", s.Name, s.About, strings.Repeat("─", max(3, 72-len(s.Name)-len(s.About))))
}

// pageAddress is the address as asked for, with the port that was taken.
func pageAddress(asked string, taken net.Addr) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(taken.String())
	return net.JoinHostPort(host, port)
}
