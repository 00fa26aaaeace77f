//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"prefork/internal/demo/recording"
	"prefork/internal/kernel"
)

// DefaultAddress is where the lab is unless somebody says otherwise.
const DefaultAddress = "127.0.0.1:8089"

// tries is how many ports are tried where none was asked for.
const tries = 32

// Listen opens the lab's address. If it is not given but the default, and taken,
// one of the next ports will do.
func Listen(address string, given bool) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is no address: want 127.0.0.1:8089", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: the lab starts and kills processes, so it is for this machine alone: want 127.0.0.1 as its host, and reach it from elsewhere by ssh -L %s:127.0.0.1:%s", address, port, port)
	}
	listener, err := net.Listen("tcp", address)
	number, _ := strconv.Atoi(port)
	for next := 1; !given && errors.Is(err, syscall.EADDRINUSE) && next <= tries; next++ {
		listener, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(number+next)))
	}
	return listener, err
}

// Recorder is one for Serve, which knows where it records.
func Recorder(version string) *recording.Recorder {
	return recording.NewRecorder(recording.Header{Prefork: version, Kernel: kernel.Release(), CPUs: runtime.NumCPU(), CPUModel: kernel.CPUModel()})
}

// Serve runs a lab until ctx is done. ready is called once it can be opened. recorder,
// unless it is nil, is told what viewers are told from when the first of them comes.
func Serve(ctx context.Context, listener net.Listener, recorder *recording.Recorder, ready func()) error {
	defer listener.Close()
	l, err := New(ctx)
	if err != nil {
		return err
	}
	l.hub.recorder = recorder
	server := &http.Server{Handler: l.Handler(listener.Addr().String()), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ready()
	err = l.Watch(ctx)
	l.hub.close() // viewers leave, or Shutdown would wait for them
	leaving, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(leaving) != nil {
		_ = server.Close()
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return errors.Join(err, l.Close())
}
