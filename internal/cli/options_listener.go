//go:build linux

package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"

	"prefork/internal/entry"
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

// advice is what to type for a program that accepts by itself.
const advice = "a program that accepts by itself needs --strategy shared or reuseport"

// checkListener refuses under dispatch what cannot be a worker there.
func checkListener(o *options) error {
	if !o.foreign() || o.strategyRow().Name != "dispatch" {
		return nil
	}
	program := behindEnv(o.program)
	if !listens(program) {
		return nil
	}
	return fmt.Errorf("%s cannot be a worker of dispatch, since it accepts by itself; use --strategy shared or reuseport (%s)", program, why)
}

// behindEnv is the program that env runs (env NAME=VALUE… PROGRAM), or that which is
// there without one.
func behindEnv(words []string) string {
	for _, word := range words {
		if path.Base(word) != "env" && !strings.Contains(word, "=") {
			return word
		}
	}
	return words[0]
}

// remarkListener warns where such a program seems to be behind another, such as
// bundle exec puma.
func remarkListener(o *options, _ place, log *slog.Logger) {
	if !o.foreign() || o.strategyRow().Name != "dispatch" {
		return
	}
	words := strings.Fields(strings.Join(o.program[:min(len(o.program), 5)], " "))
	if at := slices.IndexFunc(words, listens); at >= 0 {
		entry.FlagListens.Log(log, "program", words[at], "reason", why, "instead", "--strategy shared or reuseport")
	}
}

// listens reports whether a word is the name of such a program, with its path and
// version: /usr/sbin/php-fpm8.2.
func listens(word string) bool {
	return slices.Contains(listeners, strings.TrimRight(path.Base(word), "0123456789.-"))
}

// suspicion is what may be behind it if a program ends soon after its start. Of programs
// that are not known nobody can say more.
func (o *options) suspicion() string {
	if !o.foreign() || o.strategyRow().Name != "dispatch" {
		return ""
	}
	return why + "; " + advice
}

// explainStart adds that to the end of a master none of whose workers ever got ready.
func explainStart(err *supervisor.ExitError, o supervisor.Options) error {
	if err.Code != supervisor.ExitNoStart || o.Limits.Suspect == "" {
		return err.Err
	}
	return errors.Join(err.Err, errors.New(o.Limits.Suspect))
}
