package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"prefork/bench/report"
	"prefork/bench/result"
)

const compareSentence = "what changed between two saved results"

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:            "compare",
		Usage:           compareSentence,
		UsageText:       "prefork compare [flags] OLD.json NEW.json",
		Flags:           compareFlags(),
		Action:          compare,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

func compareFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "force", Usage: "compare although the plans, or the rates of the open loops, differ"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		&cli.StringSliceFlag{Name: "fail-if", DefaultText: "none", Usage: "exit with 99 if `CONDITION` holds for the new result, such as 'p99(shared/blocking) > 1.1 * old.p99(shared/blocking)'; repeatable"},
	}
}

// compare reads two files that prefork bench --json has written.
func compare(c *cli.Context) error {
	if c.NArg() != 2 {
		return usage(fmt.Errorf("compare takes two files, the old and the new, after its flags; this is %d", c.NArg()))
	}
	old, err := measured(c.Args().Get(0))
	if err != nil {
		return err
	}
	new, err := measured(c.Args().Get(1))
	if err != nil {
		return err
	}
	limits, err := thresholds(c, armNames(new.Arms), armNames(old.Arms))
	if err != nil {
		return err
	}
	if err := checkRates(limits, new.Plan, &old.Plan); err != nil {
		return err
	}
	changes, doubts, err := match(old, new, c.Bool("force"))
	if err != nil {
		return err
	}
	if err := printChanges(c, old, new, changes, doubts); err != nil {
		return err
	}
	err = judgeBoth(c, new, old, limits)
	if err == nil && len(changes) == 0 {
		err = coded{exitInvalid, errors.New("no arm has a round in both results: there is nothing to compare")}
	}
	return err
}

// match compares what of two results can be, or all by force, with what there is to
// doubt in it.
func match(old, new *result.Result, force bool) (changes []result.Change, doubts []string, err error) {
	differences := result.Differences(old, new)
	if len(differences) > 0 && !force {
		return nil, nil, coded{exitUsage, errors.New("the two did not measure the same; --force compares them all the same\n  " + strings.Join(differences, "\n  "))}
	}
	changes = result.Changes(old, new)
	doubts = append(differences, result.Confounders(old, new)...)
	if apart := result.RatesApart(old, new); apart != nil {
		doubts = append([]string{apart.Error()}, doubts...)
		if !force {
			changes = slices.DeleteFunc(changes, func(c result.Change) bool { return c.Phase == result.Open })
		}
	}
	return changes, doubts, nil
}

func printChanges(c *cli.Context, old, new *result.Result, changes []result.Change, doubts []string) error {
	if c.Bool("json") {
		return writeChanges(c, changes, doubts)
	}
	w := c.App.Writer
	return report.Changes(w, old, new, changes, doubts, report.TableOptions{Width: columns(w), Color: coloured(w)})
}

// measured reads a result that has anything to compare.
func measured(path string) (*result.Result, error) {
	r, err := result.Read(path)
	if err == nil && len(r.Rounds) == 0 {
		err = fmt.Errorf("%s: not a result of prefork bench with rounds: it has none", path)
	}
	return r, err
}

// judgeBoth refuses conditions on what is no match between the two.
func judgeBoth(c *cli.Context, new, old *result.Result, limits []result.Threshold) error {
	for _, limit := range limits {
		if err := limit.Comparable(new, old); err != nil && !c.Bool("force") {
			return coded{exitInvalid, fmt.Errorf("--fail-if %w", err)}
		}
	}
	return judge(c.App.ErrWriter, new, old, limits)
}

func writeChanges(c *cli.Context, changes []result.Change, doubts []string) error {
	encoder := json.NewEncoder(c.App.Writer)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Schema  string          `json:"schema"`
		Changes []result.Change `json:"changes"`
		Doubts  []string        `json:"doubts"`
	}{"prefork.compare/v1", append([]result.Change{}, changes...), append([]string{}, doubts...)})
}
