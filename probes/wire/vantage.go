package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"
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
// may look from there. The vantage need not exist yet: users and namespaces come
// and go, and the host must be watched while they are not there.
func ParseVantage(name string) (Vantage, error) {
	kind, arg, _ := strings.Cut(name, ":")
	switch {
	case !utf8.ValidString(name):
		return nil, fmt.Errorf("not valid UTF-8: %q", name)
	case name == "host":
		return HostVantage(), nil
	case kind == "user" && arg != "":
		return unlessGone(newUserVantage(arg))
	case kind == "netns" && arg != "":
		return unlessGone(newNetnsVantage(arg))
	}
	return nil, fmt.Errorf("not host, user:NAME or netns:PATH: %q", name)
}

func unlessGone(v Vantage, err error) (Vantage, error) {
	if errors.Is(err, ErrVantageGone) {
		err = nil
	}
	return v, err
}

// HostVantage returns the vantage of this process.
func HostVantage() Vantage { return hostVantage{} }

// hostVantage looks from where the process is.
type hostVantage struct{}

func (hostVantage) Name() string { return "host" }

func (hostVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return dial(ctx, network, address)
}
