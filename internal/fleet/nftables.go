//go:build linux

package fleet

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// nftables is a balancer in the kernel: the first packet of a connection is sent to a host
// that an expression picks, and conntrack has those after it follow. It looks after nobody:
// who is gone is sent clients until somebody takes him out.
type nftables struct {
	fleet *fleet
	pick  string // nft's expression, with %d for how many there are
}

const table = "prefork_fleet"

// startNFT makes the balancer's machine one, for all hosts.
func (f *fleet) startNFT(pick string) (*nftables, error) {
	n := &nftables{f, pick}
	forward := exec.Command("sysctl", "-q", "-w", "net.ipv4.ip_forward=1") // of its network alone
	if err := n.run(forward, ""); err != nil {
		return nil, err
	}
	return n, n.among(f.hosts)
}

// stop takes it away with the machine that it is on.
func (n *nftables) stop() map[string]int { return map[string]int{} }

// among sends new connections to these hosts and no others. It is one transaction.
func (n *nftables) among(hosts []*host) error {
	var all []string
	for i, host := range hosts {
		all = append(all, fmt.Sprintf("%d : %s", i, host.Address))
	}
	rules := fmt.Sprintf(`table ip %[1]s
delete table ip %[1]s
table ip %[1]s {
	chain pick {
		type nat hook prerouting priority dstnat
		ip daddr %[2]s tcp dport %[3]d dnat to %[4]s map { %[5]s }
	}
	chain back {
		type nat hook postrouting priority srcnat
		tcp dport %[3]d masquerade
	}
}
`, table, n.fleet.balancer.Address, frontPort, fmt.Sprintf(n.pick, len(hosts)), strings.Join(all, ", "))
	return n.run(exec.Command("nft", "-f", "-"), rules)
}

// run runs a command on the balancer's machine.
func (n *nftables) run(cmd *exec.Cmd, in string) error {
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &out
	if err := n.fleet.balancer.Start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Args[0], err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// roll restarts all hosts, each without new connections meanwhile.
func (n *nftables) roll(ctx context.Context) error {
	all := n.fleet.hosts
	for i, host := range all {
		others := slices.Concat(all[:i], all[i+1:])
		if err := n.among(others); err != nil {
			return err
		}
		if err := host.restart(ctx); err != nil {
			return err
		}
		if err := n.among(all); err != nil {
			return err
		}
	}
	return nil
}
