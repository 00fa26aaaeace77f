//go:build linux

package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"

	"prefork/internal/supervisor"
)

// listeners are programs that many people run, and all of which want a listening socket
// from who starts them. Under dispatch there is none: a worker finds a Unix socket as its
// descriptor 3, over which the master passes connections (SCM_RIGHTS).
var listeners = []string{
	"gunicorn", "uvicorn", "hypercorn", "daphne", "granian", "uwsgi",
	"puma", "unicorn", "falcon", "passenger",
	"php-fpm", "nginx", "httpd", "apache", "haproxy", "caddy",
	"node", "deno", "bun",
}

// why is what one has to know of dispatch to see why such a program fails under it.
const why = "under dispatch the master accepts, and descriptor 3 is no listening socket: connections are passed over it"

// checkListener refuses under dispatch what cannot be a worker there.
func checkListener(o *options) error {
	if !o.foreign() || o.strategyRow().Name != "dispatch" || !listens(o.program[0]) {
		return nil
	}
	return fmt.Errorf("%s cannot be a worker of dispatch, since it accepts by itself; use --strategy shared or reuseport (%s)", o.program[0], why)
}

// remarkListener warns where such a program seems to be behind another, such as
// bundle exec puma.
func remarkListener(o *options, _ place, log *slog.Logger) {
	if !o.foreign() || o.strategyRow().Name != "dispatch" {
		return
	}
	words := strings.Fields(strings.Join(o.program[:min(len(o.program), 5)], " "))
	if at := slices.IndexFunc(words, listens); at >= 0 {
		log.Warn("a program that accepts by itself cannot be a worker of dispatch", "program", words[at], "reason", why, "instead", "--strategy shared or reuseport")
	}
}

// listens reports whether a word is the name of such a program, with its path and
// version: /usr/sbin/php-fpm8.2.
func listens(word string) bool {
	return slices.Contains(listeners, strings.TrimRight(path.Base(word), "0123456789.-"))
}

// explainStart adds to the end of a program that never got ready what may be behind it.
func explainStart(err *supervisor.ExitError, o supervisor.Options) error {
	if err.Code != supervisor.ExitNoStart || o.Launch.Program == nil || o.Strategy.Name != "dispatch" {
		return err.Err
	}
	return errors.Join(err.Err, fmt.Errorf("%s; a program that accepts by itself needs --strategy shared or reuseport", why))
}
