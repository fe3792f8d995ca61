package turn

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// datagrams carries messages in UDP.
type datagrams struct {
	*net.UDPConn
	stats *counters
}

// retryRead is the pause after an error of a socket that is still open.
const retryRead = 10 * time.Millisecond

func (d *datagrams) receive(buffer []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := d.ReadFromUDPAddrPort(buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return 0, netip.AddrPort{}, err
		case err != nil:
			d.stats.readErrors.Add(1)
			time.Sleep(retryRead)
		case n == len(buffer): // and perhaps more
			d.stats.junk.Add(1)
		default:
			return n, netip.AddrPortFrom(plain(from.Addr()), from.Port()), nil
		}
	}
}

// send loses what cannot be sent, as datagrams are lost.
func (d *datagrams) send(message []byte, to netip.AddrPort) { d.WriteToUDPAddrPort(message, to) }

func (d *datagrams) busy(int) {}

func (d *datagrams) close() error { return d.Close() }
