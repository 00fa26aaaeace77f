package strategies

import (
	"fmt"
	"strings"

	"github.com/xrash/smetrics"
)

// Unknown is the error for a name that is not among those that there are: it lists
// them, and says which may have been meant.
func Unknown(what, name string, names []string) error {
	const close = 0.8 // of 1; a slip of a letter or two
	hint, best := "", close
	for _, n := range names {
		if score := smetrics.JaroWinkler(n, name, 0.7, 4); score >= best {
			hint, best = fmt.Sprintf(" (did you mean %q?)", n), score
		}
	}
	return fmt.Errorf("unknown %s %q%s; there are: %s", what, name, hint, strings.Join(names, ", "))
}
