package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guardHost refuses requests for other hosts than this one where a listener is on
// loopback: a page of the web whose name its owner makes resolve to 127.0.0.1 (DNS
// rebinding) would else be let read, by the browser of who runs it, what only
// processes of this host shall. Names that the operator gave to listen on are
// ours; an address cannot be rebound.
func guardHost(at net.Addr, listenOn []string, next http.Handler) http.Handler {
	if tcp, ok := at.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	var ours []string
	for _, address := range listenOn {
		ours = append(ours, hostOf(address))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r.Host); !isLocal(host) && !slices.Contains(ours, host) {
			http.Error(w, "this listener is for this host alone: ask for localhost", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns the host of a Host header or of an address to listen on.
func hostOf(hostPort string) string {
	if name, _, err := net.SplitHostPort(hostPort); err == nil {
		hostPort = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(hostPort, "[]")), ".")
}

// isLocal tells whether a host is an address, or a name that no DNS server is asked
// for (RFC 6761). Without a host, no browser asks.
func isLocal(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
