//go:build linux

package cli

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// metricsAddress is --metrics with a host: this machine's own, unless another is given. A
// port alone is an address too.
func (o *options) metricsAddress() string {
	text := o.metrics
	if text != "" && !strings.Contains(text, ":") {
		text = ":" + text
	}
	if strings.HasPrefix(text, ":") {
		text = "127.0.0.1" + text
	}
	return text
}

func checkDrainDelay(o *options) error {
	return unless(o.drainDelay >= 0, "--drain-delay %s: give a time, or 0 for none", o.drainDelay)
}

func checkMetrics(o *options) error {
	if o.metrics == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(o.metricsAddress())
	if n, portErr := strconv.Atoi(port); err == nil && (portErr != nil || n < 0 || n > 65535) {
		err = fmt.Errorf("port %q is no number from 0 to 65535", port)
	}
	return unless(err == nil, "--metrics %s: %v; want an address such as 9100 or 0.0.0.0:9100", o.metrics, err)
}

func checkReadyMin(o *options) error {
	switch {
	case !o.given["ready-min"]:
		return nil
	case o.metrics == "":
		return errors.New("--ready-min is for /readyz, which --metrics ADDRESS serves")
	}
	return unless(o.readyMin >= 1 && o.readyMin <= o.workers, "--ready-min %d: give 1 to as many as there are workers, which is %d", o.readyMin, o.workers)
}
