//go:build linux

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prefork/internal/control"
	"prefork/internal/supervisor"
)

func ctlCommand() *cli.Command {
	return &cli.Command{
		Name:            "ctl",
		Usage:           ctlSentence,
		UsageText:       "prefork ctl [flags] VERB [ARGUMENT]",
		Flags:           append(whichFlags(), ctlFlags()...),
		Action:          ctl,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

// whichFlags say which server is meant.
func whichFlags() []cli.Flag {
	const which = "Which server, where there are several"
	return []cli.Flag{
		&cli.StringFlag{Name: "control", Category: which, EnvVars: env("CONTROL"), DefaultText: "the only one there is", Usage: "the one whose control socket is at `PATH`"},
		&cli.StringFlag{Name: "pid-file", Category: which, DefaultText: "none", Usage: "the one whose pid is in `FILE`"},
		&cli.StringFlag{Name: "name", Category: which, DefaultText: "none", Usage: "the one that is called `NAME`, or whose pid that is"},
	}
}

func ctlFlags() []cli.Flag {
	const how = "How to tell of it"
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Category: how, Usage: "print JSON: of status, one object; else the answer, line by line"},
		&cli.BoolFlag{Name: "watch", Category: how, Usage: "print the status again each second, until Ctrl-C"},
		&cli.BoolFlag{Name: "now", Category: how, Usage: "stop at once: workers are killed, whatever they are doing"},
	}
}

// ctlTopics are the verbs, and what the exit code says.
func ctlTopics() []topic {
	return []topic{
		{"Verbs: each returns when it is done", rows(control.Verbs, func(v control.Verb) string {
			return strings.TrimSpace(v.Name + " " + strings.ReplaceAll(v.Arg, "[now]", "[--now]"))
		}, func(v control.Verb) string { return v.Sentence })},
		{"Exit codes", [][2]string{
			{"0", "it is done"},
			{"1", "it failed, was refused, or nobody could be asked"},
			{"2", "not called as it is meant to be"},
			{"3", "new workers did not get ready, and the old ones go on"},
			{"77", "it is another user's server"},
		}},
	}
}

// flagsFirst puts the flags of ctl before its verb, for people type them behind it. A
// number below zero is no flag.
func flagsFirst(args []string) []string {
	if len(args) < 2 || args[1] != "ctl" {
		return args
	}
	flags := append(whichFlags(), ctlFlags()...)
	var first, rest []string
	for i := 2; i < len(args); i++ {
		arg := args[i]
		name := strings.TrimLeft(arg, "-")
		if name == arg || name == "" || strings.Trim(name, "0123456789") == "" {
			rest = append(rest, arg)
			continue
		}
		first = append(first, arg)
		if f, ok := named(flags, name).(cli.DocGenerationFlag); ok && f.TakesValue() && i+1 < len(args) {
			i++
			first = append(first, args[i])
		}
	}
	return slices.Concat(args[:2], first, rest)
}

// ctl asks a running master for something, and waits until it is done.
func ctl(c *cli.Context) error {
	wire, err := wireOf(c)
	if err != nil {
		return usage(err)
	}
	if wire.Verb == "help" {
		return cli.ShowCommandHelp(c, "ctl")
	}
	client, err := reach(c)
	if err != nil {
		return err
	}
	defer client.Close()
	if wire.Verb == "status" {
		return showStatus(c, client)
	}
	return order(c, client, wire)
}

// wireOf is what the words and flags ask for.
func wireOf(c *cli.Context) (w control.Wire, err error) {
	words := c.Args().Slice()
	if len(words) == 0 {
		return w, fmt.Errorf("ctl wants a verb: %s", or(control.VerbNames()))
	}
	w = control.Wire{Control: control.Version, Verb: words[0]}
	if w.Verb == "help" {
		return w, nil
	}
	if len(words) > 2 {
		return w, fmt.Errorf("ctl takes a verb and one argument, and %q is another word", words[2])
	}
	if len(words) == 2 {
		w.Arg = words[1]
	}
	for flag, verb := range map[string]string{"now": "stop", "watch": "status"} {
		if c.Bool(flag) && w.Verb != verb {
			return w, fmt.Errorf("--%s is for ctl %s", flag, verb)
		}
	}
	if c.Bool("now") {
		w.Arg = "now"
	}
	_, err = w.Request()
	return w, err
}

