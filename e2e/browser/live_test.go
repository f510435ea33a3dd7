package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// TestLiveFlip wants an open page to follow the verdict, there and back, without
// being loaded anew, and to say so to a screen reader.
func TestLiveFlip(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("healthy")), open(t)
	i.await(t, probes.ConditionHealthy)
	b.visit(t, i.page())
	b.await(t, `document.documentElement.classList.contains("is-live")`)
	eval[bool](t, b, `window.neverLoadedAnew = true`)
	for _, name := range []string{"no_role", "firewall_reject", "healthy"} {
		sc := imdstest.MustFind(name)
		i.change(t, sc)
		b.await(t, `document.querySelector("#condition").innerText === "`+sc.Condition.String()+`"`)
		wantVerdict(t, b, sc)
		title := probes.Explain(sc.Condition).Title
		b.await(t, `document.querySelector("#announce").textContent.endsWith(": `+title+`.") && document.title.includes("`+title+`")`)
	}
	if !eval[bool](t, b, `window.neverLoadedAnew === true`) {
		t.Error("the page was loaded anew")
	}
	b.wantQuiet(t)
}

// TestLiveParts wants the moving parts to move, and what is under the reader's
// hands to stay.
func TestLiveParts(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("no_role")), open(t)
	i.await(t, probes.ConditionNoRole)
	b.visit(t, i.page())
	b.await(t, `document.activeElement !== null && document.querySelector("button[data-copy]:not([hidden])") !== null`)
	eval[bool](t, b, `(() => {
		window.ladder = document.querySelector("#vantage-0");
		window.left = document.querySelector(".life .left time").textContent;
		document.querySelector("button[data-copy]").focus();
		return true;
	})()`)
	focused := eval[string](t, b, `document.activeElement.id`)
	b.await(t, `window.ladder !== document.querySelector("#vantage-0")`) // a round was made
	if now := eval[string](t, b, `document.activeElement.id`); now != focused {
		t.Errorf("the focus went from %q to %q", focused, now)
	}
	eval[bool](t, b, `(() => {
		window.ladder = document.querySelector("#vantage-0");
		getSelection().selectAllChildren(window.ladder.querySelector("h3"));
		window.checked = document.querySelector("#verdict .meta time").dataset.at;
		return true;
	})()`)
	b.await(t, `Number(document.querySelector("#verdict .meta time").dataset.at) > Number(window.checked) + 2000`)
	if !eval[bool](t, b, `window.ladder === document.querySelector("#vantage-0") && String(getSelection()).length > 5`) {
		t.Error("text was replaced while it was selected")
	}
	b.wantQuiet(t)
}

// TestDaemonGone wants the page to say that nobody answers, and when somebody
// does again.
func TestDaemonGone(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("healthy")), open(t)
	i.await(t, probes.ConditionHealthy)
	b.visit(t, i.page())
	b.await(t, `document.querySelector("#live-text").innerText === "live"`)
	b.wantQuiet(t)
	if err := i.process.Stop(t, patience); err != nil {
		t.Fatal(err)
	}
	b.await(t, `!document.querySelector("#gone").hidden`)
	said := eval[string](t, b, `document.querySelector("#gone").innerText + document.title + document.querySelector("#live-text").innerText`)
	for _, want := range []string{"has not answered since", "No answer", "no answer"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page says %q, not %q", said, want)
		}
	}
	b.wantAccessible(t, axe(t))
	i.start(t, i.address)
	i.await(t, probes.ConditionHealthy)
	b.await(t, `document.querySelector("#gone").hidden && document.querySelector("#announce").textContent === "imds-probe answers again."`)
	if title := eval[string](t, b, `document.title`); !strings.HasPrefix(title, "OK: Healthy") {
		t.Errorf("the title is %q", title)
	}
	b.wantQuiet(t, "net::ERR_CONNECTION_REFUSED") // what chromium itself says of the polls
}

