//go:build linux

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// envRole turns a process into a generator.
const envRole = "PREFORK_LOAD"

// IsGenerator reports whether this process was started by Start, and must call
// Main before anything else.
func IsGenerator() bool { return os.Getenv(envRole) != "" }

// Main reads an order from in and writes the result to out. It returns the exit
// code.
func Main(in io.Reader, out io.Writer) int {
	runtime.GOMAXPROCS(1)
	var order Order
	err := json.NewDecoder(in).Decode(&order)
	var result *Result
	if err == nil {
		result, err = Run(order)
	}
	if err == nil {
		err = json.NewEncoder(out).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Start has another process of this binary carry out an order, and ends it with
// ctx.
func Start(ctx context.Context, o Order) (*Result, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{"prefork: load"}
	cmd.Env = append(os.Environ(), envRole+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(order), &out, &errOut
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("load generator: %w: %s", err, bytes.TrimSpace(errOut.Bytes()))
	}
	var result Result
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return nil, fmt.Errorf("load generator: %w", err)
	}
	return &result, nil
}
