// Package conntrack stands in for github.com/mwitkow/go-conntrack: it has what
// prometheus/common's HTTP client calls, and neither counts nor traces.
//
// exporter-toolkit needs prometheus/common/config for the names of its secrets
// alone, and with it comes a client that nothing here ever makes. The original
// registers /debug/requests on the default mux and metrics on the default
// registry when it is merely linked, and its tracer executes templates: from
// there the linker takes any method of any type to be called by name, and keeps
// them all, an eighth of the daemon. See ARCHITECTURE.md, Decisions.
package conntrack

import (
	"context"
	"net"
)

// DialContextFunc dials as [net.Dialer.DialContext] does.
type DialContextFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Option changes how a dialer dials.
type Option func(*DialContextFunc)

// DialWithDialContextFunc dials by that function.
func DialWithDialContextFunc(dial DialContextFunc) Option {
	return func(d *DialContextFunc) { *d = dial }
}

// DialWithName names the dialer, which nothing here tells apart.
func DialWithName(string) Option { return func(*DialContextFunc) {} }

// DialWithTracing traces nothing here.
func DialWithTracing() Option { return func(*DialContextFunc) {} }

// NewDialContextFunc returns the last function that the options give, or else
// the system's.
func NewDialContextFunc(options ...Option) func(context.Context, string, string) (net.Conn, error) {
	dial := DialContextFunc((&net.Dialer{}).DialContext)
	for _, change := range options {
		change(&dial)
	}
	return dial
}
