//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/demo"
	"prefork/internal/ink"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:               "demo",
		Usage:              demoSentence,
		UsageText:          "prefork demo [flags] [SCENE…]",
		Flags:              demoFlags(),
		Action:             runDemo,
		OnUsageError:       plainly,
		HideHelpCommand:    true,
		CustomHelpTemplate: commandHelp("demo", demoSentence, "[flags] [SCENE…]", demoFlags(), nil) + "\n" + sceneList(),
	}
}

func demoFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.BoolFlag{Name: "all", Category: inTerminal, Usage: "play every scene"},
		&cli.BoolFlag{Name: "no-pause", Category: inTerminal, Usage: "do not wait for guesses"},
		&cli.BoolFlag{Name: "brief", Category: inTerminal, Usage: "print pictures and numbers, without the words around them"},
		&cli.BoolFlag{Name: "json", Category: inTerminal, Usage: "print what happens as JSON, an event a line"},
	}, labFlags()...)
}

// Categories of flags.
const (
	inTerminal = "Scenes in the terminal"
	inBrowser  = "The lab in the browser"
)

// runDemo plays scenes, or says which there are.
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
	if len(scenes) == 0 {
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
	return err
}

// demoConflict rejects flags of which one would be forgotten.
func demoConflict(c *cli.Context) error {
	for _, flag := range []string{"all", "no-pause", "brief", "json"} {
		if c.IsSet("web") && c.Bool(flag) {
			return fmt.Errorf("--%s is for scenes in the terminal, and --web opens the lab: leave out one of them", flag)
		}
	}
	if c.Bool("json") && c.Bool("brief") {
		return errors.New("--json prints every event: leave out --brief, or --json")
	}
	return nil
}

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
	return scenes, nil
}

// listScenes says what there is to be seen.
func listScenes(c *cli.Context) error {
	if c.Bool("json") {
		return demo.List(c.Context, demo.NewJSON(c.App.Writer))
	}
	_, err := fmt.Fprintf(c.App.Writer, "%s\nplay  prefork demo %s, or prefork demo --all\n", sceneList(), demo.Scenes[0].Name)
	return err
}

// sceneList is a table of all scenes.
func sceneList() string {
	const column = 20 // the longest name, and room
	var h helpText
	h.section("Scenes", "")
	for _, scene := range demo.Scenes {
		h.entry(column, "  "+scene.Name, ink.Fold(scene.Sentence, helpWidth-column))
	}
	return h.String()
}

// demoTeller tells by JSON, or as text; it waits for guesses if there is somebody
// at a terminal to make them. done gives the terminal back.
func demoTeller(c *cli.Context) (teller demo.Teller, done func(), err error) {
	out, done := c.App.Writer, func() {}
	if c.Bool("json") {
		return demo.NewJSON(out), done, nil
	}
	look := demo.Look{Width: columns(out), Height: height(out), Colour: coloured(out), Brief: c.Bool("brief")}
	if !c.Bool("no-pause") && !look.Brief && columns(out) > 0 && columns(os.Stdin) > 0 {
		keys, err := openKeyboard(os.Stdin)
		if err != nil {
			return nil, done, err
		}
		look.Guess, done = keys.line, keys.close
	}
	return demo.NewTerminal(out, look), done, nil
}
