package browser_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestVantages wants vantages side by side, each with its own verdict and advice,
// and the worst of them as that of the page.
func TestVantages(t *testing.T) {
	blocked := "netns:" + namespace(t)
	i, b := watch(t, imdstest.MustFind("healthy"), "--vantage=host", "--vantage="+blocked), open(t)
	i.await(t, probes.ConditionFirewallBlocked) // a new namespace has no route
	b.visit(t, i.page())
	want := []string{"From host: healthy", "From " + blocked + ": firewall_blocked"}
	cards := eval[[]string](t, b, `[...document.querySelectorAll(".vantage")].map((v) => v.querySelector("h2").innerText + ": " + v.querySelector(".badge code").innerText)`)
	if diff := cmp.Diff(want, cards); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if condition := eval[string](t, b, `document.querySelector("#condition").innerText`); condition != "firewall_blocked" {
		t.Errorf("the page's condition is %q", condition)
	}
	i.change(t, imdstest.MustFind("credentials_expired"))
	b.await(t, `document.querySelectorAll(".advice .badge").length === 2`)
	titles := eval[[]string](t, b, `[...document.querySelectorAll(".advice .badge")].map((p) => p.innerText)`)
	want = []string{
		probes.Explain(probes.ConditionCredentialsExpired).Title + " (host)",
		probes.Explain(probes.ConditionFirewallBlocked).Title + " (" + blocked + ")",
	}
	if diff := cmp.Diff(want, titles); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	source := axe(t)
	for _, width := range []int64{360, 1440} {
		b.look(t, width, "dark")
		b.wantFits(t, "two vantages")
		b.wantAccessible(t, source)
	}
	b.wantQuiet(t)
}

// namespace makes a network namespace for the test and returns its path.
func namespace(t *testing.T) string {
	t.Helper()
	harness.NeedRoot(t)
	ip, name := harness.NeedCommand(t, "ip", "iproute2"), fmt.Sprintf("imds-probe-browser-%d", os.Getpid())
	if out, err := exec.CommandContext(t.Context(), ip, "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("no network namespace: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(ip, "netns", "delete", name).Run() })
	return "/run/netns/" + name
}

// TestDemo wants the demo to stay in the scenario that is asked for and to say so
// on its page, to name its own flag when its port is taken, and to end at once.
func TestDemo(t *testing.T) {
	demo := harness.Start(t, harness.Build(t, "imds-probe"), "demo", "--scenario=firewall_reject", "--listen=127.0.0.1:0")
	line := demo.AwaitText(t, "http://", patience)
	page := line[strings.Index(line, "http://"):]
	demo.AwaitText(t, "── firewall_reject until Ctrl-C ──", patience)
	b := open(t)
	b.visit(t, page)
	b.await(t, `document.querySelector("#condition").innerText === "firewall_blocked"`)
	banner := eval[string](t, b, `document.querySelector(".banner").innerText`)
	if want := "Demo: a simulated instance in the scenario “firewall_reject” – "; !strings.HasPrefix(banner, want) {
		t.Errorf("the banner says %q", banner)
	}
	demo.AwaitText(t, "unknown → firewall_blocked", patience)
	demo.AwaitText(t, "First: Look for packet-filter rules", patience)

	taken := harness.Start(t, harness.Build(t, "imds-probe"), "demo", "--listen="+strings.TrimPrefix(page, "http://"))
	taken.AwaitText(t, "another process listens there", patience)
	want := "imds-probe: --listen=" + strings.TrimPrefix(page, "http://") + ": another process listens there; name another address, such as --listen=localhost:0"
	if diff := cmp.Diff([]string{want}, taken.Lines()); diff != "" {
		t.Errorf("-want +printed:\n%s", diff)
	}

	b.wantQuiet(t)
	if err := demo.Cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := demo.Stop(t, patience); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
}
