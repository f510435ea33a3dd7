package imdstest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// header is one header line; a list of them keeps the order of real answers.
type header struct{ name, value string }

// answer is what IMDS says to one request, and what goes wrong with it.
type answer struct {
	status  int
	headers []header
	body    []byte
	effect  Effect
	delay   time.Duration
	// isToken marks the answer to a token PUT, the only one with a low IP TTL.
	isToken bool
}

const serverName = "EC2ws"

func textAnswer(body string, booted time.Time) answer {
	return answer{
		status: http.StatusOK,
		headers: []header{
			{"Content-Type", "text/plain"},
			{"Accept-Ranges", "none"},
			{"Last-Modified", booted.UTC().Format(http.TimeFormat)},
		},
		body: []byte(body),
	}
}

// errorAnswer is an error with IMDS's own page; 401 has an empty body.
func errorAnswer(status int, extra ...header) answer {
	a := answer{status: status, headers: append([]header{{"Content-Type", "text/html"}}, extra...)}
	if status == http.StatusUnauthorized {
		a.headers = append([]header{{"Content-Type", "text/plain"}}, extra...)
		return a
	}
	a.body = []byte(ErrorPage(status))
	return a
}

// redirect is the answer to a directory without its slash, as it was captured. It
// names the host that was asked, so that no client is led away from the simulator.
func redirect(r request) answer {
	return answer{status: http.StatusMovedPermanently, headers: []header{{"Location", "http://" + r.host + r.path + "/"}}}
}

// code is the status of the answer, or 0 if there is none.
func (a answer) code() int {
	switch a.effect.kind {
	case effectDrop, effectRefuse, effectHang, effectReset, effectClose, effectRaw:
		return 0
	default:
		return a.status
	}
}

// ErrorPage returns the page that IMDS sends with an error status.
func ErrorPage(status int) string {
	title := fmt.Sprintf("%d - %s", status, http.StatusText(status))
	return `<?xml version="1.0" encoding="iso-8859-1"?>` + "\n" +
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"` + "\n" +
		"\t\t " + `"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">` + "\n" +
		`<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">` + "\n" +
		" <head>\n  <title>" + title + "</title>\n </head>\n <body>\n  <h1>" + title + "</h1>\n </body>\n</html>\n"
}

// finish adds the headers that every answer carries.
func (a answer) finish(now time.Time) answer {
	a.headers = append(a.headers,
		header{"Content-Length", strconv.Itoa(len(a.body))},
		header{"Date", now.UTC().Format(http.TimeFormat)},
		header{"Server", serverName},
		header{"Connection", "close"},
	)
	return a
}

// with replaces a header, or adds it.
func (a answer) with(name, value string) answer {
	headers := make([]header, 0, len(a.headers)+1)
	for _, h := range a.headers {
		if !strings.EqualFold(h.name, name) {
			headers = append(headers, h)
		}
	}
	if value != "" {
		headers = append(headers, header{name, value})
	}
	a.headers = headers
	return a
}

// head returns the answer's first bytes, up to the body.
func (a answer) head() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	for _, h := range a.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}
