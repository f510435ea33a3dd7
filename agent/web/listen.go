package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// ListenError says which address cannot be listened on; it is empty for the sockets
// of systemd.
type ListenError struct {
	Address string
	Err     error
}

func (e *ListenError) Error() string { return e.Address + ": " + e.Err.Error() }

// Unwrap returns why not.
func (e *ListenError) Unwrap() error { return e.Err }

// CheckAddress refuses the text of an address that nothing can ever listen on.
func CheckAddress(address string) error {
	if strings.Contains(address, "://") {
		return errors.New("not of the form HOST:PORT; only TCP is served")
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("not of the form HOST:PORT")
	}
	if n, err := strconv.Atoi(port); err == nil && (n < 0 || n > 65535) {
		return fmt.Errorf("port %d is not from 0 to 65535", n)
	}
	return nil
}

// Listen opens the listeners of the flags. A failure is a [*ListenError].
func Listen(ctx context.Context, flags *toolkit.FlagConfig) ([]net.Listener, error) {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		listeners, err := passed()
		if err != nil {
			return nil, &ListenError{Err: err}
		}
		return listeners, nil
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			closeAll(listeners)
			return nil, &ListenError{address, err}
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// passed returns the listeners that systemd has passed.
func passed() ([]net.Listener, error) {
	listeners, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, err
	case len(listeners) == 0:
		return nil, errors.New("systemd has passed no socket")
	}
	for _, l := range listeners {
		// activation has nil for what is no stream; a connection it takes for a
		// listener.
		if l == nil || !accepts(l) {
			return nil, errors.New("systemd has passed a socket that is no listener: use ListenStream=, and not Accept=yes")
		}
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}
