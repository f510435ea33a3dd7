package browser_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// patience is how long anything may take before a test gives up.
const patience = 30 * time.Second

// tab is a tab of a browser of its own, which notes what a page must not do.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// open starts a browser that reaches loopback only.
func open(t *testing.T) *tab {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(harness.NeedCommand(t, "chromium", "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoFirstRun,
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(patience),
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	b := &tab{t: t, ctx: ctx}
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) })
	if err := errors.Join(chromedp.Listen(ctx, b.note), call(ctx, network.Enable, network.EnableParams{})); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return b
}

// call runs a command whose answer says nothing.
func call[P any](ctx context.Context, command cdp.Command[P, cdp.Empty], params P) error {
	_, err := chromedp.Call(ctx, command, params)
	return err
}

// note notes errors on the console and requests to elsewhere.
func (b *tab) note(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.problem("exception: " + e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.problem("console: " + string(e.Type))
	case *log.EventEntryAdded:
		b.problem("log: " + string(e.Entry.Level) + ": " + e.Entry.Text + " " + e.Entry.URL)
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Hostname() != "127.0.0.1" {
			b.problem("request to " + e.Request.URL)
		}
	}
}

func (b *tab) problem(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, text)
}

// wantQuiet wants that nothing was noted since the last call, but for what is
// allowed.
func (b *tab) wantQuiet(t testing.TB, allowed ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
problems:
	for _, p := range b.problems {
		for _, a := range allowed {
			if strings.Contains(p, a) {
				continue problems
			}
		}
		t.Error(p)
	}
	b.problems = nil
}

// do runs actions, or ends the test.
func (b *tab) do(t testing.TB, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (b *tab) visit(t testing.TB, address string) {
	t.Helper()
	b.do(t, "open "+address, chromedp.Navigate(address))
}

// eval evaluates an expression of the page into a value.
func eval[T any](t testing.TB, b *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

// await waits until an expression of the page is true.
func (b *tab) await(t testing.TB, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		// A page that is just being loaded anew answers with an error.
		if is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && is {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("%s is not true within %v; the page says:\n%s", expression, patience, eval[string](t, b, "document.body.innerText"))
		}
	}
}

// look sets the width of the window and the colour scheme.
func (b *tab) look(t testing.TB, width int64, scheme string) {
	t.Helper()
	b.do(t, "emulate", chromedp.EmulateViewport(width, 900))
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if err := call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}
