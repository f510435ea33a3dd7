package imdstest

import (
	"net/http"
)

// ServeHTTP implements [http.Handler]. Effects below HTTP need a server that
// lets a handler take the connection over, as net/http's does; Drop and Refuse
// come too late there, and are a silence and a reset.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a := s.answer(requestOf(req))
	if !sleep(req.Context(), a.delay) {
		return
	}
	a.delay = 0
	if a.effect.kind != effectNone {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer conn.Close()
		send(req.Context(), conn, a, req.Method == http.MethodHead)
		return
	}
	for _, h := range a.headers {
		w.Header().Set(h.name, h.value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}
