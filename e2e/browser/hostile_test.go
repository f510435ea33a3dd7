package browser_test

import (
	"strings"
	"testing"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

const markup = `</title></style><script>window.owned=1</script><img src=x onerror="window.owned=1"><svg onload=window.owned=1>{{.}}`

// TestHostileMarkup wants markup in every text that IMDS controls to stay text.
func TestHostileMarkup(t *testing.T) {
	b := open(t)
	type hostile struct {
		change    func(*imdstest.Scenario)
		condition probes.Condition
		shown     bool // whether the page shows the text
	}
	all := map[string]hostile{
		"hostname": {func(s *imdstest.Scenario) { s.Instance.Hostname = markup }, probes.ConditionHealthy, false},
		"role":     {func(s *imdstest.Scenario) { s.Instance.Profile.Role = markup }, probes.ConditionCredentialsMalformed, false},
		"arn":      {func(s *imdstest.Scenario) { s.Instance.Profile.ARN = markup }, probes.ConditionHealthy, true},
		"id":       {func(s *imdstest.Scenario) { s.Instance.Profile.ID = markup }, probes.ConditionHealthy, true},
		"message":  {func(s *imdstest.Scenario) { s.Instance.Profile.Code, s.Instance.Profile.Message = "Other", markup }, probes.ConditionCredentialsError, true},
		"code":     {func(s *imdstest.Scenario) { s.Instance.Profile.Code = markup }, probes.ConditionCredentialsError, true},
		"role's code": {func(s *imdstest.Scenario) {
			s.Instance.Profile.RoleCode, s.Instance.Profile.RoleMessage = markup, markup
		}, probes.ConditionCredentialsError, true},
		"server": {func(s *imdstest.Scenario) { s.Faults = []imdstest.Fault{{Server: markup}} }, probes.ConditionIntercepted, true},
	}
	instances := map[string]*instance{}
	for name, hostile := range all {
		sc := imdstest.MustFind("healthy")
		hostile.change(&sc)
		instances[name] = watch(quiet{t}, sc)
	}
	for name, hostile := range all {
		t.Run(name, func(t *testing.T) {
			i := instances[name]
			defer i.logFailure(t)
			i.await(t, hostile.condition)
			b.visit(t, i.page())
			b.await(t, `document.querySelector("#live-text").innerText === "live"`)
			// Once as it was served, and once as the script has put it in place.
			eval[bool](t, b, `(window.ladder = document.querySelector("#vantage-0"), true)`)
			for _, when := range []string{`true`, `window.ladder !== document.querySelector("#vantage-0")`} {
				b.await(t, when)
				if eval[bool](t, b, `"owned" in window || document.querySelector("img, main script, svg[onload]") !== null`) {
					t.Error("markup came to life")
				}
				text := strings.ReplaceAll(eval[string](t, b, `document.querySelector("main").textContent`), `\"`, `"`)
				if strings.Contains(text, markup) != hostile.shown {
					t.Errorf("the text is shown: %v, want %v", !hostile.shown, hostile.shown)
				}
			}
			b.wantQuiet(t)
		})
	}
}
