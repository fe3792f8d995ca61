package ice

import (
	"net"
	"net/netip"

	"github.com/pion/logging"
	"github.com/pion/transport/v5"
)

// silence is pion's logger. What strangers send is counted, not logged, and at its debug level pion would log passwords.
type silence struct{}

// NewLogger is silent for every scope.
func (silence) NewLogger(string) logging.LeveledLogger { return silence{} }

func (silence) Trace(string)          {}
func (silence) Tracef(string, ...any) {}
func (silence) Debug(string)          {}
func (silence) Debugf(string, ...any) {}
func (silence) Info(string)           {}
func (silence) Infof(string, ...any)  {}
func (silence) Warn(string)           {}
func (silence) Warnf(string, ...any)  {}
func (silence) Error(string)          {}
func (silence) Errorf(string, ...any) {}

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
