//go:build linux

package cli

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"prefork/internal/supervisor"
	"prefork/strategies"
)

// banner says what was started and what to try, in one screen. netcat says whether there
// is an nc to try it with.
func banner(w io.Writer, o supervisor.Options, addrs []net.Addr, netcat bool) {
	parts := []string{"prefork", o.Strategy.Name + steered(o) + how(o)}
	if o.Launch.Program != nil {
		parts = append(parts, strings.Join(o.Launch.Program, " "))
	}
	parts = append(parts, shownAs(o, addrs), count(o.Limits.Workers, "worker")+onQueues(o), fmt.Sprint("pid ", os.Getpid()))
	fmt.Fprintln(w, folded(w, strings.Join(parts, " · ")))
	fmt.Fprintln(w, folded(w, sentence(o, len(addrs))))
	for _, addr := range addrs {
		if of := families(addr); of != "" {
			fmt.Fprintln(w, folded(w, fmt.Sprintf("%s is every address of this machine, %s", show(addr), of)))
		}
	}
	if o.Limits.Suspect != "" {
		fmt.Fprintln(w, folded(w, "note  "+advice))
	}
	word := "try"
	for _, addr := range addrs {
		if try := attempt(o, addr, netcat); try != "" {
			fmt.Fprintf(w, "%-5s %s\n", word, try)
			word = ""
		}
	}
	if o.Launch.Program == nil && o.Launch.Spec.App == "hello" {
		fmt.Fprintln(w, "      (a browser or curl wants HTTP: --app http)")
	}
	fmt.Fprintf(w, "stop  Ctrl-C\n\n")
}

// shownAs are all addresses, with their names.
func shownAs(o supervisor.Options, addrs []net.Addr) string {
	var all []string
	for i, addr := range addrs {
		text := show(addr)
		if name := o.Config.Binds[i].Name; name != "" {
			text = name + "=" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, " + ")
}

// families are those of an address that is every one, "" for others.
func families(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	switch {
	case !ok || !tcp.IP.IsUnspecified():
		return ""
	case tcp.IP.To4() != nil:
		return "IPv4 alone"
	}
	return "IPv4 and IPv6"
}

// sentence says what was chosen, at each of so many addresses.
func sentence(o supervisor.Options, addresses int) string {
	if addresses > 1 {
		return "at each address: " + chosenWay(o)
	}
	return chosenWay(o)
}

// chosenWay is the strategy, and the steering if it is not the default.
func chosenWay(o supervisor.Options) string {
	steer, err := strategies.LookupSteer(o.Config.Steer)
	picks := "one by hash"
	switch {
	case err == nil && steer.Name != strategies.Steers[0].Name:
		picks = steer.Sentence
	case o.Config.Queues == 0:
		return o.Strategy.Sentence
	}
	if o.Config.Queues == 0 {
		return "a socket for every worker on the same port; the kernel picks " + picks
	}
	return fmt.Sprintf("%s on the same port, and each worker takes from %d; the kernel picks %s", count(o.Config.Queues, "socket"), o.Config.Overlap, picks)
}

// onQueues says how many workers share, where they do not have a queue each.
func onQueues(o supervisor.Options) string {
	switch {
	case o.Config.Queues == 0:
		return ""
	case o.Config.Overlap > 1:
		return fmt.Sprintf(" on %s, %d each", count(o.Config.Queues, "queue"), o.Config.Overlap)
	}
	return " on " + count(o.Config.Queues, "queue")
}

// how is the way in which workers get their connections, where it is ours to
// say: a program waits as it likes.
func how(o supervisor.Options) string {
	switch {
	case o.Config.Policy != "":
		return ", " + o.Config.Policy
	case o.Config.Foreign:
		return ""
	case o.Config.BindInWorker:
		return ", " + o.Launch.Accept + " accept, bound by the workers"
	}
	return ", " + o.Launch.Accept + " accept"
}

func steered(o supervisor.Options) string {
	if o.Config.Steer == "" || o.Config.Steer == strategies.Steers[0].Name {
		return ""
	}
	return ", " + o.Config.Steer
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// show is an address as one would type it: without the host that stands for all.
func show(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() && tcp.IP.To4() == nil {
		return fmt.Sprintf(":%d", tcp.Port)
	}
	if addr.Network() == "unix" {
		return "unix:" + addr.String()
	}
	return addr.String()
}

// attempt is a command that shows the server at work, or none for a program of
// which nobody knows what it speaks.
func attempt(o supervisor.Options, addr net.Addr, netcat bool) string {
	if o.Launch.Program != nil {
		return ""
	}
	tcp, isTCP := addr.(*net.TCPAddr)
	if !isTCP && addr.String()[0] == '@' && o.Launch.Spec.App != "http" {
		return "" // nc knows of no abstract names
	}
	bash := isTCP && !netcat // which connects by itself, to TCP addresses
	app := o.Launch.Spec.App
	switch {
	case app == "http":
		return "for i in $(seq 10); do curl -s " + url(addr) + "; done"
	case app == "work" && bash:
		return "bash -c 'exec 3<>" + device(tcp) + "; echo sleep 5ms >&3; cat <&3'"
	case app == "work":
		return "echo sleep 5ms | " + nc(addr)
	case app == "echo" && bash:
		return "bash -c 'exec 3<>" + device(tcp) + "; echo hello >&3; head -n 1 <&3'"
	case app == "echo":
		return nc(addr)
	case bash:
		return "bash -c 'for i in $(seq 10); do cat <" + device(tcp) + "; done'"
	}
	return "for i in $(seq 10); do " + nc(addr) + "; done"
}

func nc(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return fmt.Sprintf("nc %s %d", host(tcp), tcp.Port)
	}
	return "nc -U " + addr.String()
}

// device is a connection as bash opens it.
func device(tcp *net.TCPAddr) string { return fmt.Sprintf("/dev/tcp/%s/%d", host(tcp), tcp.Port) }

// url is what curl wants, which for a Unix socket is an option and any host.
func url(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return net.JoinHostPort(host(tcp), fmt.Sprint(tcp.Port))
	}
	if name, abstract := strings.CutPrefix(addr.String(), "@"); abstract {
		return "--abstract-unix-socket " + name + " localhost"
	}
	return "--unix-socket " + addr.String() + " localhost"
}

func host(tcp *net.TCPAddr) string {
	if tcp.IP.IsUnspecified() {
		return "localhost"
	}
	return tcp.IP.String()
}
