package cli

import (
	"embed"
	"strings"
	"text/template"

	"github.com/urfave/cli/v2"

	"prefork/internal/lookup"
)

// shells are those whose completion is known; how each is told of it, its file says.
var shells = []string{"bash", "zsh", "fish"}

func shellNames() []string { return shells }

//go:embed completion
var completions embed.FS

const completionSentence = "print what makes a shell complete the command line"

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:            "completion",
		Usage:           completionSentence,
		UsageText:       "prefork completion " + strings.Join(shells, "|"),
		HideHelpCommand: true,
		OnUsageError:    plainly,
		Action:          printCompletion,
	}
}

func printCompletion(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage(lookup.Unknown("shell", strings.Join(c.Args().Slice(), " "), shells))
	}
	shell, err := lookup.ByName("shell", c.Args().First(), shells, func(s string) string { return s })
	if err != nil {
		return usage(err)
	}
	t, err := template.New(shell+".tmpl").Funcs(template.FuncMap{
		"join": strings.Join, "single": singleQuoted, "bracket": bracketed.Replace,
	}).ParseFS(completions, "completion/"+shell+".tmpl")
	if err != nil {
		return err
	}
	return t.Execute(c.App.Writer, spellings())
}

// singleQuoted is a text within single quotes, as all shells know them.
func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// bracketed is for what zsh has between brackets and colons.
var bracketed = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
