package nspawn

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// Addresses on the network.
const (
	IMDSAddress    = "169.254.169.254"
	MachineAddress = "169.254.0.2"
)

// Network is a network namespace with the simulator in it.
type Network struct {
	t         testing.TB
	namespace string
	simulator *harness.Process
}

// NewNetwork makes a network without a simulator.
func NewNetwork(t testing.TB) *Network {
	t.Helper()
	harness.NeedRoot(t)
	harness.NeedCommand(t, "ip", "iproute2")
	n := &Network{t: t, namespace: fmt.Sprintf("imds-sim-%d", os.Getpid())}
	Output(t, exec.Command("ip", "netns", "add", n.namespace))
	t.Cleanup(func() { Output(t, exec.Command("ip", "netns", "del", n.namespace)) })
	n.ip("link", "set", "lo", "up")
	n.ip("address", "add", IMDSAddress+"/32", "dev", "lo") // also while no cable is laid
	return n
}

func (n *Network) ip(args ...string) {
	n.t.Helper()
	Output(n.t, exec.Command("ip", append([]string{"-n", n.namespace}, args...)...))
}

// connect lays a cable to a machine. It goes when the machine goes.
func (n *Network) connect(m *Machine) {
	n.t.Helper()
	n.ip("link", "add", "imds", "type", "veth", "peer", "name", "eth0", "netns", m.leader)
	n.ip("address", "add", "169.254.0.1/16", "dev", "imds")
	n.ip("link", "set", "imds", "up")
	m.Run(n.t, "ip", "link", "set", "lo", "up")
	m.Run(n.t, "ip", "address", "add", MachineAddress+"/16", "dev", "eth0")
	m.Run(n.t, "ip", "link", "set", "eth0", "up")
}

// Command returns a command to be run in the simulator's namespace.
func (n *Network) Command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.namespace}, args...)...)
}

// Simulate shows another scenario at IMDS's address.
func (n *Network) Simulate(t testing.TB, scenario string) {
	t.Helper()
	if n.simulator != nil {
		if err := n.simulator.Stop(t, limit); err != nil {
			t.Fatalf("the simulator ended: %v", err)
		}
	}
	n.simulator = harness.StartCmd(n.t, n.Command(harness.Build(t, "imds-probe"), "simulate",
		"--scenario="+scenario, "--listen="+IMDSAddress+":80")) // ends with the network
	n.simulator.AwaitText(t, "http://", limit)
}

// Get asks a machine as Prometheus would, with curl's arguments.
func (n *Network) Get(path string, args ...string) (string, error) {
	out, err := n.Command(append([]string{
		"curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20",
		"http://" + MachineAddress + ":16925" + path,
	}, args...)...).CombinedOutput()
	return string(out), err
}
