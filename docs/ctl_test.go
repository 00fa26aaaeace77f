//go:build linux

package docs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"prefork/internal/control"
)

// The page of the control socket has every word that is said over it.
func TestControlPageHasEveryWord(t *testing.T) {
	page, err := os.ReadFile("operate/control.md")
	if err != nil {
		t.Fatal(err)
	}
	words := append(control.VerbNames(), control.Reasons[1:]...)
	for _, v := range []any{
		control.Wire{}, control.Answer{}, control.Status{}, control.Workers{}, control.Reloads{},
		control.Connections{}, control.Listener{}, control.Slot{}, control.Leaving{},
	} {
		for i := range reflect.TypeOf(v).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ",")
			words = append(words, name)
		}
	}
	for _, code := range []control.Code{
		control.CodeUsage, control.CodeVersion, control.CodeNotAllowed, control.CodeState, control.CodeNoStart, control.CodeOther,
	} {
		words = append(words, string(code))
	}
	for _, kind := range []control.Kind{control.Progress, control.Done, control.Failed, control.Refused} {
		words = append(words, string(kind))
	}
	for _, state := range []control.State{
		control.Starting, control.Running, control.Reloading, control.Upgrading, control.Paused, control.Stopping,
	} {
		words = append(words, string(state))
	}
	for _, state := range []control.SlotState{
		control.SlotStarting, control.SlotReady, control.SlotDraining, control.SlotWaiting, control.SlotHeld, control.SlotPaused, control.SlotEmpty,
	} {
		words = append(words, string(state))
	}
	for _, word := range words {
		if !strings.Contains(string(page), "`"+word+"`") {
			t.Errorf("it does not say `%s`", word)
		}
	}
	if schema := "`" + control.StatusSchema + "`"; !strings.Contains(string(page), schema) {
		t.Errorf("it does not say %s", schema)
	}
}

// ctl asks a server of its own, which is told the same of how it is found.
func (p place) ctl(args []string) (out []byte, err error) {
	server, args := []string{"-w", "4"}, slices.Clone(args)
	for i, arg := range args[:len(args)-1] {
		switch arg {
		case "--pid-file", "--control":
			args[i+1] = filepath.Join(p.dir, filepath.Base(args[i+1]))
			server = append(server, arg, args[i+1])
		case "--name":
			server = append(server, arg, args[i+1])
		}
	}
	s, _, err := p.listening(server)
	if s == nil {
		return nil, err
	}
	if err == nil && slices.Contains(args, "--watch") {
		err = p.watch(args)
	} else if err == nil {
		out, err = p.expect(args)
	}
	return out, s.end(err)
}

// watch wants to see a status twice.
func (p place) watch(args []string) error {
	s, err := p.start(args)
	if err != nil {
		return err
	}
	defer s.cancel()
	for range 2 {
		err = s.await(func(line string) bool {
			return strings.Contains(line, "workers ready") || strings.Contains(line, "prefork.status/1")
		})
		if err != nil {
			break
		}
	}
	_ = s.cmd.Process.Kill() // as Ctrl-C does: it has nothing to leave behind
	_ = s.cmd.Wait()
	return err
}
