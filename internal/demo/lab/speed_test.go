//go:build linux

package lab_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"

	"prefork/internal/kernel"
)

var speed = flag.Bool("speed", false, "measure how the lab holds its load, and the page its frames")

// TestSpeed prints what the lab costs under its highest load: make lab-speed. It
// judges nothing, for a machine may have other things to do.
func TestSpeed(t *testing.T) {
	if !*speed {
		t.Skip("-speed measures")
	}
	cmd, url := command(t)
	b := browse(t, url, 1280, 800)
	b.Await("there are results", answered("dispatch")+" > 20")
	b.settle(`{"rate":2000,"service":"fixed:100us"}`, 4)

	const length = 15 * time.Second
	names := []string{"shared", "reuseport", "dispatch"}
	before := make([]int, len(names))
	for i, name := range names {
		before[i] = ask[int](b, answered(name))
	}
	cpu, _ := kernel.ProcessCPU(cmd.Process.Pid)
	browser := browserCPU(cmd.Process.Pid)
	streamed := make(chan int64)
	start := time.Now()
	trace := b.trace()
	go func() { streamed <- stream(url, length) }()
	bytes := <-streamed
	frames := trace()
	took := time.Since(start).Seconds()
	now, _ := kernel.ProcessCPU(cmd.Process.Pid)
	browser = browserCPU(cmd.Process.Pid) - browser
	load, _ := kernel.Load()
	var rates []string
	for i, name := range names {
		rates = append(rates, fmt.Sprintf("%s %.0f", name, float64(ask[int](b, answered(name))-before[i])/took))
	}
	fmt.Printf("answered a second   %s (wanted: 2000 each)\n", strings.Join(rates, ", "))
	fmt.Printf("frames a second     %.1f drawn, %.1f dropped, the longest wait %.0f ms, as the browser traces them (wanted: 55)\n", float64(frames.drawn)/took, float64(frames.dropped)/took, frames.longest)
	fmt.Printf("to a viewer         %.1f kB/s (wanted: at most 30)\n", float64(bytes)/1000/took)
	fmt.Printf("the lab's own CPU   %.1f %% of one processor, with two viewers (wanted: at most 10)\n", 100*(now-cpu).Seconds()/took)
	fmt.Printf("the browser's CPU   %.0f %% of one processor, %.1f ms a frame\n", 100*browser.Seconds()/took, 1000*browser.Seconds()/float64(max(1, frames.drawn)))
	fmt.Printf("load average        %.2f\n", load)
	b.Check()
}

// browserCPU is what the processes of this test have used, without the lab's and its
// own: those of the browser.
func browserCPU(lab int) (used time.Duration) {
	ours, _ := kernel.Family(lab)
	ours = append(ours, os.Getpid())
	all, _ := kernel.Family(os.Getpid())
	for _, pid := range all {
		if now, err := kernel.ProcessCPU(pid); err == nil && !slices.Contains(ours, pid) {
			used += now
		}
	}
	return used
}

// drawing is what the browser says of the frames that it has drawn.
type drawing struct {
	drawn, dropped int
	longest        float64 // between two, in ms
}

// trace has the browser trace its frames, until what it returns is called.
func (b *tab) trace() func() drawing {
	b.T.Helper()
	var mu sync.Mutex
	var times []float64 // µs
	var d drawing
	complete := make(chan struct{})
	err := chromedp.Listen(b.Ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, one := range e.Value {
				var traced struct {
					Name string
					TS   float64
				}
				_ = json.Unmarshal(one, &traced)
				switch traced.Name {
				case "DrawFrame":
					times = append(times, traced.TS)
				case "DroppedFrame":
					d.dropped++
				}
			}
		case *tracing.EventTracingComplete:
			close(complete)
		}
	})
	if err == nil {
		_, err = chromedp.Call(b.Ctx, tracing.Start, tracing.StartParams{
			TransferMode: tracing.StartTransferModeReportEvents,
			TraceConfig:  &tracing.TraceConfig{IncludedCategories: []string{"disabled-by-default-devtools.timeline.frame", "devtools.timeline.frame"}},
		})
	}
	if err != nil {
		b.T.Fatal(err)
	}
	return func() drawing {
		if _, err := chromedp.Call(b.Ctx, tracing.End, cdp.Empty{}); err != nil {
			b.T.Fatal(err)
		}
		<-complete
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(times)
		d.drawn = len(times)
		for i := 1; i < len(times); i++ {
			d.longest = max(d.longest, (times[i]-times[i-1])/1000)
		}
		return d
	}
}

// stream counts the bytes that a viewer gets.
func stream(url string, length time.Duration) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", nil)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	n, _ := io.Copy(io.Discard, answer.Body)
	return n
}
