package kernel_test

import (
	"syscall"
	"testing"
	"time"
)

// toIMDS are the matches of packets to IMDS; each rule is made once for each.
var toIMDS = []string{"ip daddr 169.254.169.254", "ip6 daddr fd00:ec2::254"}

// onHost is a rule on the host's own output.
func onHost(name, verdict string, seen map[family]sight) situation {
	return situation{
		"on the host: " + name,
		func(t *testing.T, w *world) {
			t.Helper()
			w.host.nft(t, "output", toIMDS[0]+" "+verdict, toIMDS[1]+" "+verdict)
		},
		func(t *testing.T, w *world) { t.Helper(); w.host.nft(t, "") },
		seen,
	}
}

// onTheWay is a rule of the router.
func onTheWay(name, rule string, seen map[family]sight) situation {
	return situation{
		"on the way: " + name,
		func(t *testing.T, w *world) { t.Helper(); w.router.nft(t, "forward", rule) },
		func(t *testing.T, w *world) { t.Helper(); w.router.nft(t, "") },
		seen,
	}
}

// hostRoutes changes routes and devices of the host.
func hostRoutes(name string, set, unset []string, seen map[family]sight) situation {
	return situation{
		"on the host: " + name,
		func(t *testing.T, w *world) { t.Helper(); w.host.ip(t, set...) },
		func(t *testing.T, w *world) { t.Helper(); w.host.ip(t, unset...); w.restoreRoutes(t) },
		seen,
	}
}

// hostRoute adds a route of a kind that leads nowhere.
func hostRoute(kind string, seen map[family]sight) situation {
	route := func(verb string) []string {
		return []string{"route " + verb + " " + kind + " 169.254.169.254/32", "route " + verb + " " + kind + " fd00:ec2::254/128"}
	}
	return hostRoutes(kind+" route", route("add"), route("del"), seen)
}

// routerRoute replaces the router's route to IMDS by one of a kind that leads
// nowhere; the empty kind takes it away.
func routerRoute(name, kind string, seen map[family]sight) situation {
	set := []string{"route del 169.254.169.254/32", "route del fd00:ec2::254/128"}
	var unset []string
	if kind != "" {
		set = append(set, "route add "+kind+" 169.254.169.254/32", "route add "+kind+" fd00:ec2::254/128")
		unset = []string{"route del " + kind + " 169.254.169.254/32", "route del " + kind + " fd00:ec2::254/128"}
	}
	return situation{
		"on the way: " + name,
		func(t *testing.T, w *world) { t.Helper(); w.router.ip(t, set...) },
		func(t *testing.T, w *world) {
			t.Helper()
			w.router.ip(t, append(unset, "route flush cache")...)
			w.restoreRoutes(t)
		},
		seen,
	}
}

// hostSituations are in the host's own packet filter, routes and devices.
func hostSituations() []situation {
	refusedLate := blocked("connect_refused", "ECONNREFUSED", atRetransmit)
	hostLate := blocked("host_unreachable", "EHOSTUNREACH", atRetransmit)
	networkLate := blocked("network_unreachable", "ENETUNREACH", atRetransmit)
	deniedLate := blocked("not_permitted", "EACCES", atRetransmit)
	host := blocked("host_unreachable", "EHOSTUNREACH", immediate)
	network := blocked("network_unreachable", "ENETUNREACH", immediate)
	return []situation{
		onHost("drop", "drop", both(silence)),
		onHost("reject with tcp reset", "tcp dport 80 reject with tcp reset", both(refused)),
		onHost("reject, port-unreachable", "reject with icmpx type port-unreachable", each(refused, refusedLate)),
		onHost("reject, admin-prohibited", "reject with icmpx type admin-prohibited", each(host, deniedLate)),
		onHost("reject, host-unreachable", "reject with icmpx type host-unreachable", each(host, hostLate)),
		onHost("reject, no-route", "reject with icmpx type no-route", each(network, networkLate)),
		{
			"on the host: reject, prot-unreachable",
			func(t *testing.T, w *world) {
				t.Helper()
				w.host.nft(t, "output", toIMDS[0]+" reject with icmp type prot-unreachable")
			},
			func(t *testing.T, w *world) { t.Helper(); w.host.nft(t, "") },
			map[family]sight{ipv4: blocked("host_unreachable", "ENOPROTOOPT", immediate)},
		},
		hostRoutes("no route", []string{"route del default via 10.1.0.1", "route del default via fd00:1::1"}, nil, both(network)),
		hostRoutes("interface down", []string{"link set eth0 down"}, []string{"link set eth0 up"}, both(network)),
		hostRoute("blackhole", both(blocked("network_unreachable", "EINVAL", immediate))),
		hostRoute("unreachable", both(host)),
		hostRoute("prohibit", both(blocked("not_permitted", "EACCES", immediate))),
		{
			"on the host: IPv6 disabled",
			func(t *testing.T, w *world) { t.Helper(); w.host.sysctl(t, "net.ipv6.conf.all.disable_ipv6=1") },
			func(t *testing.T, w *world) {
				t.Helper()
				w.host.sysctl(t, "net.ipv6.conf.all.disable_ipv6=0")
				addresses(t, w.host, "eth0", "fd00:1::2/64")
				w.restoreRoutes(t)
			},
			map[family]sight{ipv6: blocked("network_unreachable", "EADDRNOTAVAIL", immediate)},
		},
	}
}

