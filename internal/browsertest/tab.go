package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long anything may take before a test fails. Nothing depends on it
// while all is well.
const Patience = 45 * time.Second

// Tab is one tab of a browser, and what its page has complained of.
type Tab struct {
	T   *testing.T
	Ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Open starts a browser at a page, until the test ends. The page may ask for nothing
// that is not below home.
func Open(t *testing.T, url, home string, width, height int64) *Tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(Path(t)), chromedp.Headless, chromedp.NoSandbox)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &Tab{T: t, Ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) { b.hear(event, home) }); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.Do(chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	return b
}

// hear gathers what a page must not do: complain, or ask anybody else.
func (b *Tab) hear(event any, home string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			what += " " + e.ExceptionDetails.Exception.Description
		}
		b.complaints = append(b.complaints, "exception: "+what)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console: "+string(e.Type))
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, "log: "+e.Entry.Text+" "+e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, home) && !strings.HasPrefix(url, "data:") {
			b.complaints = append(b.complaints, "request: "+url)
		}
	}
}

// Check fails for what was gathered.
func (b *Tab) Check() {
	b.T.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.T.Error(complaint)
	}
	b.complaints = nil
}

// Forgive drops complaints that a test has provoked.
func (b *Tab) Forgive(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = slices.DeleteFunc(b.complaints, func(complaint string) bool { return strings.Contains(complaint, what) })
}

// Do does something with the browser.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	if err := chromedp.Do(b.Ctx, steps...); err != nil {
		b.Check()
		b.T.Fatal(err)
	}
}

// Await waits until an expression is true in the page.
func (b *Tab) Await(what, expression string) {
	b.T.Helper()
	if _, err := chromedp.Run(b.Ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(Patience), chromedp.WithPollingInterval(50*time.Millisecond))); err != nil {
		b.Check()
		b.T.Fatalf("waiting until %s: %v\n%s", what, err, Ask[string](b, `(document.querySelector("main") || document.body).innerText`))
	}
}

// Click clicks what a selector finds, by script: the page may be moving.
func (b *Tab) Click(selector string) {
	b.T.Helper()
	Ask[bool](b, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, selector))
}

// Choose picks an option of what a selector finds.
func (b *Tab) Choose(selector, value string) {
	b.T.Helper()
	Ask[bool](b, fmt.Sprintf(`(m => (m.value = %q, m.dispatchEvent(new Event("change")), true))(document.querySelector(%q))`, value, selector))
}

// Ask evaluates an expression in the page.
func Ask[V any](b *Tab, expression string) V {
	b.T.Helper()
	answer, err := chromedp.Run(b.Ctx, chromedp.Evaluate[V](expression))
	if err != nil {
		b.Check()
		b.T.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// Prefer emulates a preference of the reader's.
func (b *Tab) Prefer(feature, value string) {
	b.T.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.T.Fatal(err)
	}
}

// Shoot saves a picture of what is seen, if it is another one than there is.
func (b *Tab) Shoot(path string) {
	b.T.Helper()
	picture, err := chromedp.Run(b.Ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.T.Fatal(err)
	}
	if old, _ := os.ReadFile(path); bytes.Equal(old, picture) {
		return
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		b.T.Fatal(err)
	}
}
