package main

import (
	"errors"

	"github.com/prometheus/common/version"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

var (
	errTwice       = errors.New("given twice")
	errNotPositive = errors.New("must be positive")
	errPortTaken   = errors.New("another process listens there; name another address, such as --listen=localhost:0")
)

// flagOf has the flags of the agent's options, by the fields that its errors name.
var flagOf = map[string]string{
	"Endpoint":               "imds.endpoint",
	"Timeout":                "probe.timeout",
	"Interval":               "probe.interval",
	"Policy.StallRatio":      "credentials.stall-ratio",
	"Policy.MaxSkew":         "clock.max-skew",
	"TelemetryPath":          "web.telemetry-path",
	"Web.WebListenAddresses": "web.listen-address",
	"Web.WebConfigFile":      "web.config.file",
	"Web.WebSystemdSocket":   "web.systemd-socket",
}

// later is an error about what may be there at the next try, such as a file, a port or
// a capability. It ends the daemon so that systemd tries again.
type later struct{ error }

func (e later) Unwrap() error { return e.error }

// named names the flags in an error of the agent's.
func named(err error) error {
	if e, ok := errors.AsType[*agent.OptionError](err); ok {
		return cli.Invalid("--"+flagOf[e.Field], e.Value, e.Err)
	}
	if e, ok := errors.AsType[*agent.StartError](err); ok {
		return later{cli.Invalid("--"+flagOf[e.Field], e.Value, e.Err)}
	}
	return err
}

// versionText is the version that the linker set, or a word for a build without.
func versionText() string {
	if version.Version == "" {
		return "dev"
	}
	return version.Version
}
