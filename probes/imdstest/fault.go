package imdstest

import (
	"net/http"
	"strconv"
	"strings"
)

// Fault is something that goes wrong with some requests.
type Fault struct {
	// Method and Path say which; the empty string stands for all. Path is that
	// below /latest/; one that ends in * stands for all that begin so.
	Method, Path string
	// Times limits how often it happens after the scenario was set; 0 is always.
	Times int
	// Status replaces the answer by IMDS's page of that status; 0 leaves it.
	Status int
	// Server replaces the Server header; "none" removes it.
	Server string
	// Header is set on the answer, as "Name: value".
	Header string
	// Body replaces the body, with its length.
	Body *string
	// Effect is what goes wrong below HTTP.
	Effect Effect
}

func (f Fault) matches(r request) bool {
	path := strings.TrimPrefix(r.path, "/latest/")
	prefix, isPrefix := strings.CutSuffix(f.Path, "*")
	return (f.Method == "" || f.Method == r.method) &&
		(f.Path == "" || f.Path == path || isPrefix && strings.HasPrefix(path, prefix))
}

func (f Fault) apply(a answer) answer {
	if f.Status != 0 {
		page := errorAnswer(f.Status)
		a.status, a.body = f.Status, page.body
		a = a.with("Content-Type", "text/html").with("Content-Length", strconv.Itoa(len(a.body)))
	}
	if f.Body != nil {
		a.body = []byte(*f.Body)
		a = a.with("Content-Length", strconv.Itoa(len(a.body)))
	}
	switch f.Server {
	case "":
	case "none":
		a = a.with("Server", "")
	default:
		a = a.with("Server", f.Server)
	}
	if name, value, ok := strings.Cut(f.Header, ": "); ok {
		a = a.with(http.CanonicalHeaderKey(name), value)
	}
	a.effect = f.Effect
	return a
}
