package cli

import (
	"errors"
	"fmt"
	"slices"

	"prefork/bench/result"
)

// versus stands between the old results and the new, where either are several.
const versus = "vs"

// sides are the files before and after 'vs', which may be left out between two.
func sides(args []string) (olds, news []string, err error) {
	at := slices.Index(args, versus)
	switch {
	case at < 0 && len(args) == 2:
		return args[:1], args[1:], nil
	case at < 0 && len(args) > 2:
		return nil, nil, fmt.Errorf("compare takes two files after its flags, the old and the new, or several on a side with %s between them (prefork compare old-*.json %s new-*.json); this is %d", versus, versus, len(args))
	case at < 0:
		return nil, nil, fmt.Errorf("compare takes two files, the old and the new, after its flags; this is %d", len(args))
	}
	olds, news = args[:at], args[at+1:]
	switch {
	case len(olds) == 0 || len(news) == 0:
		return nil, nil, fmt.Errorf("compare: files are wanted on both sides of %s: prefork compare old-*.json %s new-*.json", versus, versus)
	case slices.Contains(news, versus):
		return nil, nil, errors.New("compare has two sides: say vs once")
	}
	return olds, news, nil
}

// side are the results on one side, and all of them as one.
type side struct {
	files  []saved
	pooled *result.Result
}

// saved is a result with the file that it was in.
type saved struct {
	path string
	*result.Result
}

func readSide(paths []string) (s side, err error) {
	var runs []*result.Result
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			return s, usage(fmt.Errorf("%s is given twice on one side: that would count its rounds twice", path))
		}
		r, err := measured(path)
		if err != nil {
			return s, err
		}
		s.files, runs = append(s.files, saved{path, r}), append(runs, r)
	}
	s.pooled = result.Pool(runs)
	return s, nil
}

// measured reads a result that has anything to compare.
func measured(path string) (*result.Result, error) {
	r, err := result.Read(path)
	if err == nil && len(r.Rounds) == 0 {
		err = fmt.Errorf("%s: not a result of prefork bench with rounds: it has none", path)
	}
	return r, err
}

// unlike is what keeps results from being compared: how each differs from the first. It is
// named with its file where there are more than two.
func unlike(all []saved) (differences []string) {
	for _, other := range all[1:] {
		for _, text := range result.Differences(all[0].Result, other.Result) {
			differences = append(differences, between(all, other, text))
		}
	}
	return differences
}

func between(all []saved, other saved, text string) string {
	if len(all) == 2 {
		return text
	}
	return fmt.Sprintf("%s, %s: %s", all[0].path, other.path, text)
}

// confounders are what else may have made the difference, of which so many are old.
func confounders(all []saved, olds int) (doubts []string) {
	for i, other := range all[1:] {
		for _, text := range result.Confounders(all[0].Result, other.Result) {
			if i+1 < olds { // onlyIn says of the other that it is new
				text += " (both old)"
			}
			if text = between(all, other, text); !slices.Contains(doubts, text) {
				doubts = append(doubts, text)
			}
		}
	}
	return doubts
}

// ratesApart is an error if any two have open loops that are no match for each other.
func ratesApart(all []saved) error {
	for i, one := range all {
		for _, other := range all[i+1:] {
			if err := result.RatesApart(one.Result, other.Result); err != nil {
				return err
			}
		}
	}
	return nil
}
