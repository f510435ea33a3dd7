package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Limits of the server: it must stay up for the real Prometheus, whoever else
// connects.
const (
	maxHeaderBytes = 16 << 10
	headerTimeout  = 5 * time.Second
	writeTimeout   = 20 * time.Second
	idleTimeout    = time.Minute
	stopTimeout    = time.Second
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

// Listen opens the listeners of the flags. A failure is a [*ListenError].
func Listen(ctx context.Context, flags *toolkit.FlagConfig) ([]net.Listener, error) {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("systemd has passed no socket")
		}
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

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// Serve serves until the context ends, and gives requests under way a moment.
func Serve(ctx context.Context, listeners []net.Listener, handler http.Handler, flags *toolkit.FlagConfig) error {
	server := &http.Server{
		ConnState:         newConnLimit(maxConns).track,
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	defer stop()
	err := toolkit.ServeMultiple(listeners, server, flags, slog.New(slog.DiscardHandler))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