// reach connects to the master that is meant.
func reach(c *cli.Context) (*control.Client, error) {
	path, err := control.Find(control.Which{Path: c.String("control"), PIDFile: c.String("pid-file"), Name: c.String("name")})
	if err != nil {
		return nil, err
	}
	client, err := control.Dial(path)
	var dead *control.DeadError
	if errors.As(err, &dead) {
		return nil, offerRemoval(c, dead)
	}
	return client, err
}

// offerRemoval has a dead server's socket removed by who can be asked, and says to others
// how that is done.
func offerRemoval(c *cli.Context, dead *control.DeadError) error {
	if columns(c.App.ErrWriter) == 0 || columns(os.Stdin) == 0 {
		return fmt.Errorf("%w; to remove it: rm %s", dead, dead.Path)
	}
	fmt.Fprintf(c.App.ErrWriter, "prefork: %v\nremove it? [y/N] ", dead)
	var answer string
	_, _ = fmt.Fscanln(os.Stdin, &answer)
	if !strings.HasPrefix(strings.ToLower(answer), "y") {
		return logged{dead}
	}
	if err := control.RemoveDead(dead.Path); err != nil {
		return err
	}
	return logged{dead} // nobody was asked for anything, all the same
}

// order asks for something that is to be done.
func order(c *cli.Context, client *control.Client, w control.Wire) error {
	teller := &teller{to: c.App.ErrWriter, asJSON: c.Bool("json"), lines: c.App.Writer}
	if !teller.asJSON {
		teller.begin()
	}
	answer, err := client.Do(w, teller.progress)
	teller.end()
	if err != nil {
		return err
	}
	if w.Verb == "stop" && answer.Kind == control.Done {
		client.AwaitEnd()
	}
	if teller.asJSON {
		teller.progress(answer)
		if answer.Kind != control.Done {
			return logged{failure(answer)}
		}
		return nil
	}
	if answer.Kind != control.Done {
		return failure(answer)
	}
	_, err = fmt.Fprintln(c.App.Writer, printable(answer.Text))
	return err
}

// failure is the error of an answer that is not done.
func failure(a control.Answer) error {
	code := map[control.Code]int{
		control.CodeUsage: exitUsage, control.CodeNotAllowed: exitNotAllowed, control.CodeNoStart: supervisor.ExitNoStart,
	}[a.Code]
	if code == 0 {
		code = exitFailed
	}
	return coded{code, errors.New(printable(a.Text))}
}

// printable is a text of somebody else's, which may not steer the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, text)
}

// printJSON writes one object on a line.
func printJSON(c *cli.Context, v any) error { return json.NewEncoder(c.App.Writer).Encode(v) }

// watchEvery is the pause between two looks at a status.
const watchEvery = time.Second

// showStatus prints the status, once or each second.
func showStatus(c *cli.Context, client *control.Client) error {
	for first := true; ; first = false {
		answer, err := client.Do(control.Wire{Control: control.Version, Verb: "status"}, func(control.Answer) {})
		if err != nil {
			return err
		}
		if answer.Kind != control.Done || answer.Status == nil {
			return failure(answer)
		}
		if err := printStatus(c, answer.Status, first); err != nil || !c.Bool("watch") {
			return err
		}
		select {
		case <-c.Context.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

func printStatus(c *cli.Context, s *control.Status, first bool) error {
	if c.Bool("json") {
		return printJSON(c, s)
	}
	text := statusText(s)
	if c.Bool("watch") && columns(c.App.Writer) > 0 {
		const home, restBelow = "\x1b[H", "\x1b[J"
		text = home + strings.ReplaceAll(text, "\n", "\x1b[K\n") + restBelow
		if first {
			text = "\x1b[2J" + text
		}
	} else if !first {
		text = "\n" + text
	}
	_, err := fmt.Fprint(c.App.Writer, text)
	return err
}
