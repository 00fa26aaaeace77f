//go:build linux

package lab_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"prefork/internal/browsertest"
	"prefork/internal/demo/lab"
	"prefork/internal/demo/recording"
	"prefork/internal/kernel"
	"prefork/internal/servertest"
)

const patience = browsertest.Patience

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
	return openRecorded(t, address, nil)
}

// openRecorded is openAt, with a recorder unless that is nil.
func openRecorded(t *testing.T, address string, recorder *recording.Recorder) running {
	t.Helper()
	servertest.PlayInChildren(t)
	listener, err := lab.Listen(address, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- lab.Serve(ctx, listener, recorder, func() { close(ready) }) }()
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

// tab is one tab of a browser at a lab's page.
type tab struct{ *browsertest.Tab }

// browse starts a browser at a page.
func browse(t *testing.T, url string, width, height int64) *tab {
	t.Helper()
	t.Cleanup(reapBrowser)
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	home := "http://" + host + "/"
	if strings.HasPrefix(url, "file:") { // a report's
		home = url
	}
	return &tab{browsertest.Open(t, url, home, width, height)}
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

// What is there in a tour.
const (
	guessable = `[...document.querySelectorAll("#guide .choices button")].some(b => b.ariaDisabled == "false" && !b.closest(".others"))`
	revealed  = `!!document.querySelector("#guide tbody tr") && document.querySelector("#tour-next").ariaDisabled == "false"`
)

// guideCut is whether the guide has not room for what it says.
const guideCut = `[...document.querySelectorAll("#guide .text, #guide .side")].some(e => e.scrollHeight > e.clientHeight)`

// tour starts one.
func (b *tab) tour(id string) {
	b.T.Helper()
	b.Choose("#tours", id)
	b.Click("#tour-start")
	b.Await("it is "+id, fmt.Sprintf(`document.querySelector("#guide h2")?.firstChild.data == %q`, id))
}

// guess makes the n-th guess, from 1 on, as soon as there is a question.
func (b *tab) guess(n int) {
	b.T.Helper()
	b.Await("a guess can be made", guessable)
	b.Click(fmt.Sprintf("#guide .choices button:nth-child(%d)", n))
}

// ask evaluates an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.T.Helper()
	return browsertest.Ask[T](b.Tab, expression)
}

// number is one that the page shows, such as "1,204".
func number(selector string) string {
	return fmt.Sprintf(`Number((document.querySelector(%q)?.textContent || "0").replaceAll(",", ""))`, selector)
}
