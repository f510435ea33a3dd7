package main

import (
	"context"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
	"go.uber.org/zap"

	"imds-probe/agent"
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

func addDaemonFlags(cmd *kingpin.CmdClause) *daemonFlags {
	f := &daemonFlags{web: kingpinflag.AddFlags(cmd, ":16925"), log: addLogFlags(cmd)}
	cmd.Flag("probe.interval", "Time between rounds.").Default("30s").SetValue(typed("probe.interval", &f.interval, time.ParseDuration))
	cmd.Flag("probe.boot-grace", "Hold a bad first verdict back until the host has been up for so long.").Default("0s").SetValue(typed("probe.boot-grace", &f.bootGrace, time.ParseDuration))
	cmd.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	cmd.Flag("web.runtime-metrics", "Export the metrics of the Go runtime too.").BoolVar(&f.runtimeMetrics)
	cmd.Flag("textfile.path", "Also write the metrics to this file, for node_exporter's textfile collector.").PlaceHolder("FILE.prom").StringVar(&f.textfile)
	cmd.Flag("state.file", "Keep the state in this file, so that a restart knows since when a condition has lasted.").PlaceHolder("FILE").StringVar(&f.stateFile)
	return f
}

func runCommand(app *kingpin.Application) command {
	cmd := app.Command("run", "Run the daemon.").Default()
	probe, daemon := addProbeFlags(cmd), addDaemonFlags(cmd)
	return func(ctx context.Context, _, stderr io.Writer) (int, error) {
		o, err := probe.options()
		if err != nil {
			return exitUsage, err
		}
		if o.Logger, err = daemon.log.logger(stderr); err != nil {
			return exitUsage, err
		}
		daemon.apply(&o)
		useOneProcessor()
		o.Host, _ = os.Hostname() // without a name all hosts share a phase, which is no harm
		if err := harden(); err != nil {
			o.Logger.Warn("a core dump cannot be ruled out", zap.Error(err))
		}
		return runAgent(ctx, o)
	}
}

func (f *daemonFlags) apply(o *agent.Options) {
	if up, err := sinceBoot(); err == nil {
		o.GraceUntil = time.Now().Add(f.bootGrace - up)
	}
	o.Interval, o.Web, o.TelemetryPath = f.interval, f.web, f.telemetryPath
	o.RuntimeMetrics, o.TextfilePath, o.StateFile = f.runtimeMetrics, f.textfile, f.stateFile
}

// runAgent runs the daemon until the context ends. What keeps it from starting
// is bad usage; what ends it later is a failure.
func runAgent(ctx context.Context, o agent.Options) (int, error) {
	a, err := agent.New(ctx, o)
	if err != nil {
		return exitUsage, err
	}
	if err := a.Run(ctx); err != nil {
		return 1, err
	}
	return 0, nil
}

// useOneProcessor keeps Go from spreading over processors a daemon that mostly
// sleeps: waking others costs more than they do. The environment prevails.
func useOneProcessor() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
