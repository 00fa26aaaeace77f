//go:build linux

package cli

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/bench/load"
	"prefork/bench/stats"
)

const (
	catAsk  = "What to ask for"
	catTime = "How long"
)

const (
	loadClients = 16
	loadLength  = 5 * time.Second
	loadWarmup  = 500 * time.Millisecond
	loadTimeout = 10 * time.Second
	// loadSources is how many addresses clients on the loopback come from if they close
	// in the usual way: each has 28 thousand ports, which wait for a minute.
	loadSources = 200
)

func loadCommandFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "header", Aliases: []string{"H"}, Category: catAsk, DefaultText: "none", Usage: "send the header `LINE`, such as 'Accept: text/html'; repeatable"},
		&cli.StringFlag{Name: "method", Category: catAsk, DefaultText: "GET, or POST with a body", Usage: "ask with `METHOD`"},
		&cli.StringFlag{Name: "body", Category: catAsk, DefaultText: "none", Usage: "send `TEXT`, or with @FILE what is in a file; with tcp: and unix: nothing else is sent"},
		&cli.BoolFlag{Name: "until-close", Category: catAsk, Usage: "with tcp: and unix:, an answer ends when the server closes; without it, with the first bytes"},
		&cli.BoolFlag{Name: "insecure", Aliases: []string{"k"}, Category: catAsk, Usage: "with https:, accept any certificate"},
		&cli.BoolFlag{Name: "null", Category: catAsk, Usage: "ask no server: answers are simulated, so that only the generator itself is measured"},
		&cli.StringFlag{Name: "service", Category: catAsk, DefaultText: "at once", Usage: "with --null, answer after `TIMES`: fixed:5ms, exp:5ms or bimodal:1ms,100ms,1%"},

		&cli.IntFlag{Name: "clients", Category: catLoad, DefaultText: strconv.Itoa(loadClients), Usage: "closed loop: `N` clients, each of which asks again once it is answered"},
		&cli.StringFlag{Name: "rate", Category: catLoad, DefaultText: "none", Usage: "open loop: `N` connections a second at random times, answered or not"},
		&cli.IntFlag{Name: "requests", Category: catLoad, Value: 1, Usage: "`N` requests on a connection, one after the other"},
		&cli.DurationFlag{Name: "think", Category: catLoad, DefaultText: "none", Usage: "pause for `PAUSE` between the requests of a connection"},
		&cli.BoolFlag{Name: "fin", Category: catLoad, Usage: "clients close connections as usual; without it they reset them, which frees the port at once"},
		&cli.DurationFlag{Name: "timeout", Category: catLoad, Value: loadTimeout, Usage: "give up a request after `T`"},
		&cli.IntFlag{Name: "threads", Category: catLoad, DefaultText: "1; as many as processors in a closed loop", Usage: "the generator has `N` threads"},

		&cli.DurationFlag{Name: "length", Category: catTime, Value: loadLength, Usage: "measure for `T`"},
		&cli.DurationFlag{Name: "warmup", Category: catTime, Value: loadWarmup, Usage: "before that, put `T` of load on it that does not count"},
		&cli.Uint64Flag{Name: "seed", Category: catTime, DefaultText: "drawn, and in the JSON", Usage: "use the random times of the run with seed `N` again"},

		&cli.StringFlag{Name: "format", Category: catOutput, Value: loadFormats[0].name, Usage: "print as `FORMAT`: " + or(names(loadFormats, func(f loadFormat) string { return f.name }))},
		&cli.StringFlag{Name: "json", Category: catOutput, DefaultText: "none", Usage: "keep the whole result in `FILE`"},
		&cli.StringFlag{Name: "hgrm", Category: catOutput, DefaultText: "none", Usage: "write the times as .hgrm files to `DIRECTORY`, for plotters of HDR histograms"},
		&cli.StringSliceFlag{Name: "fail-if", Category: catOutput, DefaultText: "none", Usage: "exit with 99 if `CONDITION` holds, such as 'p99 > 5ms', and with 98 if that could not be measured; repeatable"},
	}
}

// loadIdle are the flags that would do nothing with a goal.
var loadIdle = []struct {
	flag string
	when func(*cli.Context, goal) bool
	why  string
}{
	{"header", rawGoal, "is for http:// and https://"},
	{"method", rawGoal, "is for http:// and https://"},
	{"service", func(_ *cli.Context, g goal) bool { return g.scheme != "null" }, "is how long simulated answers take: it is for --null"},
	{"requests", func(c *cli.Context, g goal) bool { return rawGoal(c, g) && c.Int("requests") != 1 }, "is for http:// and https://: a connection of tcp: and unix: has one"},
	{"until-close", func(_ *cli.Context, g goal) bool { return g.web() }, "is for tcp: and unix:; HTTP says itself where an answer ends"},
	{"insecure", func(_ *cli.Context, g goal) bool { return g.scheme != "https" }, "is for https://"},
	{"threads", func(_ *cli.Context, g goal) bool { return g.scheme == "https" }, "is not for https://, which an ordinary Go client asks"},
	{"think", func(c *cli.Context, _ goal) bool { return c.Int("requests") < 2 }, "is the pause between the requests of a connection, which has one here: it is for --requests 2 or more"},
	{"clients", func(c *cli.Context, _ goal) bool { return c.IsSet("rate") }, "is for a closed loop and --rate for an open one: choose one"},
}

