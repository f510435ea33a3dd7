package page_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/internal/agenttest"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// wantAll wants each of the texts in the page.
func wantAll(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

func TestPageOfScenarios(t *testing.T) {
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer agenttest.Settle()
				page := agenttest.Get(t, agenttest.Serving(t, sc, nil), "/").Body.String()
				entry := probes.Explain(sc.Condition)
				wantAll(t, page,
					fmt.Sprintf(`<code id="condition">%v</code>`, sc.Condition),
					fmt.Sprintf(`class="verdict %v"`, entry.Severity))
				steps := strings.Count(page, "<li><p>")
				if want := len(entry.Remedy); steps != want {
					t.Errorf("%d steps of the remedy, want %d", steps, want)
				}
				wantRoot := entry.Severity == probes.SeverityWarning || entry.Severity == probes.SeverityCritical
				if strings.Contains(page, "data-root") != wantRoot {
					t.Errorf("a step is marked as the root: %v, want %v", !wantRoot, wantRoot)
				}
				for _, canary := range imdstest.Canaries() {
					if strings.Contains(page, canary) {
						t.Errorf("the page holds the secret %s", canary)
					}
				}
			})
		})
	}
}

// TestPagePolicy wants a policy that allows the page's own style and script, by
// their hashes, and nothing that could be injected.
func TestPagePolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		answer := agenttest.Get(t, agenttest.Serving(t, imdstest.MustFind("healthy"), nil), "/")
		policy := answer.Header().Get("Content-Security-Policy")
		for _, element := range []string{"style", "script"} {
			found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(answer.Body.String(), -1)
			if len(found) != 1 {
				t.Fatalf("%d elements %s, want 1", len(found), element)
			}
			sum := sha256.Sum256([]byte(found[0][1]))
			wantAll(t, policy, element+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		wantAll(t, policy, "default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
		if strings.Contains(policy, "unsafe") {
			t.Errorf("the policy allows something unsafe: %s", policy)
		}
		if found := regexp.MustCompile(`\s(style|on[a-z]+)="`).FindString(answer.Body.String()); found != "" {
			t.Errorf("the page has an attribute that the policy forbids: %s", found)
		}
	})
}

var hostileTexts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'-alert(1)-'`, `{{.Agent}}`, `</title></style><b>`,
	`</script><!-- <![CDATA[`, `javascript:alert(1)`, " java\nscript:alert(1)", "&lt;&quot;&#39&amp", "\x00<b\x00>", "\xff\xc0<b>\xe2",
	"a\r\nb\tc\u2028d -e | f", "`+\\=/",
}

// TestPageOfHostileAnswers wants markup in IMDS's texts to stay text.
func TestPageOfHostileAnswers(t *testing.T) {
	for _, text := range hostileTexts {
		synctest.Test(t, func(t *testing.T) {
			defer agenttest.Settle()
			sc := agenttest.Hostile(text)
			for _, server := range []string{"", text} {
				sc.Faults = []imdstest.Fault{{Path: "meta-data/iam/info", Server: server}}
				page := agenttest.Get(t, agenttest.Serving(t, sc, nil), "/").Body.String()
				for _, tag := range []string{"<script>alert", "<img", "<b>", `"javascript:`} {
					if strings.Contains(page, tag) {
						t.Errorf("%q came through as %s", text, tag)
					}
				}
			}
		})
	}
}

func TestPageOfOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		handler := agenttest.Serving(t, imdstest.MustFind("wrong_role"), func(o *agent.Options) {
			o.TelemetryPath = "/metrics/of/imds"
			o.Banner = func() string { return "A <demo>" }
			o.Policy.ProfileARN, _ = probes.Anchored("arn:.*")
		})
		page := agenttest.Get(t, handler, "/").Body.String()
		wantAll(t, page,
			`<a href="/metrics/of/imds">`, `<p class="banner">A &lt;demo&gt;</p>`, "<dd>1.2.3</dd>",
			"<dt><code>--expect.role</code></dt><dd>app</dd>", "<dt><code>--expect.profile-arn</code></dt><dd>arn:.*</dd>",
			"<dt><code>--clock.max-skew</code></dt><dd>1 min</dd>",
			// The names that were seen are filled in.
			"<span>aws iam get-instance-profile</span> <span>--instance-profile-name app-profile</span>")
		live := agenttest.Get(t, handler, "/?live").Body.String()
		if strings.Contains(live, "<html") || !strings.Contains(page, live) {
			t.Error("the live part is not the main part of the page")
		}
	})
}

// TestPageOfKeysUnseen wants the life of the keys to be shown while IMDS cannot
// be asked: they go on ageing.
func TestPageOfKeysUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		page := agenttest.Get(t, agenttest.Serving(t, imdstest.MustFind("firewall_reject"), nil), "/").Body.String()
		wantAll(t, page, "Life of the keys", `class="age"`, `class="stall"`, ">in 6 h 12 min</time>")
	})
}

// TestPageBeforeTheFirstRound wants a page that says that nothing is known yet.
func TestPageBeforeTheFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer agenttest.Settle()
		a, err := agent.New(t.Context(), agent.Options{
			Endpoint: "http://127.0.0.1:1", Interval: time.Minute, Timeout: time.Second,
			TelemetryPath: "/metrics", Logger: zap.NewNop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		page := agenttest.Get(t, a.Handler(), "/").Body.String()
		wantAll(t, page, `class="verdict unknown"`, "No verdict yet", "not asked yet", "None since the start.")
	})
}

// BenchmarkPage and BenchmarkMetrics are compared: the page's first byte may
// cost five scrapes at most.
func BenchmarkPage(b *testing.B)    { benchmark(b, "/") }
func BenchmarkMetrics(b *testing.B) { benchmark(b, "/metrics") }

func benchmark(b *testing.B, target string) {
	b.Helper()
	sim := imdstest.New(imdstest.MustFind("healthy"))
	a, err := agent.New(b.Context(), agent.Options{
		Endpoint: "http://127.0.0.1:1", Interval: 5 * time.Minute, Timeout: time.Second,
		Policy: probes.DefaultPolicy(), TelemetryPath: "/metrics", Logger: zap.NewNop(), HTTPClient: wire.NewClient(sim.Dial),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	handler := a.Handler()
	for ask(handler, "/-/ready") != "ready\n" {
		runtime.Gosched()
	}
	b.ReportAllocs()
	for b.Loop() {
		ask(handler, target)
	}
	stop()
	<-ended
}

func ask(h http.Handler, target string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Body.String()
}
