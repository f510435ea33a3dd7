package browser_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// stops says at which step of the ladder each scenario's cause shows; scenarios
// that are healthy stand under "".
var stops = map[string]string{
	"": "healthy imdsv1_enabled redirect_to_slash extended_credentials slow blip absent_as_expected life_unknown known_proxy",
	"token": "firewall_drop firewall_reject hop_limit_too_low imds_disabled token_forbidden token_bad_request token_not_found " +
		"token_method_not_allowed token_throttled token_malformed token_empty captive_page proxy_forbidden credential_agent " +
		"not_http throttled_429 throttled_503 hang reset close clock_skewed clock_wrong token_forbidden_then_silence",
	"hostname": "token_not_accepted redirect drip flood malformed",
	"iam":      "no_instance_profile unexpected_profile",
	"iam_info": "html_answer instance_profile_not_found instance_profile_not_found_old_message instance_profile_not_found_no_listing " +
		"no_role no_role_old_message info_empty info_missing info_malformed info_error documents_empty wrong_profile",
	"role_list": "no_role_empty_listing no_role_no_listing role_name_hostile wrong_role",
	"role_credentials": "error_500 cut cut_by_reset assume_role_unauthorized assume_role_unauthorized_old_message credentials_error " +
		"credentials_missing credentials_empty credentials_truncated credentials_gzip credentials_field_missing credentials_bad_time " +
		"credentials_expired rotation_stalled profile_recreated profile_replaced role_replaced",
}

func stopOf(t testing.TB, scenario string) string {
	t.Helper()
	for step, scenarios := range stops {
		if slices.Contains(strings.Fields(scenarios), scenario) {
			return step
		}
	}
	t.Fatalf("where does %s stop? Say so in stops", scenario)
	return ""
}

// shown is what a page shows of a verdict.
type shown struct {
	Condition, Severity, Title, Roots string
	Steps                             []string
}

const readPage = `({
	condition: document.querySelector("#condition").innerText,
	severity: document.querySelector(".verdict .word").textContent.toLowerCase(),
	title: document.querySelector("h1").innerText,
	roots: [...document.querySelectorAll(".step[data-root]")].map((s) => s.dataset.probe).join(" "),
	steps: [...document.querySelectorAll(".remedy li > p")].map((p) => p.innerText),
})`

// TestScenarios looks at the page of every scenario, each with a daemon of its
// own: the right verdict, step and remedy; no scroll bar sideways at any width;
// nothing that axe finds; quiet on the console and the network.
func TestScenarios(t *testing.T) {
	source, b := axe(t), open(t)
	instances := map[string]*instance{}
	for _, sc := range imdstest.Scenarios() {
		instances[sc.Name] = watch(quiet{t}, sc)
	}
	audited := map[probes.Condition]bool{}
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			i := instances[sc.Name]
			defer i.logFailure(t)
			if sc.Before > 0 {
				i.await(t, probes.ConditionHealthy)
				i.change(t, sc)
			} else {
				i.await(t, sc.Condition)
			}
			b.visit(t, i.page())
			wantVerdict(t, b, sc)
			for _, look := range []struct {
				width  int64
				scheme string
				audit  bool
			}{{360, "light", true}, {360, "dark", false}, {1440, "light", false}, {1440, "dark", true}} {
				b.look(t, look.width, look.scheme)
				b.wantFits(t, fmt.Sprintf("%d px, %s", look.width, look.scheme))
				if look.audit && !audited[sc.Condition] {
					b.wantAccessible(t, source)
				}
			}
			audited[sc.Condition] = true
			b.wantQuiet(t)
		})
	}
}

func wantVerdict(t *testing.T, b *tab, sc imdstest.Scenario) {
	t.Helper()
	entry := probes.Explain(sc.Condition)
	want := shown{
		Condition: sc.Condition.String(), Severity: entry.Severity.String(), Title: entry.Title, Roots: stopOf(t, sc.Name),
		Steps: []string{},
	}
	for _, step := range entry.Remedy {
		want.Steps = append(want.Steps, step.Text)
	}
	if diff := cmp.Diff(want, eval[shown](t, b, readPage)); diff != "" {
		t.Errorf("-want +shown:\n%s", diff)
	}
	wantCommands(t, b, entry)
}

// wantCommands wants each command of the remedy, with the names filled in or not,
// and a button beside it.
func wantCommands(t *testing.T, b *tab, entry probes.Entry) {
	t.Helper()
	commands := eval[[]string](t, b, `[...document.querySelectorAll(".command")].map((c) => c.querySelector("button").hidden ? "" : c.querySelector("code").textContent)`)
	for _, step := range entry.Remedy {
		if step.Command == "" {
			continue
		}
		if len(commands) == 0 {
			t.Errorf("the command %q is missing", step.Command)
			return
		}
		if !slices.ContainsFunc(filled(step), func(c string) bool { return c == commands[0] }) {
			t.Errorf("got the command %q, want %q", commands[0], step.Command)
		}
		commands = commands[1:]
	}
}

// filled lists the forms of a command with the names that scenarios have.
func filled(step probes.Step) (commands []string) {
	for _, profile := range []string{"", "app-profile", "other-profile", "legacy-profile"} {
		for _, role := range []string{"", "app", "other", "legacy-admin"} {
			commands = append(commands, step.With(profile, role).Command)
		}
	}
	return commands
}

// wantFits wants no scroll bar sideways, and nothing cut off.
func (b *tab) wantFits(t testing.TB, look string) {
	t.Helper()
	wide := eval[[]string](t, b, `[...document.querySelectorAll("body *")].filter((e) => {
		const box = e.getBoundingClientRect();
		return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
	}).map((e) => e.outerHTML.slice(0, 200))`)
	scrolls := eval[bool](t, b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`)
	if len(wide) > 0 || scrolls {
		t.Errorf("%s: wider than the window (scrolls: %v): %q", look, scrolls, wide)
	}
}

// TestStops wants each scenario to be there once, and nothing else.
func TestStops(t *testing.T) {
	var listed, want []string
	for _, names := range stops {
		listed = append(listed, strings.Fields(names)...)
	}
	for _, sc := range imdstest.Scenarios() {
		want = append(want, sc.Name)
	}
	slices.Sort(listed)
	slices.Sort(want)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("-scenarios +stops:\n%s", diff)
	}
}
