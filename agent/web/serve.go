package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/sync/errgroup"
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

// Serve serves until the context ends, gives requests under way a moment, and
// returns when the last one has ended.
func Serve(ctx context.Context, listeners []net.Listener, handler http.Handler, flags *toolkit.FlagConfig) error {
	limits := newLimits()
	servers, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		// The toolkit changes the server that it is given, so each listener has its own.
		server := newServer(guardHost(l.Addr(), *flags.WebListenAddresses, handler), limits)
		servers.Go(func() error { return serve(ctx, helloListener{l, limits.hellos}, server, flags) })
	}
	err := servers.Wait()
	limits.conns.wait()
	return err
}

// limits are what all listeners share.
type limits struct {
	conns    *connLimit
	requests *requestLimit
	hellos   *turns
}

func newLimits() limits {
	return limits{conns: newConnLimit(maxConns), requests: newRequestLimit(), hellos: newTurns(1)}
}

func newServer(handler http.Handler, l limits) *http.Server {
	server := &http.Server{
		ConnState:         l.conns.track,
		ConnContext:       whileOpen,
		Handler:           handler,
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	// A connection of HTTP/2 carries any number of answers that nobody reads, so that
	// a limit of connections would be none. Prometheus asks one thing at a time.
	server.Protocols.SetHTTP1(true)
	server.BaseContext = func(net.Listener) context.Context {
		// The toolkit has put its check of passwords, which costs more than any answer,
		// around the handler by now, and no request has come yet.
		server.Handler = l.requests.limit(server.Handler)
		return context.Background()
	}
	return server
}

// serve serves one listener until the context ends, and then shuts the server down.
func serve(ctx context.Context, l net.Listener, server *http.Server, flags *toolkit.FlagConfig) error {
	down := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(down)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	err := toolkit.Serve(l, server, flags, slog.New(slog.DiscardHandler))
	if !stop() {
		<-down
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
