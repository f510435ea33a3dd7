package agent

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
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

// The paths beside --web.telemetry-path.
const (
	pathPage    = "/"
	pathStatus  = "/api/v1/status"
	pathHealthy = "/-/healthy"
	pathReady   = "/-/ready"
)

func reserved(path string) bool {
	return path == pathPage || path == pathStatus || path == pathHealthy || path == pathReady
}

// listen opens the listeners of the flags.
func listen(ctx context.Context, flags *web.FlagConfig) ([]net.Listener, error) {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("systemd has passed no socket")
		}
		if err != nil {
			return nil, &OptionError{"web.systemd-socket", true, err}
		}
		return listeners, nil
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			closeAll(listeners)
			return nil, &OptionError{"web.listen-address", address, err}
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

func addrsOf(listeners []net.Listener) []string {
	addrs := make([]string, len(listeners))
	for i, l := range listeners {
		addrs[i] = l.Addr().String()
	}
	return addrs
}

// serve serves until the context ends, and gives requests under way a moment.
func (a *Agent) serve(ctx context.Context) error {
	server := &http.Server{
		ConnState:         newConnLimit(maxConns).track,
		Handler:           a.Handler(),
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
	err := web.ServeMultiple(a.listeners, server, a.options.Web, slog.New(slog.DiscardHandler))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Handler serves the page, the JSON, the metrics and the two health paths.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", newStatusPage(a.status))
	mux.HandleFunc("GET "+pathStatus, a.serveStatus)
	mux.HandleFunc("GET "+pathHealthy, serveText(http.StatusOK, "healthy\n"))
	mux.HandleFunc("GET "+pathReady, a.serveReady)
	mux.Handle("GET "+a.options.TelemetryPath, promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{
		Registry:           a.registry,
		DisableCompression: true, // costs more memory and time than its few KiB are worth
	}))
	return secureHeaders(inTurn(maxHandlers, mux))
}

// secureHeaders forbids browsers all that no answer needs.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.ContentLength != 0 {
			// Nothing here takes a body. What follows one is not to be taken for a
			// request: a proxy before us may have seen the body's end elsewhere.
			h.Set("Connection", "close")
		}
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

func serveText(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// serveReady tells whether every vantage has been judged once; not whether IMDS
// is well, for a supervisor must not restart the only witness.
func (a *Agent) serveReady(w http.ResponseWriter, r *http.Request) {
	if a.tracker.Snapshot().Ready() {
		serveText(http.StatusOK, "ready\n")(w, r)
		return
	}
	serveText(http.StatusServiceUnavailable, "not ready: not every vantage has been judged once\n")(w, r)
}

func (a *Agent) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = WriteJSON(w, a.status()) // the client is gone if it fails
}

// WriteJSON writes a report or status as people and programs can read it.
func WriteJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
