// Package operate holds what is used to run prefork on several hosts, so that what is
// documented is what is tried.
package operate

import _ "embed"

// Rolling is rolling.sh.
//
//go:embed rolling.sh
var Rolling string
