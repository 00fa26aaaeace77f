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

const compareSentence = "what changed between two saved results, or several on a side"

func compareCommand() *cli.Command {
	return &cli.Command{
		Name:            "compare",
		Usage:           compareSentence,
		UsageText:       "prefork compare [flags] OLD.json NEW.json\n  prefork compare [flags] OLD.json… " + versus + " NEW.json…",
		Flags:           compareFlags(),
		Action:          compare,
		OnUsageError:    plainly,
		HideHelpCommand: true,
	}
}

func compareFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "force", Usage: "compare even if the plans, or the rates of the open loops, differ"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		&cli.StringSliceFlag{Name: "fail-if", DefaultText: "none", Usage: "exit with 99 if `CONDITION` holds for the new result, such as 'p99(shared/blocking) > 1.1 * old.p99(shared/blocking)'; repeatable"},
	}
}

// compare reads files that prefork bench --json has written.
func compare(c *cli.Context) error {
	olds, news, err := sides(c.Args().Slice())
	if err != nil {
		return usage(err)
	}
	old, err := readSide(olds)
	if err != nil {
		return err
	}
	new, err := readSide(news)
	if err != nil {
		return err
	}
	limits, err := thresholds(c, armNames(new.pooled.Arms), armNames(old.pooled.Arms))
	if err != nil {
		return err
	}
	if err := checkRates(limits, new.pooled.Plan, &old.pooled.Plan); err != nil {
		return err
	}
	found, err := match(old, new, c.Bool("force"))
	if err != nil {
		return err
	}
	if err := found.print(c); err != nil {
		return err
	}
	err = judgeBoth(c, new.pooled, old.pooled, limits)
	if err == nil && len(found.changes) == 0 {
		err = coded{exitInvalid, errors.New("no arm has a round in both results: there is nothing to compare")}
	}
	return err
}

// difference is what two results, or several pooled on a side, differ by.
type difference struct {
	old, new *result.Result
	changes  []result.Change
	harms    []result.ChangedHarm
	doubts   []string
}

// match compares what of two sides can be, or all by force, with what there is to doubt
// in it.
func match(old, new side, force bool) (d difference, err error) {
	d = difference{old: old.pooled, new: new.pooled}
	alike := append(slices.Clone(old.files), new.files...)
	differences := unlike(alike)
	if len(differences) > 0 && !force {
		what := "the two"
		if len(alike) > 2 {
			what = "these runs"
		}
		return d, coded{exitUsage, errors.New(what + " did not measure the same; --force compares them all the same\n  " + strings.Join(differences, "\n  "))}
	}
	d.changes, d.harms = result.Changes(d.old, d.new), result.ChangesOfHarm(d.old, d.new)
	d.doubts = append(differences, confounders(alike, len(old.files))...)
	if apart := ratesApart(alike); apart != nil {
		d.doubts = append([]string{apart.Error()}, d.doubts...)
		if !force {
			d.changes = slices.DeleteFunc(d.changes, func(c result.Change) bool { return c.Phase == result.Open })
			d.harms = slices.DeleteFunc(d.harms, func(c result.ChangedHarm) bool { return c.Phase == result.Open })
		}
	}
	return d, nil
}

func (d difference) print(c *cli.Context) error {
	if c.Bool("json") {
		return d.write(c)
	}
	w := c.App.Writer
	return report.Changes(w, d.old, d.new, d.changes, d.harms, d.doubts, report.TableOptions{Width: columns(w), Color: coloured(w)})
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

func (d difference) write(c *cli.Context) error {
	encoder := json.NewEncoder(c.App.Writer)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Schema  string               `json:"schema"`
		Changes []result.Change      `json:"changes"`
		Harms   []result.ChangedHarm `json:"harms"`
		Doubts  []string             `json:"doubts"`
	}{"prefork.compare/v1", append([]result.Change{}, d.changes...), append([]result.ChangedHarm{}, d.harms...), append([]string{}, d.doubts...)})
}
