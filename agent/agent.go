package agent

import (
	"context"
	"errors"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"


	"github.com/imds-probe/imds-probe/probes/ladder"
)

// Agent is the daemon.
type Agent struct {
	options   Options
	probers   []*ladder.Prober
	tracker   *Tracker
	registry  *prometheus.Registry
	metrics   *metrics
	listeners []net.Listener
	notify    notifier
	state     *stateFile
	log       *zap.Logger
	// lapped is closed when each vantage has had its first round.
	lapped chan struct{}
	// textfileFailed tells of the last write; only the loop of rounds uses it.
	textfileFailed bool
}

// New checks the options and opens the listeners; nothing is asked of IMDS yet.
// An unusable option is an [*OptionError].
func New(ctx context.Context, o Options) (*Agent, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := o.checkDaemon(); err != nil {
		return nil, err
	}
	state, saved := openState(o.StateFile, o.Logger)
	all, err := o.probers(state.salt)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.Vantage()
	}
	a := &Agent{
		options:  o,
		probers:  all,
		tracker:  NewTracker(o.Policy, names),
		registry: prometheus.NewRegistry(),
		notify:   newNotifier(o.Timeout),
		state:    state,
		log:      o.Logger,
		lapped:   make(chan struct{}),
	}
	a.tracker.graceUntil = o.GraceUntil
	a.tracker.resume(saved)
	if a.metrics, err = newMetrics(a.registry, a.tracker, o.RuntimeMetrics); err != nil {
		return nil, err
	}
	if o.Web != nil {
		if a.listeners, err = listen(ctx, o.Web); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Tracker returns the state that everything else is a view of.
func (a *Agent) Tracker() *Tracker { return a.tracker }

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
	a.log.Info("imds-probe started", zap.String("event", string(EventStarted)),
		zap.String("version", a.options.Version), zap.String("endpoint", a.options.Endpoint),
		zap.Duration("interval", a.options.Interval), zap.Strings("vantages", a.vantages()), zap.Strings("listening", addrsOf(a.listeners)))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.Go(func() error { return a.measure(ctx) })
	if a.options.Web != nil {
		tasks.Go(func() error { return a.serve(ctx) })
	}
	// What is started last runs first: the server is set up while the first answers
	// are awaited.
	tasks.Go(func() error { return a.rounds(ctx) })
	a.notify.ready()
	err := tasks.Wait()
	a.notify.stopping()
	a.state.save(a.tracker.saved())
	a.log.Info("imds-probe stops", zap.String("event", string(EventStopping)))
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *Agent) vantages() []string {
	names := make([]string, len(a.probers))
	for i, p := range a.probers {
		names[i] = p.Vantage()
	}
	return names
}
