//go:build linux

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/demo"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:            "demo",
		Usage:           demoSentence,
		UsageText:       "prefork demo [flags] [SCENE…]",
		Flags:           demoFlags(),
		Action:          runDemo,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

func demoFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "list", Category: inTerminal, Usage: "print which scenes there are, and play none"},
		&cli.BoolFlag{Name: "all", Category: inTerminal, Usage: "play every scene"},
		&cli.BoolFlag{Name: "no-pause", Category: inTerminal, Usage: "wait neither for guesses nor for Enter"},
		&cli.BoolFlag{Name: "brief", Category: inTerminal, Usage: "print pictures and numbers, without the words around them"},
		&cli.BoolFlag{Name: "json", Category: inTerminal, Usage: "print what happens as JSON, an event a line"},
	}, labFlags()...)
}

// Categories of flags.
const (
	inTerminal = "Scenes in the terminal"
	inBrowser  = "The lab in the browser"
)

// runDemo plays scenes, the first one unless told which, or says which there are.
func runDemo(c *cli.Context) error {
	if err := demoConflict(c); err != nil {
		return usage(err)
	}
	if c.IsSet("web") {
		return runLab(c)
	}
	scenes, err := chosenScenes(c)
	if err != nil {
		return usage(err)
	}
	if c.Bool("list") {
		return listScenes(c)
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer stop()
	// To be killed by | head would leave servers behind; an error of the output ends
	// the scene.
	signal.Notify(make(chan os.Signal, 1), unix.SIGPIPE)
	teller, done, err := demoTeller(c)
	if err != nil {
		return err
	}
	defer done()
	err = demo.Play(ctx, scenes, teller)
	if ctx.Err() != nil {
		return errors.New("interrupted; nothing is left running")
	}
	if err != nil || c.Bool("json") || c.Bool("brief") {
		return err
	}
	_, err = io.WriteString(c.App.Writer, folded(c.App.Writer, whatNext(scenes[len(scenes)-1])))
	return err
}

// whatNext says how to go on after a scene.
func whatNext(played demo.Scene) string {
	at := slices.IndexFunc(demo.Scenes, func(s demo.Scene) bool { return s.Name == played.Name })
	if at+1 < len(demo.Scenes) {
		return fmt.Sprintf("next  prefork demo %s, or prefork demo --list for all of them\n", demo.Scenes[at+1].Name)
	}
	return "next  prefork demo --web, the three strategies side by side in a browser\n"
}

// demoConflict rejects flags of which one would be forgotten.
func demoConflict(c *cli.Context) error {
	for _, flag := range []string{"list", "all", "no-pause", "brief", "json"} {
		if c.IsSet("web") && c.Bool(flag) {
			return fmt.Errorf("--%s is for scenes in the terminal, and --web opens the lab: leave out one of them", flag)
		}
	}
	if c.IsSet("record") && !c.IsSet("web") {
		return errors.New("--record is for the lab: say --web as well")
	}
	if c.Bool("json") && c.Bool("brief") {
		return errors.New("--json prints every event: leave out --brief, or --json")
	}
	if c.Bool("list") && (c.Bool("all") || c.Args().Present()) {
		return errors.New("--list plays nothing: leave it out, or the scenes")
	}
	return nil
}

// chosenScenes are those to play: the first one where none is named.
func chosenScenes(c *cli.Context) (scenes []demo.Scene, err error) {
	if c.Bool("all") {
		if c.Args().Present() {
			return nil, fmt.Errorf("--all plays every scene; leave out %s, or --all", strings.Join(c.Args().Slice(), " "))
		}
		return demo.Scenes, nil
	}
	for _, name := range c.Args().Slice() {
		if strings.HasPrefix(name, "-") {
			return nil, fmt.Errorf("flags go before the scenes: prefork demo %s …", name)
		}
		scene, err := demo.Lookup(name)
		if err != nil {
			return nil, err
		}
		scenes = append(scenes, scene)
	}
	if len(scenes) == 0 {
		scenes = demo.Scenes[:1]
	}
	return scenes, nil
}

// listScenes says what there is to be seen.
func listScenes(c *cli.Context) error {
	if c.Bool("json") {
		return demo.List(c.Context, demo.NewJSON(c.App.Writer))
	}
	list := helpText{width: helpWidth(c.App.Writer)}
	list.table(sceneTopic())
	_, err := fmt.Fprintf(c.App.Writer, "%s\nplay  prefork demo %s, or prefork demo --all\n", list.String(), demo.Scenes[0].Name)
	return err
}

// sceneTopic is a table of all scenes.
func sceneTopic() topic {
	return topic{"Scenes", rows(demo.Scenes, func(s demo.Scene) string { return s.Name }, func(s demo.Scene) string { return s.Sentence })}
}

// demoTeller tells by JSON, or as text; it waits for guesses if there is somebody
// at a terminal to make them. done gives the terminal back.
func demoTeller(c *cli.Context) (teller demo.Teller, done func(), err error) {
	out, done := c.App.Writer, func() {}
	if c.Bool("json") {
		return demo.NewJSON(out), done, nil
	}
	look := demo.Look{
		Width: columns(out), Height: height(out), Brief: c.Bool("brief"),
		Colour: coloured(out), Still: os.Getenv("TERM") == "dumb", ASCII: columns(out) > 0 && !unicoded(),
	}
	if !c.Bool("no-pause") && !look.Brief && columns(out) > 0 && columns(os.Stdin) > 0 {
		keys, err := openKeyboard(os.Stdin)
		if err != nil {
			return nil, done, err
		}
		look.Guess, done = keys.line, keys.close
	}
	return demo.NewTerminal(out, look), done, nil
}
