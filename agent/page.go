package agent

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"
)

// The page is one answer: its style and script are part of it, so that a saved
// copy is whole, and a slow tunnel is crossed once.
var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// statusPage renders the status page.
type statusPage struct {
	template *template.Template
	policy   string
	status   func() Status
}

// newStatusPage parses the template, once for all requests.
func newStatusPage(status func() Status) *statusPage {
	parsed := template.Must(template.New("").Funcs(template.FuncMap{
		"css": func() template.CSS { return template.CSS(pageCSS) }, //nolint:gosec // G203: embedded
		"js":  func() template.JS { return template.JS(pageJS) },    //nolint:gosec // G203: embedded
	}).Parse(pageHTML))
	return &statusPage{
		template: parsed,
		status:   status,
		policy: "default-src 'none'; style-src " + sourceHash(pageCSS) + "; script-src " + sourceHash(pageJS) +
			"; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

// sourceHash lets a browser take exactly this text, and nothing injected.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP serves the page, or with the query "live" only the part that the
// page's own script replaces.
func (p *statusPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := "page"
	if r.URL.RawQuery == "live" {
		part = "main"
	}
	var out bytes.Buffer
	if err := p.template.ExecuteTemplate(&out, part, newPageView(p.status(), time.Now())); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", p.policy)
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes()) // the client is gone if it fails
}
