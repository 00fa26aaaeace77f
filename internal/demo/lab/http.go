//go:build linux

package lab

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"prefork/internal/uplot"
)

//go:embed assets
var assets embed.FS

// maxBody is more than anything that is meant.
const maxBody = 4 << 10

// Handler serves the page, its events and its controls, to those who have reached
// it at the address it listens on.
func (l *Lab) Handler(address string) http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // it is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /uPlot.js", text("text/javascript", "/*\n"+uplot.License+"*/\n"+uplot.JS))
	mux.HandleFunc("GET /uPlot.css", text("text/css", uplot.CSS))
	mux.HandleFunc("GET /events", l.events)
	mux.HandleFunc("POST /settings", func(w http.ResponseWriter, r *http.Request) {
		control(w, r, func(p patch) error { return l.change(context.WithoutCancel(r.Context()), p) })
	})
	mux.HandleFunc("POST /told", func(w http.ResponseWriter, r *http.Request) { control(w, r, l.tell) })
	mux.HandleFunc("POST /act", func(w http.ResponseWriter, r *http.Request) {
		control(w, r, func(a act) error { return l.act(context.WithoutCancel(r.Context()), a) })
	})
	return guard(address, mux)
}

func text(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		_, _ = io.WriteString(w, body)
	}
}

// guard turns away whoever was led here from elsewhere: another site's page in the
// same browser, be it directly (Origin) or by a name of its own that it has made
// lead here (Host).
func guard(address string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(address)
	ours := []string{address, "localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port}
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(ours, strings.ToLower(r.Host)) {
			http.Error(w, "the lab is for this machine alone: open http://"+address+"/", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		sameOrigin.ServeHTTP(w, r)
	})
}

// control reads what is wanted and answers whether it was done.
func control[T any](w http.ResponseWriter, r *http.Request, do func(T) error) {
	wanted, err := decode[T](http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, fmt.Sprintf("not understood: %v", err), http.StatusBadRequest)
		return
	}
	switch err := do(wanted); {
	case errors.Is(err, errState) || errors.As(err, new(*refusal)):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// errObject is for what is no JSON object, or more than one.
var errObject = errors.New(`want one JSON object, such as {"rate": 100}, and nothing after it`)

// decode reads one object, and makes sure that there is nothing else.
func decode[T any](body io.Reader) (wanted T, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	var object *T // nil after null
	switch err := decoder.Decode(&object); {
	case err != nil:
		return wanted, plain(err)
	case object == nil:
		return wanted, errObject
	}
	switch err := decoder.Decode(&struct{}{}); {
	case errors.As(err, new(*http.MaxBytesError)):
		return wanted, err
	case err != io.EOF:
		return wanted, errObject
	}
	return *object, nil
}

// plain is an error of package json in the words of whoever has written what it is
// about.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case err == io.EOF || errors.As(err, &wrong) && wrong.Field == "":
		return errObject
	case err == io.ErrUnexpectedEOF:
		return errors.New("it ends in the middle")
	case wrong == nil:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	wanted := map[reflect.Kind]string{reflect.Float64: "a number", reflect.Int: "a whole number", reflect.String: "a string", reflect.Bool: "true or false"}[wrong.Type.Kind()]
	return fmt.Errorf("%s: want %s, not %s", strings.ToLower(wrong.Field), cmp.Or(wanted, "an object"), inWords(wrong.Value))
}

// inWords is what package json calls a value, with its article.
func inWords(value string) string {
	if number, is := strings.CutPrefix(value, "number "); is {
		return number
	}
	return cmp.Or(map[string]string{"array": "an array", "object": "an object", "bool": "true or false"}[value], "a "+value)
}

// events tells a viewer what happens, for as long as it listens.
func (l *Lab) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	events := l.join()
	defer l.hub.leave(events)
	for {
		select {
		case <-r.Context().Done():
			return
		case message, open := <-events:
			if !open {
				return
			}
			_ = control.SetWriteDeadline(time.Now().Add(10 * time.Second))
			if _, err := w.Write(message); err != nil || control.Flush() != nil {
				return
			}
		}
	}
}
