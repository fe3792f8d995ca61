package ice

import (
	"io"
	"net"
	"net/netip"

	"github.com/pion/logging"
	"github.com/pion/transport/v5"
)

// silent is pion's logger. What strangers send is counted, not logged, and at its debug level pion would log passwords.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// interfaces is the network as pion sees it: no interface of the machine, whose list it would read for each agent, but one with the
// addresses that TCP connections are made from.
type interfaces struct {
	transport.Net // nil: nothing else is asked
	addrs         []netip.Addr
}

// Interfaces is the one.
func (n interfaces) Interfaces() ([]*transport.Interface, error) {
	if len(n.addrs) == 0 {
		return nil, nil
	}
	one := transport.NewInterface(net.Interface{Index: 1, Name: "ice", Flags: net.FlagUp})
	for _, addr := range n.addrs {
		one.AddAddress(&net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())})
	}
	return []*transport.Interface{one}, nil
}
