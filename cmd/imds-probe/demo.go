package main

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/terminal"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// tour is what the demo shows, each scenario after a healthy spell.
var tour = []string{
	"no_role", "assume_role_unauthorized", "instance_profile_not_found", "no_instance_profile",
	"firewall_reject", "firewall_drop", "hop_limit_too_low", "imds_disabled", "captive_page",
	"rotation_stalled", "credentials_expired", "profile_recreated", "wrong_role", "clock_skewed", "throttled_503",
}

func demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the daemon against the simulator, scenario after scenario",
		Long:  "Run the daemon against the simulator, scenario after scenario. It needs no root\nand no network.",
	}
	flags, pace := cmd.Flags(), 12*time.Second
	pinned := flags.String("scenario", "", "Stay in the scenario of this `NAME`; imds-probe simulate --list lists them")
	cli.Duration(flags, &pace, "pace", "How long each scenario is shown")
	address := flags.String("listen", "localhost:16925", "`ADDRESS` of the status page")
	cli.Complete(cmd, "scenario", scenarioNames()...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if pace <= 0 {
			return cli.Invalid("--pace", pace, errNotPositive)
		}
		stops, err := demoStops(*pinned, pace)
		if err != nil {
			return cli.Invalid("--scenario", *pinned, err)
		}
		return demo(cmd.Context(), cmd.ErrOrStderr(), stops, *address)
	}
	return cmd
}

func demo(ctx context.Context, out io.Writer, stops []stop, address string) error {
	walk := newWalk(stops, out, styleFor(out))
	server, err := imdstest.Listen(walk.simulator, "127.0.0.1:0")
	if err != nil {
		return cli.Exit(1, err)
	}
	defer server.Close()
	o, err := demoOptions(server.URL(), address, flags(stops))
	if err != nil {
		return err
	}
	o.Banner, o.Host = walk.banner, "a simulated instance"
	o.Logger = zap.New(terminal.NewCore(out, styleFor(out)))
	a, err := agent.New(ctx, o)
	if err != nil {
		return listenError(err, address)
	}
	walk.welcome(pageAddress(address, a.Addrs()[0]))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return a.Run(ctx) })
	tasks.Go(func() error { return walk.run(ctx) })
	if err := tasks.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return cli.Exit(1, err)
	}
	return nil
}

// demoOptions are the daemon's defaults but for a quick pace and what the
// scenarios need.
func demoOptions(endpoint, address string, flags []string) (agent.Options, error) {
	cmd := &cobra.Command{}
	probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
	args := append([]string{
		"--imds.endpoint=" + endpoint, "--probe.interval=2s", "--web.listen-address=" + address,
	}, flags...)
	if err := cmd.ParseFlags(args); err != nil {
		return agent.Options{}, err
	}
	o, err := probe.options()
	daemon.apply(&o)
	return o, err
}

// listenError names the demo's own flag in place of the daemon's.
func listenError(err error, address string) error {
	failed, ok := errors.AsType[*agent.StartError](err)
	switch {
	case !ok || flagOf[failed.Field] != "web.listen-address":
		return named(err)
	case errors.Is(err, syscall.EADDRINUSE):
		return cli.Invalid("--listen", address, errPortTaken)
	}
	return cli.Invalid("--listen", address, failed.Err)
}

// pageAddress is the address as asked for, with the port that was taken.
func pageAddress(asked string, taken net.Addr) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(taken.String())
	if host == "" {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