// waySituations are in the packet filter and the routes of a router.
func waySituations() []situation {
	// Over devices as near as these an error is there before connect(2) waits.
	refusedLate := blocked("connect_refused", "ECONNREFUSED", atRetransmit)
	host := blocked("host_unreachable", "EHOSTUNREACH", immediate)
	hostLate := blocked("host_unreachable", "EHOSTUNREACH", atRetransmit)
	networkLate := blocked("network_unreachable", "ENETUNREACH", atRetransmit)
	network := each(blocked("network_unreachable", "ENETUNREACH", immediate), networkLate)
	prohibited := each(host, blocked("not_permitted", "EACCES", atRetransmit))
	return []situation{
		onTheWay("drop", "tcp dport 80 drop", both(silence)),
		onTheWay("reject with tcp reset", "tcp dport 80 reject with tcp reset", both(refused)),
		onTheWay("reject, port-unreachable", "tcp dport 80 reject with icmpx type port-unreachable", each(refused, refusedLate)),
		onTheWay("reject, admin-prohibited", "tcp dport 80 reject with icmpx type admin-prohibited", prohibited),
		onTheWay("reject, host-unreachable", "tcp dport 80 reject with icmpx type host-unreachable", each(host, hostLate)),
		onTheWay("reject, no-route", "tcp dport 80 reject with icmpx type no-route", network),
		routerRoute("blackhole route", "blackhole", both(silence)),
		routerRoute("unreachable route", "unreachable", each(host, networkLate)), // ICMPv6 says no route
		routerRoute("prohibit route", "prohibit", prohibited),
		routerRoute("no route", "", network),
	}
}

// openSituations let a connection be made, or are of IMDS itself.
func openSituations() []situation {
	silent := both(sight{verdict{"imds_error", "answer_timeout"}, "", "answer", 2 * time.Second})
	signal := func(s syscall.Signal) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			t.Helper()
			if err := w.simulator.Cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	restart := func(args ...string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { t.Helper(); w.simulate(t, args...) }
	}
	return []situation{
		{"IMDS: nobody listens", func(t *testing.T, w *world) { t.Helper(); w.stopSimulator(t) }, restart(), both(refused)},
		{"IMDS: stopped (SIGSTOP); the kernel answers SYNs", signal(syscall.SIGSTOP), signal(syscall.SIGCONT), silent},
		onTheWay("requests dropped, SYNs are not", "tcp dport 80 tcp flags & psh == psh drop", silent),
		onTheWay("answers dropped, SYN-ACKs are not", "tcp sport 80 tcp flags & psh == psh drop", silent),
		onTheWay("requests rejected with icmp, SYNs are not", "tcp dport 80 tcp flags & psh == psh reject with icmpx type admin-prohibited", silent),
		onTheWay("requests rejected with tcp reset, SYNs are not", "tcp dport 80 tcp flags & psh == psh reject with tcp reset",
			both(sight{verdict{"imds_error", "connection_reset"}, "ECONNRESET", "answer", immediate})),
		{
			"on the way: a router, and a hop limit of 1", restart("--hop-limit=1"), restart(),
			both(sight{verdict{"hop_limit_too_low", "token_answer_lost"}, "", "answer", time.Second}),
		},
	}
}

func TestFirewallOnHost(t *testing.T) {
	t.Parallel()
	prove(t, newRouted(t), hostSituations())
}

func TestFirewallOnTheWay(t *testing.T) {
	t.Parallel()
	prove(t, newRouted(t), waySituations())
}

func TestHalfOpen(t *testing.T) {
	t.Parallel()
	prove(t, newRouted(t), openSituations())
}
