//go:build linux

package lab_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// noticed is whether the page says so in a place where it stays.
func noticed(words string) string {
	return fmt.Sprintf(`!document.querySelector("#notice").hidden && document.querySelector("#notice").textContent.includes(%q)`, words)
}

// TestLinks opens links that restore a state, and links that make no sense.
func TestLinks(t *testing.T) {
	at := open(t)
	b := browse(t, at+"/?#rate=400&service=fixed:2ms&workers=3&shared.accept=rotate&dispatch.policy=p2c", 1280, 800)
	b.Await("the state is restored", `document.querySelector("#rate-out").textContent === "400 a second" && document.querySelectorAll("#shared .worker").length === 3
		&& document.querySelector("#shared [data-way=accept]").value === "rotate" && document.querySelector("#dispatch [data-way=policy]").value === "p2c"`)
	b.Click("#more")
	b.Await("the address says what is set", `location.hash === "#rate=400&service=fixed:2ms&workers=4&shared.accept=rotate&dispatch.policy=p2c"`)
	b.Do(chromedp.Navigate(at + "/?#clients=8&service=exp:5ms&workers=4&paused=true"))
	b.Await("another link is followed at once", `document.querySelector("#rate-out").textContent === "8 clients" && document.querySelector("#pause").textContent === "Go on"`)
	for hash, words := range map[string]string{
		"rate=9000":             "want 0 to 2000",
		"rate=fast":             "rate is “fast”, and should be a number",
		"workers=":              "workers is “”, and should be a number",
		"service=soon":          "no such kind",
		"colour=red":            "there is no “colour”. There are rate,",
		"shared.accept=epool":   `did you mean "epoll"?`,
		"reuseport.policy=p2c":  "there is no “reuseport.policy”",
		"paused=perhaps&rate=5": "should be true or false",
	} {
		b.Do(chromedp.Navigate(at + "/?#" + hash))
		b.Await("it is said of "+hash, noticed(words))
		b.Click("#notice-close")
		if hash := ask[string](b, "location.hash"); hash != "#clients=8&service=exp:5ms&workers=4&shared.accept=rotate&dispatch.policy=p2c&paused=true" && hash != "#clients=8&service=exp:5ms&workers=4&paused=true&shared.accept=rotate&dispatch.policy=p2c" {
			t.Errorf("nonsense has changed the settings to %s", hash)
		}
	}
	b.Forgive("400")
	b.Check()
}

// TestLinkToATour opens one that there is, and one that there is not.
func TestLinkToATour(t *testing.T) {
	at := open(t)
	b := browse(t, at+"/?tour=stuck-worker&present", 1280, 720)
	b.Await("the tour has begun", guessable+` && document.querySelector("#guide h2").firstChild.data === "stuck-worker" && document.documentElement.matches(".present") && document.querySelector("#notice").hidden`)
	if high := ask[int64](b, `document.documentElement.scrollHeight`); high > 720 {
		t.Errorf("presented, the tour is %d px high", high)
	}
	b.Do(chromedp.Navigate(at + "/?tour=stuck-workers"))
	b.Await("it says which there are", noticed("There is no tour “stuck-workers”. There are hello, "))
	b.Click("#notice-close")
	b.Click("#present")
	b.Await("the address is that of what is seen", `location.search.includes("present")`)
	b.Check()
}
