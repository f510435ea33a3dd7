package imdstest

import (
	"net/http"
	"slices"
	"strings"
)

// served is an instance with its tree.
type served struct {
	Instance
	tree tree
}

func serve(i Instance) served { return served{i, i.tree()} }

// answer answers a GET that may be answered.
func (s served) answer(r request, at moment) answer {
	if r.path == "/" {
		return textAnswer(strings.Join(versions, "\n"), at.boot)
	}
	version, path, _ := strings.Cut(r.path[1:], "/")
	if !slices.Contains(versions, version) {
		return errorAnswer(http.StatusNotFound)
	}
	path = strings.TrimSuffix(path, "/")
	if body, ok := s.tree[path]; ok {
		return textAnswer(body(at), at.boot)
	}
	if path != "" {
		path += "/"
	}
	listing := s.tree.list(path)
	switch {
	case listing == nil:
		return errorAnswer(http.StatusNotFound)
	case s.SlashRedirect && !strings.HasSuffix(r.path, "/"):
		return redirect(r)
	}
	return textAnswer(listing(at), at.boot)
}

// below returns the part of a path below its version.
func below(path string) string {
	_, rest, _ := strings.Cut(strings.TrimLeft(path, "/"), "/")
	return rest
}
