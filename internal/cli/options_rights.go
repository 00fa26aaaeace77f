//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"prefork/internal/worker"
)

// rightsFlags are about whom workers run as, and what a process here may do.
func (o *options) rightsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{
			Name: "user", Destination: &o.user, Category: catRights, EnvVars: env("USER"), DefaultText: "the master's",
			Usage: "run workers as `USER`, a name or a number, with its groups, without capabilities and without a way to gain any (no_new_privs); the master stays who it is",
		},
		&cli.StringFlag{
			Name: "group", Destination: &o.group, Category: catRights, EnvVars: env("GROUP"), DefaultText: "the user's",
			Usage: "run workers with `GROUP`, a name or a number, as their first group",
		},
		&cli.StringFlag{
			Name: "umask", Destination: &o.umask, Category: catRights, EnvVars: env("UMASK"), DefaultText: "as it is",
			Usage: "take the permissions in `MASK` (octal, as in 027) from files that master and workers create",
		},
		&cli.StringFlag{
			Name: "chdir", Destination: &o.chdir, Category: catRights, EnvVars: env("CHDIR"), DefaultText: "where prefork was started",
			Usage: "run programs in `DIR`",
		},
		&cli.Uint64Flag{
			Name: "rlimit-nofile", Destination: &o.maxFiles, Category: catRights, EnvVars: env("RLIMIT_NOFILE"), DefaultText: "as it is",
			Usage: "let master and workers have `N` open files each (RLIMIT_NOFILE); a new hard limit too; to raise that takes root",
		},
	}
}

func checkUmask(o *options) error {
	if o.umask == "" {
		return nil
	}
	_, err := o.mask()
	return err
}

// mask is --umask.
func (o *options) mask() (int, error) {
	mask, err := strconv.ParseUint(o.umask, 8, 32)
	if err != nil || mask > 0o777 {
		return 0, fmt.Errorf("--umask %s: it is three octal digits, such as 027", o.umask)
	}
	return int(mask), nil
}

func checkChdir(o *options) error {
	return unless(o.chdir == "" || o.foreign(), "--chdir is for a program after --: built-in apps open no files")
}

func checkMaxFiles(o *options) error {
	return unless(!o.given["rlimit-nofile"] || o.maxFiles > 0, "--rlimit-nofile 0: a process needs open files")
}

// identity is whom workers are to run as; nil is the master's user.
func (o *options) identity() (*worker.Identity, error) {
	if o.user == "" && o.group == "" {
		return nil, nil
	}
	id := &worker.Identity{Name: o.user, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	if o.user != "" {
		if err := become(id, o.user); err != nil {
			return nil, err
		}
	}
	if o.group != "" {
		gid, err := groupID(o.group)
		if err != nil {
			return nil, err
		}
		id.GID = gid
	}
	if o.user == "" {
		id.Name = strconv.Itoa(os.Geteuid())
	}
	return id, nil
}

// become fills in whom a user's name or number stands for. A number that nobody has is a
// user without groups, as in containers.
func become(id *worker.Identity, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		uid, wrong := number(name)
		if wrong != nil {
			return fmt.Errorf("--user %s: there is no such user (getent passwd lists them)", name)
		}
		id.UID, id.GID = uid, uid
		return nil
	}
	if id.UID, err = number(u.Uid); err == nil {
		id.GID, err = number(u.Gid)
	}
	if err != nil {
		return fmt.Errorf("--user %s: %w", name, err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("--user %s: its groups cannot be read: %w", name, err)
	}
	for _, group := range groups {
		if gid, err := number(group); err == nil {
			id.Groups = append(id.Groups, gid)
		}
	}
	return nil
}

func groupID(name string) (uint32, error) {
	if g, err := user.LookupGroup(name); err == nil {
		return number(g.Gid)
	}
	gid, err := number(name)
	if err != nil {
		return 0, fmt.Errorf("--group %s: there is no such group (getent group lists them)", name)
	}
	return gid, nil
}

// number is that of a user or a group. The highest one means nobody at all (setuid(2)).
func number(text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err == nil && n == 1<<32-1 {
		err = errors.New("no valid number")
	}
	return uint32(n), err
}

func checkIdentity(o *options) error { return errorOf(o.identity()) }

// obstacleIdentity wants the right to become somebody else, and to end them.
func obstacleIdentity(o *options, here place) error {
	if id, _ := o.identity(); id == nil || here.changesUser {
		return nil
	}
	return coded{exitNotAllowed, errors.New("--user and --group take root, or CAP_SETUID, CAP_SETGID and CAP_KILL: leave them out to run workers as this user")}
}

func obstacleChdir(o *options, here place) error {
	if here.noDir == nil {
		return nil
	}
	return fmt.Errorf("--chdir %s: %w", o.chdir, nameless(here.noDir))
}

// programHere is the program by a name that leads to it from where we are: by a path that
// begins in --chdir, if it is one.
func (o *options) programHere() string {
	name := o.program[0]
	if o.chdir != "" && strings.Contains(name, "/") && !filepath.IsAbs(name) {
		return filepath.Join(o.chdir, name)
	}
	return name
}

// changesUser reports whether this process may start others as somebody else.
func changesUser() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	if unix.Capget(&header, &has[0]) != nil {
		return false
	}
	const needed = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_KILL
	return has[0].Effective&needed == needed
}

// settle makes of this process what master and workers have in common. It comes before
// anything is opened.
func (o *options) settle() error {
	if o.umask != "" {
		mask, err := o.mask()
		if err != nil {
			return err
		}
		unix.Umask(mask)
	}
	if o.maxFiles == 0 {
		return nil
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("--rlimit-nofile: %w", err)
	}
	hard := limit.Max
	// The hard limit too: the Go runtime raises the soft one to it in each worker.
	limit = syscall.Rlimit{Cur: o.maxFiles, Max: o.maxFiles}
	// Package syscall's, not unix's: it also makes children inherit what is set here, and
	// not what was there before the runtime raised it.
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return coded{exitNotAllowed, fmt.Errorf("--rlimit-nofile %d: %w: the hard limit is %d (LimitNOFILE= in a unit, or root, raises it)", o.maxFiles, err, hard)}
	}
	return nil
}
