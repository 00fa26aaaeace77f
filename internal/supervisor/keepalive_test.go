//go:build linux

package supervisor_test

import (
	"bufio"
	"io"
	"net/http"
	"syscall"
	"testing"

	"prefork/internal/servertest"
)

// A client that keeps its connection open between two requests must not hold up
// a stop: nothing is lost by closing it.
func TestStopEndsIdleKeepAlive(t *testing.T) {
	for _, concurrency := range []string{"1", "8"} {
		t.Run(concurrency, func(t *testing.T) {
			s := servertest.Start(t, "-w", "1", "--app", "http", "--concurrency", concurrency,
				"--read-timeout", "1h", "--graceful-timeout", "1h")
			conn := s.Dial()
			defer conn.Close()
			write(t, conn, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("answer %v, error %v", answer, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if code := s.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if cut := s.Await("stopped", 1).Int("cut"); cut != 0 {
				t.Errorf("%d connections count as cut", cut)
			}
		})
	}
}