func rawGoal(_ *cli.Context, g goal) bool { return !g.web() }

// nullIdle are the flags that would do nothing where nobody is asked.
var nullIdle = []string{"body", "until-close", "fin"}

// loadOrder reads the flags. The address is still to be found.
func loadOrder(c *cli.Context, g goal) (o load.Order, err error) {
	for _, f := range loadIdle {
		if given(c, f.flag) && f.when(c, g) {
			return o, fmt.Errorf("--%s %s", f.flag, f.why)
		}
	}
	for _, flag := range nullIdle {
		if g.scheme == "null" && given(c, flag) {
			return o, fmt.Errorf("--%s is for a server, and with --null there is none", flag)
		}
	}
	o = load.Order{
		Null: g.scheme == "null", Service: c.String("service"),
		Clients: loadClients, Threads: 1, Seed: rand.Uint64N(1e6), Ask: g.ask,
		Requests: c.Int("requests"), Think: c.Duration("think"), FIN: c.Bool("fin"),
		Timeout: c.Duration("timeout"), Length: c.Duration("length"), Warmup: c.Duration("warmup"),
	}
	set(c, "clients", c.Int, &o.Clients)
	set(c, "seed", c.Uint64, &o.Seed)
	if o.FIN {
		o.Sources = loadSources
	}
	if err := loadPace(c, &o); err != nil {
		return o, err
	}
	if g.scheme == "https" && o.Clients > load.MaxOpenTLS {
		return o, fmt.Errorf("--clients %d: over https:// %d at most", o.Clients, load.MaxOpenTLS)
	}
	return o, readAsk(c, g, &o)
}

// loadPace reads which loop it is, how fast, and for how long.
func loadPace(c *cli.Context, o *load.Order) (err error) {
	if text := c.String("rate"); c.IsSet("rate") {
		o.Clients = 0
		if o.Rate, err = strconv.ParseFloat(text, 64); err != nil || !(o.Rate > 0) || o.Rate > 1e7 {
			return fmt.Errorf("--rate %s: want connections a second, such as 500; shares and several rates are for prefork bench", text)
		}
	}
	if o.Rate == 0 {
		o.Threads = min(runtime.NumCPU(), max(1, o.Clients))
	}
	set(c, "threads", c.Int, &o.Threads)
	most := load.MaxOpen * max(1, o.Threads)
	switch {
	case o.Rate == 0 && o.Clients < 1:
		return fmt.Errorf("--clients %d: one at least", o.Clients)
	case o.Clients > most:
		return fmt.Errorf("--clients %d: %d threads hold %d at most", o.Clients, o.Threads, most)
	case o.Threads < 1 || o.Threads > 1024:
		return fmt.Errorf("--threads %d: want 1 to 1024", o.Threads)
	case o.Requests < 1:
		return fmt.Errorf("--requests %d: one at least", o.Requests)
	case o.Length <= 0:
		return fmt.Errorf("--length %s: want a time such as 5s", o.Length)
	case o.Timeout <= 0 || o.Timeout > time.Minute:
		return fmt.Errorf("--timeout %s: want a time up to a minute", o.Timeout)
	case o.Warmup < 0 || o.Think < 0:
		return errors.New("--warmup and --think are no times below 0")
	}
	return nil
}

// readAsk reads what clients ask for.
func readAsk(c *cli.Context, g goal, o *load.Order) (err error) {
	if o.Null {
		return checkService(o.Service)
	}
	if o.Ask.Body, err = readBody(c.String("body")); err != nil {
		return err
	}
	if !g.web() {
		if o.Protocol = load.Raw; c.Bool("until-close") {
			o.Protocol = load.RawToEnd
		}
		return nil
	}
	o.Protocol = load.HTTP
	if g.scheme == "https" {
		host, _, _ := strings.Cut(g.ask.Host, ":")
		o.TLS = &load.TLS{ServerName: strings.Trim(host, "[]"), Unverified: c.Bool("insecure")}
	}
	if o.Ask.Method = c.String("method"); o.Ask.Method == "" && len(o.Ask.Body) > 0 {
		o.Ask.Method = "POST"
	}
	if strings.ContainsAny(o.Ask.Method, " \r\n/:") || o.Ask.Method == "CONNECT" {
		return fmt.Errorf("--method %q: want one such as GET, HEAD, POST or PUT", o.Ask.Method)
	}
	for _, line := range c.StringSlice("header") {
		name, _, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(line, "\r\n") {
			return fmt.Errorf("--header %q: want one line such as 'Accept: text/html'", line)
		}
		o.Ask.Header = append(o.Ask.Header, line)
	}
	return nil
}

func checkService(text string) error {
	if text == "" {
		return nil
	}
	if _, err := stats.ParseService(text); err != nil {
		return fmt.Errorf("--service: %w", err)
	}
	return nil
}

// readBody reads TEXT or @FILE.
func readBody(text string) ([]byte, error) {
	path, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return []byte(text), nil
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--body: %w", err)
	}
	return body, nil
}
