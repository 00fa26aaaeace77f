//go:build linux

package lab_test

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

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/sys/unix"

	"prefork/internal/browsertest"
	"prefork/internal/demo/lab"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

// patience is how long anything may take before a test fails. Nothing depends on it
// while all is well.
const patience = 45 * time.Second

func TestMain(m *testing.M) { servertest.Main(m) }

// running is a lab in this process.
type running struct {
	url string
	end func()
}

// open runs a lab on a free port until the test ends.
func open(t *testing.T) (url string) {
	t.Helper()
	return openAt(t, "127.0.0.1:0").url
}

// openAt runs one until end is called or the test ends, and checks that it ends
// well and leaves nothing behind.
func openAt(t *testing.T, address string) running {
	t.Helper()
	servertest.PlayInChildren(t)
	listener, err := lab.Listen(address, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- lab.Serve(ctx, listener, func() { close(ready) }) }()
	end := sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the lab ended with %v", err)
		}
	})
	t.Cleanup(end)
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		t.FailNow()
	}
	return running{"http://" + listener.Addr().String(), end}
}

// tab is one tab of a browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// browse starts a browser at a page.
func browse(t *testing.T, url string, width, height int64) *tab {
	t.Helper()
	t.Cleanup(reapBrowser)
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, chromedp.ExecPath(browsertest.Path(t)), chromedp.Headless, chromedp.NoSandbox)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	home, _, _ := strings.Cut(url, "/?")
	if err := chromedp.Listen(ctx, func(event any) { b.hear(event, home) }); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height), chromedp.Navigate(url))
	return b
}

// reapBrowser waits for the processes that the browser has left to us: the lab has
// made this process the one that adopts orphans. Those who end may leave us more.
func reapBrowser() {
	for reaped := true; reaped; {
		reaped = false
		children, _ := kernel.Children(os.Getpid())
		for _, pid := range children {
			name, _ := kernel.Name(pid)
			if strings.HasPrefix(name, "chrom") || strings.HasPrefix(name, "cat") {
				_, _ = unix.Wait4(pid, nil, 0, nil)
				reaped = true
			}
		}
	}
}

// hear gathers what a page must not do: complain, or ask anybody else.
func (b *tab) hear(event any, home string) {
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

// check fails for what was gathered.
func (b *tab) check() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, complaint := range b.complaints {
		b.t.Error(complaint)
	}
}

// forgive drops complaints that a test has provoked.
func (b *tab) forgive(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = slices.DeleteFunc(b.complaints, func(complaint string) bool { return strings.Contains(complaint, what) })
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.check()
		b.t.Fatal(err)
	}
}

// await waits until an expression is true in the page.
func (b *tab) await(what, expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(50*time.Millisecond))); err != nil {
		b.check()
		b.t.Fatalf("waiting until %s: %v\n%s", what, err, ask[string](b, `[...document.querySelectorAll(".panel")].map(p => p.innerText).join("\n")`))
	}
}

// click clicks what a selector finds, by script: the page may be moving.
func (b *tab) click(selector string) {
	b.t.Helper()
	ask[bool](b, fmt.Sprintf(`(document.querySelector(%q).click(), true)`, selector))
}

// choose picks an option of what a selector finds.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	ask[bool](b, fmt.Sprintf(`(m => (m.value = %q, m.dispatchEvent(new Event("change")), true))(document.querySelector(%q))`, value, selector))
}

// What is there in a tour.
const (
	guessable = `[...document.querySelectorAll("#guide .choices button")].some(b => b.ariaDisabled == "false" && !b.closest(".others"))`
	revealed  = `!!document.querySelector("#guide tbody tr") && document.querySelector("#tour-next").ariaDisabled == "false"`
)

// guideCut is whether the guide has not room for what it says.
const guideCut = `[...document.querySelectorAll("#guide .text, #guide .side")].some(e => e.scrollHeight > e.clientHeight)`

// tour starts one.
func (b *tab) tour(id string) {
	b.t.Helper()
	b.choose("#tours", id)
	b.click("#tour-start")
	b.await("it is "+id, fmt.Sprintf(`document.querySelector("#guide h2")?.firstChild.data == %q`, id))
}

// guess makes the n-th guess, from 1 on, as soon as there is a question.
func (b *tab) guess(n int) {
	b.t.Helper()
	b.await("a guess can be made", guessable)
	b.click(fmt.Sprintf("#guide .choices button:nth-child(%d)", n))
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.check()
		b.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// shoot saves a picture of what is seen.
func (b *tab) shoot(path string) {
	b.t.Helper()
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if old, _ := os.ReadFile(path); bytes.Equal(old, picture) {
		return
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// number is one that the page shows, such as "1,204".
func number(selector string) string {
	return fmt.Sprintf(`Number((document.querySelector(%q)?.textContent || "0").replaceAll(",", ""))`, selector)
}
