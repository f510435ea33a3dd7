package agent

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/imds-probe/imds-probe/agent/metrics"
	"github.com/imds-probe/imds-probe/agent/page"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/agent/web"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// Agent is the daemon.
type Agent struct {
	options Options
	probers []*ladder.Prober
	tracker *track.Tracker
	// registry is what is served, textfile what is written.
	registry, textfile *prometheus.Registry
	metrics            *metrics.Collector
	listeners          []net.Listener
	notify             notifier
	state              *track.File
	log                *zap.Logger
	// lapped is closed when each vantage has had its first round.
	lapped chan struct{}
	// textfileFailed and stateFailed tell of the last write, gone of the vantages that
	// were not there; only the loop of rounds uses them.
	textfileFailed, stateFailed bool
	gone                        map[string]bool
}

// New checks the options and opens the listeners; nothing is asked of IMDS yet.
// An unusable option is an [*OptionError], one whose file, port or socket cannot be
// had now a [*StartError].
func New(ctx context.Context, o Options) (*Agent, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := o.checkDaemon(); err != nil {
		return nil, err
	}
	state, saved, err := track.OpenFile(o.StateFile)
	logUnusable(o.Logger, err)
	all, err := o.probers(state.Salt())
	if err != nil {
		return nil, err
	}
	a := &Agent{
		options:  o,
		probers:  all,
		tracker:  track.New(track.Options{Policy: o.Policy, Vantages: vantagesOf(all), GraceUntil: o.GraceUntil, Saved: saved}),
		registry: prometheus.NewRegistry(),
		textfile: prometheus.NewRegistry(),
		notify:   newNotifier(o.Timeout),
		state:    state,
		log:      o.Logger,
		lapped:   make(chan struct{}),
		gone:     map[string]bool{},
	}
	if err := a.register(); err != nil {
		return nil, err
	}
	if o.Web != nil {
		if a.listeners, err = web.Listen(ctx, o.Web); err != nil {
			return nil, listenError(err)
		}
	}
	return a, nil
}

// register registers the metrics. The textfile has none but the agent's own, since
// node_exporter serves it beside the metrics of its own process.
func (a *Agent) register() error {
	a.metrics = metrics.New(a.tracker, a.options.LinesDropped)
	err := errors.Join(a.metrics.RegisterOwn(a.registry), metrics.RegisterProcess(a.registry, a.options.RuntimeMetrics))
	if a.options.TextfilePath != "" {
		err = errors.Join(err, a.metrics.RegisterOwn(a.textfile))
	}
	return err
}

// Tracker returns the state that everything else is a view of.
func (a *Agent) Tracker() *track.Tracker { return a.tracker }

// Addrs returns the addresses that the agent serves on.
func (a *Agent) Addrs() []net.Addr {
	addrs := make([]net.Addr, len(a.listeners))
	for i, l := range a.listeners {
		addrs[i] = l.Addr()
	}
	return addrs
}

// Run makes rounds and serves until the context ends, and then returns nil.
func (a *Agent) Run(ctx context.Context) error {
	a.log.Info("imds-probe started", zap.String("event", string(track.EventStarted)),
		zap.String("version", a.options.Version), zap.String("endpoint", a.options.Endpoint),
		zap.Duration("interval", a.options.Interval), zap.Strings("vantages", a.vantages()), zap.Stringers("listening", a.Addrs()))
	defer a.notify.run()()
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return a.measure(ctx) })
	if a.options.Web != nil {
		tasks.Go(func() error { return web.Serve(ctx, a.listeners, a.Handler(), a.options.Web) })
	}
	// What is started last runs first: the server is set up while the first answers
	// are awaited.
	tasks.Go(func() error { return a.rounds(ctx) })
	a.notify.ready()
	err := tasks.Wait()
	a.notify.stopping()
	a.saveState()
	a.log.Info("imds-probe stops", zap.String("event", string(track.EventStopping)))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *Agent) vantages() []string { return vantagesOf(a.probers) }

func vantagesOf(all []*ladder.Prober) []string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Vantage()
	}
	return names
}

// Handler serves the page, the JSON, the metrics and the two health paths.
func (a *Agent) Handler() http.Handler {
	return web.Handler(web.Routes{
		Page: page.New(a.status),
		Metrics: promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{
			Registry:           a.registry,
			DisableCompression: true, // costs more memory and time than its few KiB are worth
		}),
		MetricsPath: a.options.TelemetryPath,
		Status:      a.status,
		Ready:       func() bool { return a.tracker.Snapshot().Ready() },
	})
}

func (a *Agent) status() report.Status {
	o := a.options
	d := report.Daemon{
		Version:         o.Version,
		Host:            o.Host,
		Endpoint:        o.Endpoint,
		IntervalSeconds: o.Interval.Seconds(),
		TelemetryPath:   o.TelemetryPath,
	}
	if o.Banner != nil {
		d.Banner = o.Banner()
	}
	return report.NewStatus(a.tracker.Snapshot(), d)
}
