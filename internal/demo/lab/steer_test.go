//go:build linux

package lab_test

import (
	"net/http"
	"strings"
	"testing"

	"prefork/internal/servertest"
)

// Steered by a program in the kernel, reuseport passes a stopped worker over.
func TestSteering(t *testing.T) {
	servertest.NeedSteer(t, "least-loaded")
	url := open(t)
	v := view(t, url)
	post204(t, url, "/settings", `{"ways":{"reuseport":{"steer":"least-loaded"}}}`)
	v.await("mark", func(data string) bool { return strings.Contains(data, "reuseport least-loaded") })
	post204(t, url, "/settings", `{"ways":{"reuseport":{"accept":"exclusive"}}}`)
	v.await("settings", func(data string) bool { return strings.Contains(data, `"accept":"exclusive","steer":"least-loaded"`) })
	post204(t, url, "/act", `{"do":"stop","worker":2,"panel":"reuseport"}`)
	const worker, many = 2, 300
	done := 0
	v.await("frame", func(data string) bool {
		f := frames(data)[1]
		done += f.D
		if len(f.Q) > worker && f.Q[worker] > many/8 {
			t.Fatalf("%d wait for the stopped worker, after %d answers", f.Q[worker], done)
		}
		return done > many
	})
}

// A server that does not start as wanted says why, in its panel, and the panel goes
// on as before.
func TestRefusedSteering(t *testing.T) {
	_, url := command(t, servertest.AsNobody(t))
	v := view(t, url)
	code, answer := post(t, url, "/settings", `{"ways":{"reuseport":{"steer":"p2c"}},"rate":150}`)
	if code != http.StatusConflict || !strings.Contains(answer, "lacks CAP_BPF") {
		t.Fatalf("%d %q, want 409 and what is missing", code, answer)
	}
	v.await("refusal", func(data string) bool { return strings.Contains(data, "lacks CAP_BPF") })
	v.await("frame", func(data string) bool { return frames(data)[1].D > 0 })
	if got := settingsOf(view(t, url)); !strings.Contains(got, `"steer":"hash"`) || !strings.Contains(got, `"rate":200`) {
		t.Errorf("the settings are %s, want those before", got)
	}

	b := browse(t, url, 1280, 800)
	b.Await("there are results", answered("reuseport")+" > 20")
	b.Await("what is not possible is marked", `(o => o.disabled && o.textContent == "p2c (not possible here)" && o.title.includes("CAP_BPF"))(document.querySelector("#reuseport option[value=p2c]"))`)
	ask[bool](b, `(fetch("settings", {method: "POST", body: '{"ways":{"reuseport":{"steer":"p2c"}}}'}), true)`)
	b.Await("the panel says why", `document.querySelector("#reuseport .answer.refused")?.textContent.includes("CAP_BPF")`)
	b.Await("it is what it was", `document.querySelector("#reuseport [data-way=steer]").value == "hash"`)
	b.Await("it goes on", answered("reuseport")+" > 20 && "+answered("shared")+" > 20")
	b.Forgive("409")
	b.Check()
}

func post204(t *testing.T, url, path, body string) {
	t.Helper()
	if code, answer := post(t, url, path, body); code != http.StatusNoContent {
		t.Fatalf("%s: %d %s", body, code, answer)
	}
}
