package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// daemonFlags are the flags of the daemon alone.
type daemonFlags struct {
	interval       time.Duration
	bootGrace      time.Duration
	web            *web.FlagConfig
	telemetryPath  string
	runtimeMetrics bool
	textfile       string
	stateFile      string
	log            *logFlags
}

func addDaemonFlags(cmd *cobra.Command) *daemonFlags {
	f := &daemonFlags{web: addWebFlags(cmd), log: addLogFlags(cmd), interval: 30 * time.Second}
	flags := cmd.Flags()
	cli.Duration(flags, &f.interval, "probe.interval", "Time between rounds")
	cli.Duration(flags, &f.bootGrace, "probe.boot-grace", "Hold a bad first verdict back until the host has been up for so long")
	flags.StringVar(&f.telemetryPath, "web.telemetry-path", "/metrics", "`PATH` of the metrics")
	cli.Bool(flags, &f.runtimeMetrics, "web.runtime-metrics", "Export the metrics of the Go runtime too")
	flags.StringVar(&f.textfile, "textfile.path", "", "Also write the metrics to this `FILE`, for node_exporter's textfile collector, which reads files that end in .prom")
	flags.StringVar(&f.stateFile, "state.file", "", "Keep the state in this `FILE`, so that a restart knows since when a condition has lasted")
	return f
}

// addWebFlags adds exporter-toolkit's flags, in its words; its own function for
// that is made for another library of flags.
func addWebFlags(cmd *cobra.Command) *web.FlagConfig {
	flags := cmd.Flags()
	f := &web.FlagConfig{WebListenAddresses: new([]string), WebSystemdSocket: new(bool)}
	if runtime.GOOS == "linux" {
		cli.Bool(flags, f.WebSystemdSocket, "web.systemd-socket", "Use systemd socket activation listeners instead of port listeners (Linux only)")
	}
	cli.Strings(flags, f.WebListenAddresses, "web.listen-address", "`ADDRESS` on which to expose metrics and web interface. Repeatable for multiple addresses. Examples: :9100 or [::1]:9100", ":16925")
	f.WebConfigFile = flags.String("web.config.file", "", "Path to configuration `FILE` that can enable TLS or authentication. See: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md")
	return f
}

func runCommand() *cobra.Command {
	cmd := daemonCommand()
	cmd.Use, cmd.Short = "run", "Run the daemon; the default command"
	cmd.Long = `Run the daemon; the default command. It ends with 0 on SIGTERM or SIGINT, with 3 if
the text of a flag cannot be used, and with 1 if something that a flag names cannot
be had at the moment, such as a file, a port or a capability.`
	return cmd
}

// daemonCommand is run, and the root too: to run is the default.
func daemonCommand() *cobra.Command {
	cmd := &cobra.Command{}
	probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		// Who reads the log may go, as journald does when it is restarted. That ends a
		// program that does not ignore the signal.
		signal.Ignore(syscall.SIGPIPE)
		log := newLogSink(cmd.ErrOrStderr())
		defer log.close(lastWords)
		return exitCode(runDaemon(cmd.Context(), probe, daemon, log))
	}
	return cmd
}

// lastWords is how long the end of the daemon waits for its log to be read.
const lastWords = time.Second

func runDaemon(ctx context.Context, probe *probeFlags, daemon *daemonFlags, log *logSink) error {
	o, err := probe.options()
	if err != nil {
		return err
	}
	if o.Logger, err = daemon.log.logger(log); err != nil {
		return err
	}
	daemon.apply(&o)
	o.LinesDropped = log.dropped.Load
	o.Rest = tuneRuntime()
	o.Host, _ = os.Hostname() // without a name all hosts share a phase, which is no harm
	if err := harden(); err != nil {
		o.Logger.Warn("a core dump cannot be ruled out", zap.Error(err))
	}
	return runAgent(ctx, o)
}

// exitCode is 3 for what the text of the flags alone decides, and 1 for whatever else
// ends the daemon.
func exitCode(err error) error {
	err = named(err)
	_, badUsage := errors.AsType[*cli.UsageError](err)
	_, again := errors.AsType[later](err)
	if err == nil || badUsage && !again {
		return err
	}
	return cli.Exit(1, err)
}

func (f *daemonFlags) apply(o *agent.Options) {
	if up, err := sinceBoot(); err == nil {
		o.GraceUntil = time.Now().Add(f.bootGrace - up)
	}
	o.Interval, o.Web, o.TelemetryPath = f.interval, f.web, f.telemetryPath
	o.RuntimeMetrics, o.TextfilePath, o.StateFile = f.runtimeMetrics, f.textfile, f.stateFile
}

// runAgent runs the daemon until the context ends.
func runAgent(ctx context.Context, o agent.Options) error {
	a, err := agent.New(ctx, o)
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// gcPercent lets the heap grow by half between two collections, where Go lets
// it double but to no less than 4 MiB: the daemon has less than 1 MiB on it, so
// that most would be garbage. See docs/performance.md for what it saves.
const gcPercent = 50

// tuneRuntime fits Go's runtime to a daemon that mostly sleeps. What it returns is
// for moments of rest: it leaves one processor, for waking others costs more than
// they do, and gives back the memory that a round needed. The environment
// prevails.
func tuneRuntime() (rest func()) {
	gc, processors := os.Getenv("GOGC") == "", os.Getenv("GOMAXPROCS") == ""
	settle := sync.OnceFunc(func() { // both stop the world
		if processors {
			runtime.GOMAXPROCS(1)
		}
		if gc {
			debug.SetGCPercent(gcPercent)
		}
	})
	return func() {
		settle()
		if gc {
			debug.FreeOSMemory()
		}
	}
}
