//go:build linux

package fleet

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"text/template"
	"time"

	"golang.org/x/sys/unix"

	"prefork/docs/operate"
)

//go:embed haproxy.cfg.tmpl
var haproxyConfig string

// haproxy is one that runs.
type haproxy struct {
	cmd    *exec.Cmd
	socket string // of its runtime API
	said   tail

	mu   sync.Mutex
	ends map[string]int // sessions by how HAProxy says that they ended
	read chan struct{}  // closed when it has said all
}

// backend is the name of the hosts together.
const backend = "preforks"

// MissingError says that a program is not installed.
type MissingError struct{ Program, Package string }

func (m *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed (apt-get install %s)", m.Program, m.Package)
}

// has is an error if a program is missing.
func has(program, pkg string) error {
	if _, err := exec.LookPath(program); err != nil {
		return &MissingError{program, pkg}
	}
	return nil
}

// startHAProxy starts it on the balancer's machine, and waits until it sees all hosts.
func (f *fleet) startHAProxy(ctx context.Context) (*haproxy, error) {
	p := &haproxy{socket: filepath.Join(f.dir, "haproxy.sock"), ends: map[string]int{}, read: make(chan struct{})}
	var text bytes.Buffer
	err := template.Must(template.New("").Parse(haproxyConfig)).Execute(&text, map[string]any{
		"Socket": p.socket, "Front": f.front(), "Backend": backend, "Hosts": f.hosts, "Port": hostPort, "Health": healthPort,
	})
	if err != nil {
		return nil, err
	}
	config := filepath.Join(f.dir, "haproxy.cfg")
	if err := os.WriteFile(config, text.Bytes(), 0o600); err != nil {
		return nil, err
	}
	p.cmd = exec.Command("haproxy", "-db", "-f", config)
	p.cmd.Stderr = &p.said
	lines, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := f.balancer.Start(p.cmd); err != nil {
		return nil, fmt.Errorf("haproxy: %w", err)
	}
	go p.count(lines)
	if err := p.await(ctx, len(f.hosts)); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// count reads the log: how each session has ended.
func (p *haproxy) count(lines io.Reader) {
	defer close(p.read)
	for s := bufio.NewScanner(lines); s.Scan(); {
		if _, end, found := strings.Cut(s.Text(), "ended "); found {
			p.mu.Lock()
			p.ends[strings.TrimSpace(end)]++
			p.mu.Unlock()
		}
	}
}

// await waits until so many hosts are up.
func (p *haproxy) await(ctx context.Context, hosts int) error {
	for late := time.After(startTime); ; {
		up, err := p.up()
		if err == nil && up == hosts {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.read:
			return fmt.Errorf("haproxy has ended%s", p.said.quoted())
		case <-late:
			return fmt.Errorf("haproxy sees %d of %d hosts after %s (%w)%s", up, hosts, startTime, err, p.said.quoted())
		case <-time.After(look):
		}
	}
}

// up is how many hosts HAProxy sends clients to.
func (p *haproxy) up() (n int, err error) {
	answer, err := p.ask("show stat")
	for line := range strings.Lines(answer) {
		fields := strings.Split(line, ",")
		if len(fields) > 17 && fields[0] == backend && fields[1] != "BACKEND" && strings.HasPrefix(fields[17], "UP") {
			n++
		}
	}
	return n, err
}

// ask asks the runtime API.
func (p *haproxy) ask(what string) (string, error) {
	conn, err := net.DialTimeout("unix", p.socket, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(startTime))
	if _, err := fmt.Fprintln(conn, what); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	return string(answer), err
}

// stop ends it, and returns how its sessions have ended.
func (p *haproxy) stop() map[string]int {
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	kill := time.AfterFunc(startTime, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.read
	_ = p.cmd.Wait()
	return p.ends
}

// roll restarts all hosts by docs/operate/rolling.sh.
func (f *fleet) roll(ctx context.Context, p *haproxy) error {
	script := filepath.Join(f.dir, "rolling.sh")
	if err := os.WriteFile(script, []byte(operate.Rolling), 0o700); err != nil {
		return err
	}
	args := []string{script, p.socket, backend}
	for _, host := range f.hosts {
		args = append(args, host.Name)
	}
	cmd := exec.CommandContext(ctx, "sh", args...)
	// What a service manager's restart is: told to stop, and back when the next one listens.
	cmd.Env = append(os.Environ(), "RESTART="+fmt.Sprintf(`file=%s/$host.pid; old=$(cat "$file"); kill -TERM "$old"; while now=$(cat "$file" 2>/dev/null); [ -z "$now" ] || [ "$now" = "$old" ]; do sleep 0.02; done`, f.dir))
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("rolling.sh: %w: %s", err, bytes.TrimSpace(out)), context.Cause(ctx))
	}
	return nil
}
