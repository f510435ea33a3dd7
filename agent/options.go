package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent/web"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/ladder"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// Options configures an [Agent] and [Check].
type Options struct {
	// Endpoint is the base URL of IMDS.
	Endpoint string
	// Interval is the time between rounds, Timeout the limit of each request.
	Interval, Timeout time.Duration
	// GraceUntil is until when a bad first verdict is not taken for true, since the
	// host has only just booted; the zero value is no grace.
	GraceUntil time.Time
	// Policy is what answers are judged by.
	Policy probes.Policy
	// Vantages are from where rounds look; none means the host.
	Vantages []wire.Vantage

	// HopLimit measures the hop limit of token answers, at start and then hourly.
	HopLimit bool
	// V1 asks hourly whether requests without a token are answered.
	V1 bool

	// Web configures the listener; nil serves nothing.
	Web *toolkit.FlagConfig
	// TelemetryPath is the path of the metrics.
	TelemetryPath string
	// RuntimeMetrics adds the metrics of the Go runtime.
	RuntimeMetrics bool
	// TextfilePath is a file for node_exporter's textfile collector; empty for none.
	TextfilePath string

	// StateFile keeps the state over a restart; empty for none.
	StateFile string

	// Logger takes the events.
	Logger *zap.Logger
	// LinesDropped counts the log lines that were not written; nil is none.
	LinesDropped func() uint64
	// Host is the host's name, from which the phase of its rounds is taken.
	Host string
	// Version is shown on the page and in the log.
	Version string
	// Banner says above the page what is special about this agent; nil for nothing.
	Banner func() string

	// Rest is called once an interval, when a round has ended and none is due; nil
	// does nothing.
	Rest func()

	// HTTPClient takes the place of the network, for tests.
	HTTPClient imds.HTTPClient
	// Drops reads the link-local drop counters of the host's devices; nil reads none.
	Drops func() map[string]uint64
}

// OptionError says which field of [Options] has an unusable value.
type OptionError struct {
	Field string
	Value any
	Err   error
}

func (e *OptionError) Error() string { return fmt.Sprintf("%s=%v: %v", e.Field, e.Value, e.Err) }

// Unwrap returns what is wrong with the value.
func (e *OptionError) Unwrap() error { return e.Err }

// StartError says which field names something that cannot be had at the moment, such
// as a file, a port or a capability: the next try may succeed.
type StartError OptionError

func (e *StartError) Error() string { return (*OptionError)(e).Error() }

// Unwrap returns why not.
func (e *StartError) Unwrap() error { return e.Err }

// minTimeout is the shortest time in which a request can be tried by several SYNs.
const minTimeout = 10 * time.Millisecond

// check checks the options that all commands share.
func (o Options) check() error {
	switch {
	case o.Timeout < minTimeout:
		return &OptionError{"Timeout", o.Timeout, fmt.Errorf("must be at least %v", minTimeout)}
	case o.Policy.StallRatio < 0 || o.Policy.StallRatio >= 1 || o.Policy.StallRatio != o.Policy.StallRatio:
		return &OptionError{"Policy.StallRatio", o.Policy.StallRatio, errors.New("must be from 0 to below 1")}
	case o.Policy.MaxSkew < 0:
		return &OptionError{"Policy.MaxSkew", o.Policy.MaxSkew, errors.New("must not be negative")}
	}
	if err := ladder.CheckEndpoint(o.Endpoint); err != nil {
		return &OptionError{"Endpoint", o.Endpoint, err}
	}
	return nil
}

// ladder are the options of what asks IMDS.
func (o Options) ladder() ladder.Options {
	return ladder.Options{Endpoint: o.Endpoint, Timeout: o.Timeout, Policy: o.Policy, HTTPClient: o.HTTPClient, Drops: o.Drops}
}

// probers makes a prober for each vantage.
func (o Options) probers(salt probes.Salt) ([]*ladder.Prober, error) {
	vantages := o.Vantages
	if len(vantages) == 0 {
		vantages = []wire.Vantage{wire.HostVantage()}
	}
	all := make([]*ladder.Prober, len(vantages))
	for i, v := range vantages {
		var err error
		options := o.ladder()
		options.Vantage, options.Salt = v, salt
		if all[i], err = ladder.New(options); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// maxInterval is the longest time between rounds: after ten minutes without one,
// IMDSProbeStale takes an agent for stuck.
const maxInterval = 5 * time.Minute

// checkDaemon checks the options that only the daemon has.
func (o Options) checkDaemon() error {
	switch {
	case o.Interval <= 0:
		return &OptionError{"Interval", o.Interval, errors.New("must be positive")}
	case o.Interval > maxInterval:
		return &OptionError{"Interval", o.Interval, fmt.Errorf("must not be above %v, or IMDSProbeStale takes the agent for stuck", maxInterval)}
	case o.Interval < o.Timeout:
		return &OptionError{"Interval", o.Interval, fmt.Errorf("must not be below the limit of a request, %v", o.Timeout)}
	case o.Web != nil && (len(o.TelemetryPath) < 2 || o.TelemetryPath[0] != '/' || web.Reserved(o.TelemetryPath)):
		return &OptionError{"TelemetryPath", o.TelemetryPath, errors.New("must be a path of its own, such as /metrics")}
	}
	if o.Web != nil {
		for _, address := range *o.Web.WebListenAddresses {
			if err := web.CheckAddress(address); err != nil {
				return &OptionError{"Web.WebListenAddresses", address, err}
			}
		}
		if err := toolkit.Validate(*o.Web.WebConfigFile); err != nil {
			return &StartError{"Web.WebConfigFile", *o.Web.WebConfigFile, err}
		}
	}
	return nil
}

// listenError names the field of an address that cannot be listened on.
func listenError(err error) error {
	failed, ok := errors.AsType[*web.ListenError](err)
	switch {
	case !ok:
		return err
	case failed.Address == "":
		return &StartError{"Web.WebSystemdSocket", true, failed.Err}
	}
	return &StartError{"Web.WebListenAddresses", failed.Address, failed.Err}
}
