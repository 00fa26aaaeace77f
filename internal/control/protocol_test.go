package control

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestReadRequest(t *testing.T) {
	for text, want := range map[string]Request{
		`{"control":1,"verb":"status"}`:                        {Verb: "status"},
		`{"control":1,"verb":"workers","arg":"8"}`:             {Verb: "workers", Workers: 8},
		`{"control":1,"verb":"workers","arg":"+2"}`:            {Verb: "workers", Workers: 2, By: true},
		`{"control":1,"verb":"workers","arg":"-1"}`:            {Verb: "workers", Workers: -1, By: true},
		`{"control":1,"verb":"stop"}`:                          {Verb: "stop"},
		`{"control":1,"verb":"stop","arg":"now"}`:              {Verb: "stop", Now: true},
		`{"control":1,"verb":"drain","arg":"3"}`:               {Verb: "drain", Slot: 3},
		`{"control":1,"verb":"log-level","arg":"debug"}`:       {Verb: "log-level", Level: slog.LevelDebug},
		` {"verb" : "reload", "control" : 1 } `:                {Verb: "reload"},
		string(Wire{Version, "restart", "0"}.Line()):           {Verb: "restart"},
		string(Wire{Control: Version, Verb: "version"}.Line()): {Verb: "version"},
	} {
		if got, err := ReadRequest([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestWrongRequests(t *testing.T) {
	for text, want := range map[string]struct {
		code Code
		part string
	}{
		``:                                {CodeUsage, "no request"},
		`reload`:                          {CodeUsage, `want a line such as {"control":1,"verb":"status"}`},
		`{}`:                              {CodeUsage, "no request"},
		`[1]`:                             {CodeUsage, "no request"},
		`{"verb":"status"}`:               {CodeUsage, "no request"},
		`{"control":2,"verb":"teleport"}`: {CodeVersion, "of version 2, and this master knows version 1"},
		`{"control":9,"news":[1,2]}`:      {CodeVersion, "version 9"},
		`{"control":1,"verb":"relaod"}`:   {CodeUsage, `did you mean "reload"?`},
		`{"control":1,"verb":"status","arg":"now"}`:                   {CodeUsage, "takes no argument"},
		`{"control":1,"verb":"status","worker":1}`:                    {CodeUsage, "unknown field"},
		`{"control":1,"verb":"workers"}`:                              {CodeUsage, "want a number"},
		`{"control":1,"verb":"workers","arg":"+0"}`:                   {CodeUsage, "changes nothing"},
		`{"control":1,"verb":"workers","arg":"99999999999999999999"}`: {CodeUsage, "want a number"},
		`{"control":1,"verb":"drain","arg":"-1"}`:                     {CodeUsage, "number of a slot"},
		`{"control":1,"verb":"stop","arg":"later"}`:                   {CodeUsage, "or now"},
		`{"control":1,"verb":"log-level","arg":"all"}`:                {CodeUsage, "there are: debug, info, warn, error"},
		`{"control":1,"verb":"status"} {"control":1}`:                 {CodeUsage, "something follows"},
	} {
		_, err := ReadRequest([]byte(text))
		var refusal *RefusalError
		if !errors.As(err, &refusal) || refusal.Code != want.code || !strings.Contains(refusal.Text, want.part) {
			t.Errorf("%s: %v, want %s with %q", text, err, want.code, want.part)
		}
	}
}

// Whatever comes is a request or is refused, and what is written can be read.
func FuzzReadRequest(f *testing.F) {
	for _, v := range Verbs {
		f.Add(string(Wire{Version, v.Name, "1"}.Line()))
	}
	f.Add(`{"control":1,"verb":"workers","arg":"+1"}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ReadRequest([]byte(text))
		var refusal *RefusalError
		switch {
		case err == nil:
			if _, err := LookupVerb(r.Verb); err != nil {
				t.Errorf("%q is read as %+v", text, r)
			}
		case !errors.As(err, &refusal) || refusal.Code == "" || refusal.Text == "":
			t.Errorf("%q: %v", text, err)
		default:
			if a, err := ReadAnswer(RefusalOf(refusal).Line()); err != nil || a.Kind != Refused {
				t.Errorf("%q: the answer %+v: %v", text, a, err)
			}
		}
	})
}

func TestReadAnswer(t *testing.T) {
	if _, err := ReadAnswer([]byte(`{"control":2,"kind":"done"}`)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a newer answer: %v", err)
	}
	if _, err := ReadAnswer([]byte(`hello`)); err == nil {
		t.Error("no answer is read as one")
	}
}
