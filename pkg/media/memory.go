package media

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// memoryQueue is how many datagrams wait at an in-memory address; more are dropped, as a kernel would.
const memoryQueue = 512

// Memory is a network without an operating system, for tests: datagrams go from Conn to Conn at once.
type Memory struct {
	// Drop says whether a datagram is lost.
	Drop func(from, to netip.AddrPort, data []byte) bool
	// Delay says how long a datagram is under way; nil: no time at all.
	Delay func(from, to netip.AddrPort) time.Duration

	mu    sync.Mutex
	conns map[netip.AddrPort]*memoryConn
	port  uint16
}

// Listen binds addr in the memory network.
func (m *Memory) Listen(addr netip.AddrPort) (Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conns == nil {
		m.conns = make(map[netip.AddrPort]*memoryConn)
		m.port = 40000
	}
	if addr.Port() == 0 {
		addr = netip.AddrPortFrom(addr.Addr(), m.port)
		m.port++
	}
	if m.conns[addr] != nil {
		return nil, errors.New("address already in use")
	}
	c := &memoryConn{network: m, local: addr, arrived: make(chan struct{}, 1), woken: make(chan struct{})}
	m.conns[addr] = c
	return c, nil
}

func (m *Memory) find(addr netip.AddrPort) *memoryConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conns[addr]
}

type memoryConn struct {
	network *Memory
	local   netip.AddrPort

	arrived chan struct{} // has a token when something may be in queue
	woken   chan struct{} // closed by Wake
	waking  sync.Once

	mu    sync.Mutex
	queue []Datagram
}

func (c *memoryConn) LocalAddr() netip.AddrPort { return c.local }

func (c *memoryConn) Close() error {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	delete(c.network.conns, c.local)
	return nil
}

func (c *memoryConn) ReadBatch(b *Batch, _ time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(b.Datagrams, c.queue)
	c.queue = c.queue[n:]
	return n
}

func (c *memoryConn) WriteTo(data []byte, to *Destination) error {
	if c.network.Drop != nil && c.network.Drop(c.local, to.Addr(), data) {
		return nil
	}
	peer := c.network.find(to.Addr())
	if peer == nil {
		return nil
	}
	data = delivered(data)
	arrive := func() { peer.put(Datagram{Data: data, From: c.local, At: time.Now()}) }
	if c.network.Delay == nil {
		arrive()
		return nil
	}
	delay := c.network.Delay(c.local, to.Addr())
	go func() { // no AfterFunc: the race detector has crashed starting its goroutines, thousands of them in virtual time
		time.Sleep(delay)
		arrive()
	}()
	return nil
}

func delivered(data []byte) []byte {
	if len(data) > MaxDatagram {
		return nil
	}
	return append([]byte{}, data...)
}

func (c *memoryConn) put(d Datagram) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) < memoryQueue {
		c.queue = append(c.queue, d)
	}
	select {
	case c.arrived <- struct{}{}:
	default:
	}
}

// Wait waits for something in the queue.
func (c *memoryConn) Wait(d time.Duration) bool {
	var end <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		end = timer.C
	}
	for c.empty() {
		select {
		case <-c.arrived:
		case <-c.woken:
			return false
		case <-end:
			return false
		}
	}
	return true
}

// Wake is that of Waiter.
func (c *memoryConn) Wake() { c.waking.Do(func() { close(c.woken) }) }

func (c *memoryConn) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0
}
