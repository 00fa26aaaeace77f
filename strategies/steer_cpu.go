//go:build linux

package strategies

// byCPU picks by the number of the processor that handles the connection's first
// packet: with one queue of the network card for each, that is where its data
// will be. Over loopback it is the client's.
type byCPU struct {
	group *grouped
	slots int // in service
}

func openCPU(g *grouped, _ Steer) (steering, error) { return &byCPU{group: g}, nil }

func (c *byCPU) add(slot, _ int) error { return c.among(slot + 1) }
func (c *byCPU) retire(slot int) error { return c.among(slot) }
func (c *byCPU) dropped(int) error     { return nil }
func (c *byCPU) takeOver() error       { return c.among(c.slots) }

func (c *byCPU) among(slots int) error {
	c.slots = slots
	return c.group.attachClassic(skfAdCPU, slots)
}

// skfAdCPU loads the number of the processor (SKF_AD_OFF + SKF_AD_CPU,
// linux/filter.h).
const skfAdCPU = 0xfffff000 + 36
