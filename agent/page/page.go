package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/agent/report"
)

// The page is one answer: its style and script are part of it, so that a saved
// copy is whole, and a slow tunnel is crossed once.
var (
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// Page serves the status as a page.
type Page struct {
	policy string
	status func() report.Status
}

// New returns the page of what status returns at each request.
func New(status func() report.Status) *Page {
	return &Page{
		status: status,
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
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	view := newPageView(p.status(), time.Now())
	part := view.document
	if r.URL.RawQuery == "live" {
		part = view.main
	}
	header := w.Header()
	header.Set("Content-Security-Policy", p.policy)
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	_ = part().Render(validWriter{w}) // the client is gone if it fails
}

// validWriter puts U+FFFD in the place of what is not UTF-8: the names of hosts
// and users, and flags, can be any bytes.
type validWriter struct{ io.Writer }

// WriteString implements [io.StringWriter]; every text comes through it, whole.
func (w validWriter) WriteString(text string) (int, error) {
	return io.WriteString(w.Writer, strings.ToValidUTF8(text, "\uFFFD"))
}
