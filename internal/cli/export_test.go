//go:build linux

package cli

import (
	"context"
	"os"

	"github.com/urfave/cli/v2"
)

// ServeFlags is for the tests that compare the help with the flags behind it.
func ServeFlags() []cli.Flag { return new(options).flags() }

// ProgressLine is for a test without a terminal.
var ProgressLine = progressLine

// Guesses is how guesses are read from a terminal, and how it is given back.
func Guesses(terminal *os.File) (guess func(context.Context) (string, error), done func(), err error) {
	k, err := openKeyboard(terminal)
	if err != nil {
		return nil, nil, err
	}
	return k.line, k.close, nil
}

// HelpAt is the help of all commands on a terminal so many columns wide; that of no
// command is "".
func HelpAt(columns int) map[string]string {
	flags, _ := serving()
	app := &cli.App{Name: "prefork", Usage: appSentence, Flags: flags, Commands: commands()}
	setHelp(app, helpColumns(columns))
	all := map[string]string{"": app.CustomAppHelpTemplate}
	for _, command := range app.Commands {
		all[command.Name] = command.CustomHelpTemplate
	}
	return all
}
