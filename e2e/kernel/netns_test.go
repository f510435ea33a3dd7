package kernel_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// netns is a network namespace, by its name. The name tells which test process
// made it, so that a later run can remove what a crashed one left.
type netns string

const netnsPrefix = "imdsprobe-"

var netnsCount atomic.Int64

// newNetns makes a network namespace that ends with the test.
func newNetns(t *testing.T, role string) netns {
	t.Helper()
	need(t)
	n := netns(fmt.Sprintf("%s%d-%d-%s", netnsPrefix, os.Getpid(), netnsCount.Add(1), role))
	t.Cleanup(func() { _ = n.remove() })
	n.make(t)
	return n
}

// make makes the namespace, and brings its loopback device up.
func (n netns) make(t *testing.T) {
	t.Helper()
	mustRun(t, exec.Command("ip", "netns", "add", string(n)))
	n.ip(t, "link set lo up")
	n.sysctl(t, "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.keep_addr_on_down=1")
}

// remove kills what runs in the namespace and removes it.
func (n netns) remove() error {
	pids, _ := exec.Command("ip", "netns", "pids", string(n)).Output()
	for field := range strings.FieldsSeq(string(pids)) {
		if pid, err := strconv.Atoi(field); err == nil && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return exec.Command("ip", "netns", "del", string(n)).Run()
}

// path is what --vantage=netns: takes.
func (n netns) path() string { return "/run/netns/" + string(n) }

// command returns a command that runs in the namespace.
func (n netns) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", string(n)}, args...)...)
}

// run runs a command in the namespace.
func (n netns) run(t *testing.T, args ...string) string {
	t.Helper()
	return mustRun(t, n.command(args...))
}

// ip runs commands of ip(8) in the namespace.
func (n netns) ip(t *testing.T, commands ...string) {
	t.Helper()
	cmd := exec.Command("ip", "-n", string(n), "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	mustRun(t, cmd)
}

// nft replaces the packet filter of the namespace by a chain of rules; none
// leaves it empty.
func (n netns) nft(t *testing.T, hook string, rules ...string) {
	t.Helper()
	ruleset := "flush ruleset\n"
	if len(rules) > 0 {
		ruleset += fmt.Sprintf("table inet test { chain test { type filter hook %s priority 0; %s; }; }\n", hook, strings.Join(rules, "; "))
	}
	cmd := n.command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(ruleset)
	mustRun(t, cmd)
}

// dropped adds up the packets that the rules with a counter have dropped.
func (n netns) dropped(t *testing.T) (packets int) {
	t.Helper()
	out, err := n.command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, m := range regexp.MustCompile(`counter packets (\d+)`).FindAllSubmatch(out, -1) {
		count, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		packets += count
	}
	return packets
}

func (n netns) sysctl(t *testing.T, settings ...string) {
	t.Helper()
	n.run(t, append([]string{"sysctl", "-qw"}, settings...)...)
}

// link joins two namespaces by a pair of devices.
func link(t *testing.T, a netns, deviceA string, b netns, deviceB string) {
	t.Helper()
	a.ip(t, fmt.Sprintf("link add %s type veth peer name %s netns %s", deviceA, deviceB, b), "link set "+deviceA+" up")
	b.ip(t, "link set "+deviceB+" up")
}

func mustRun(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	return out.String()
}

// removeLeftovers removes the namespaces of test processes that are gone.
func removeLeftovers() {
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), netnsPrefix)
		pid, _, _ := strings.Cut(rest, "-")
		if _, err := os.Stat("/proc/" + pid); ours && err != nil {
			_ = netns(e.Name()).remove()
		}
	}
}

// moveDevice moves a device from where the test runs into a namespace.
func moveDevice(t *testing.T, device string, to netns, name string) {
	t.Helper()
	mustRun(t, exec.Command("ip", "link", "set", device, "netns", string(to), "name", name))
}
