package kernel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// world is a host, an IMDS, and what lies between them: a router, or nothing.
type world struct {
	t                  *testing.T // the test with which it ends
	host, router, imds netns
	simulator          *harness.Process
}

// imdsAddresses are those that the agent asks by default.
var imdsAddresses = []string{"169.254.169.254/32", "fd00:ec2::254/128"}

// newRouted makes a world in which the host reaches IMDS through a router.
func newRouted(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, host: newNetns(t, "host"), router: newNetns(t, "router"), imds: newNetns(t, "imds")}
	link(t, w.host, "eth0", w.router, "host")
	link(t, w.router, "imds", w.imds, "eth0")
	addresses(t, w.host, "eth0", "10.1.0.2/24", "fd00:1::2/64")
	addresses(t, w.router, "host", "10.1.0.1/24", "fd00:1::1/64")
	addresses(t, w.router, "imds", "10.2.0.1/24", "fd00:2::1/64")
	addresses(t, w.imds, "eth0", append([]string{"10.2.0.2/24", "fd00:2::2/64"}, imdsAddresses...)...)
	forward(t, w.router)
	w.imds.ip(t, "route add default via 10.2.0.1", "route add default via fd00:2::1")
	w.restoreRoutes(t)
	return w
}

// restoreRoutes makes all ways to IMDS what they are at first.
func (w *world) restoreRoutes(t *testing.T) {
	t.Helper()
	w.host.ip(t, "route replace default via 10.1.0.1", "route replace default via fd00:1::1")
	w.router.ip(t, "route replace 169.254.169.254/32 via 10.2.0.2", "route replace fd00:ec2::254/128 via fd00:2::2")
}

// newBridged makes a world in which the host is next to IMDS, and has a bridge
// for containers, as container runtimes make it.
func newBridged(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, host: newNetns(t, "host"), imds: newNetns(t, "imds")}
	link(t, w.host, "eth0", w.imds, "eth0")
	addresses(t, w.host, "eth0", "10.1.0.2/24", "fd00:1::2/64")
	addresses(t, w.imds, "eth0", append([]string{"10.1.0.1/24", "fd00:1::1/64"}, imdsAddresses...)...)
	w.host.ip(t, "link add bridge0 type bridge", "link set bridge0 up")
	addresses(t, w.host, "bridge0", "10.3.0.1/24", "fd00:3::1/64")
	forward(t, w.host)
	w.host.ip(t, "route add default via 10.1.0.1", "route add default via fd00:1::1")
	w.imds.ip(t, "route add 10.3.0.0/24 via 10.1.0.2", "route add fd00:3::/64 via fd00:1::2")
	return w
}

// container makes a namespace behind the bridge.
func (w *world) container(t *testing.T) netns {
	t.Helper()
	c := newNetns(t, "container")
	w.plug(t, c)
	return c
}

// plug joins a container's namespace to the bridge.
func (w *world) plug(t *testing.T, c netns) {
	t.Helper()
	link(t, c, "eth0", w.host, "veth0")
	w.host.ip(t, "link set veth0 master bridge0")
	addresses(t, c, "eth0", "10.3.0.2/24", "fd00:3::2/64")
	c.ip(t, "route add default via 10.3.0.1", "route add default via fd00:3::1")
}

func addresses(t *testing.T, n netns, device string, list ...string) {
	t.Helper()
	for _, a := range list {
		n.ip(t, fmt.Sprintf("addr add %s dev %s", a, device))
	}
}

// forward makes a namespace a router. The limit of ICMP errors (one a second) is
// lifted, for here all probes come from one address at a rate that no fleet has.
func forward(t *testing.T, n netns) {
	t.Helper()
	n.sysctl(t, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
}

// simulate runs the simulator at IMDS's addresses, in place of one that runs.
func (w *world) simulate(t *testing.T, args ...string) {
	t.Helper()
	w.stopSimulator(t)
	args = append([]string{
		harness.Build(t, "imds-probe"), "simulate", "--listen=169.254.169.254:80", "--listen=[fd00:ec2::254]:80",
	}, args...)
	w.simulator = harness.StartCmd(w.t, w.imds.command(args...))
	w.simulator.AwaitText(t, "[fd00:ec2::254]:80", 10*time.Second)
}

func (w *world) stopSimulator(t *testing.T) {
	t.Helper()
	if w.simulator != nil {
		if err := w.simulator.Stop(t, 10*time.Second); err != nil {
			t.Fatalf("the simulator: %v", err)
		}
		w.simulator = nil
	}
}