// TestScriptsOff wants the page to be whole without scripts, and to follow by
// being loaded anew.
func TestScriptsOff(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("healthy")), open(t)
	i.await(t, probes.ConditionHealthy)
	off := emulation.SetScriptExecutionDisabledParams{Value: true}
	if err := call(b.ctx, emulation.SetScriptExecutionDisabled, off); err != nil {
		t.Fatal(err)
	}
	b.visit(t, i.page())
	if eval[bool](t, b, `document.documentElement.classList.contains("is-live")`) {
		t.Fatal("scripts are on")
	}
	wantVerdict(t, b, imdstest.MustFind("healthy"))
	sc := imdstest.MustFind("rotation_stalled")
	i.change(t, sc)
	b.await(t, `document.querySelector("#condition").innerText === "rotation_stalled"`)
	shown := eval[[]bool](t, b, `[...document.querySelectorAll(".command button")].map((b) => b.hidden)`)
	for _, hidden := range shown {
		if !hidden {
			t.Error("a button is shown that can do nothing")
		}
	}
	b.wantFits(t, "scripts off")
	b.wantQuiet(t)
}

// TestCopy wants a click to copy the whole command, where the browser has a
// clipboard for pages and where it has none.
func TestCopy(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("no_role")), open(t)
	i.await(t, probes.ConditionNoRole)
	b.visit(t, i.page())
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		grant := browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		}
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, grant); err != nil {
			t.Fatal(err)
		}
	}
	eval[string](t, b, `(window.readClipboard = navigator.clipboard.readText.bind(navigator.clipboard), "")`)
	for n, script := range []string{``, `Object.defineProperty(navigator, "clipboard", {value: undefined})`} {
		eval[bool](t, b, script+`; true`)
		button := []string{"#copy-no_role-0", "#copy-no_role-1"}[n]
		b.do(t, "click", chromedp.Click(chromedp.CSS(button)))
		b.await(t, `document.querySelector("`+button+`").innerText === "Copied" && document.querySelector("#announce").textContent === "Copied."`)
		read := eval[string](t, b, `window.readClipboard()`)
		want := []string{
			"aws iam get-instance-profile --instance-profile-name app-profile",
			"aws iam add-role-to-instance-profile --instance-profile-name app-profile --role-name app",
		}[n]
		if read != want {
			t.Errorf("the clipboard has %q, want %q", read, want)
		}
	}
	b.wantQuiet(t)
}

// TestKeyboard wants the first key to lead past the ladder to what to do.
func TestKeyboard(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("no_role")), open(t)
	i.await(t, probes.ConditionNoRole)
	b.visit(t, i.page())
	b.do(t, "Tab", chromedp.KeyEvent("\t"))
	if class := eval[string](t, b, `document.activeElement.className`); class != "skip-link" {
		t.Errorf("the first focus is on %q", class)
	}
	b.do(t, "Enter, Tab", chromedp.KeyEvent("\r"), chromedp.KeyEvent("\t"))
	if id := eval[string](t, b, `document.activeElement.id`); id != "copy-no_role-0" {
		t.Errorf("the next focus is on %q", id)
	}
	outline := eval[string](t, b, `getComputedStyle(document.activeElement).outlineStyle`)
	if outline != "solid" {
		t.Errorf("the focus is shown by an outline that is %q", outline)
	}
	b.wantQuiet(t)
}

// TestPrint wants paper to carry the verdict and no buttons, and motion to stop
// where it is not wanted.
func TestPrint(t *testing.T) {
	i, b := watch(t, imdstest.MustFind("no_role")), open(t)
	i.await(t, probes.ConditionNoRole)
	b.visit(t, i.page())
	if err := call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	}); err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]string{
		`getComputedStyle(document.querySelector("button[data-copy]")).display`: "none",
		`getComputedStyle(document.querySelector(".panel")).breakInside`:        "avoid",
		`getComputedStyle(document.querySelector("h1")).color`:                  "rgb(0, 0, 0)",
		`getComputedStyle(document.querySelector(".dot")).animationName`:        "none",
	} {
		if got := eval[string](t, b, expression); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
	ctx := b.ctx
	if pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF()); err != nil || !strings.HasPrefix(string(pdf), "%PDF") {
		t.Errorf("the page cannot be printed: %v", err)
	}
	b.wantQuiet(t)
}
