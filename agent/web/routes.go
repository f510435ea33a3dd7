package web

import (
	"io"
	"net/http"

	"github.com/imds-probe/imds-probe/agent/report"
)

// The paths beside that of the metrics and [report.Path].
const (
	pathPage    = "/"
	pathHealthy = "/-/healthy"
	pathReady   = "/-/ready"
)

// Reserved tells whether a path is taken, so that the metrics cannot be there.
func Reserved(path string) bool {
	return path == pathPage || path == report.Path || path == pathHealthy || path == pathReady
}

// Routes are the answers that [Handler] serves.
type Routes struct {
	Page http.Handler
	// Metrics is served at MetricsPath.
	Metrics     http.Handler
	MetricsPath string
	Status      func() report.Status
	// Ready tells whether every vantage has been judged once.
	Ready func() bool
}

// Handler serves the page, the JSON, the metrics and the two health paths.
func Handler(routes Routes) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", routes.Page)
	mux.HandleFunc("GET "+report.Path, routes.serveStatus)
	mux.HandleFunc("GET "+pathHealthy, serveText(http.StatusOK, "healthy\n"))
	mux.HandleFunc("GET "+pathReady, routes.serveReady)
	mux.Handle("GET "+routes.MetricsPath, routes.Metrics)
	return secureHeaders(mux)
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
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
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
// is healthy: a supervisor must not restart the one process that can explain the outage.
func (routes Routes) serveReady(w http.ResponseWriter, r *http.Request) {
	if routes.Ready() {
		serveText(http.StatusOK, "ready\n")(w, r)
		return
	}
	serveText(http.StatusServiceUnavailable, "not ready: not every vantage has been judged once\n")(w, r)
}

func (routes Routes) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = report.WriteJSON(w, routes.Status()) // the client is gone if it fails
}
