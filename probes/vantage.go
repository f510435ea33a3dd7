package probes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// A Vantage is from where a round looks at IMDS: the host itself, a user of it,
// or a network namespace.
type Vantage interface {
	// Name returns the vantage as the flag --vantage has it: host, user:NAME or
	// netns:PATH.
	Name() string
	// Dial makes a connection as seen from the vantage. It returns an error that
	// is [ErrVantageGone] if the vantage does not exist at the moment.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

var (
	// ErrVantageGone means that a vantage's user or network namespace does not
	// exist at the moment.
	ErrVantageGone = errors.New("vantage does not exist")
	// ErrVantageDenied means that this process lacks a capability that a vantage
	// needs.
	ErrVantageDenied = errors.New("vantage not permitted")
)

// ParseVantage reads a vantage from its name, and makes sure that this process
// may look from there and that it exists.
func ParseVantage(name string) (Vantage, error) {
	kind, arg, _ := strings.Cut(name, ":")
	switch {
	case name == "host":
		return hostVantage{dialer()}, nil
	case kind == "user" && arg != "":
		return newUserVantage(arg)
	case kind == "netns" && arg != "":
		return newNetnsVantage(arg)
	}
	return nil, fmt.Errorf("not host, user:NAME or netns:PATH: %q", name)
}

// HostVantage returns the vantage of this process.
func HostVantage() Vantage { return hostVantage{dialer()} }

// hostVantage looks from where the process is.
type hostVantage struct{ dialer *net.Dialer }

func (hostVantage) Name() string { return "host" }

func (v hostVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return v.dialer.DialContext(ctx, network, address)
}

// dialer returns the dialer of all vantages. It tries addresses one after
// another, so that it makes its socket on the calling thread, and asks for no
// keep-alive, since no connection outlives its one exchange.
func dialer() *net.Dialer {
	return &net.Dialer{FallbackDelay: -1, KeepAlive: -1}
}
