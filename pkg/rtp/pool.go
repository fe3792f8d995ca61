package rtp

// A Pool is the free list of one clock's packets. It is not safe for concurrent use: packets come back on the goroutine that took them.
//
// The bound is on what lies idle. What is in use is bounded by its owners: jitter buffers keep MaxPackets each.
type Pool struct {
	free  []*Packet
	limit int
}

// NewPool returns a pool that keeps at most limit idle packets; those beyond it are left to the garbage collector.
func NewPool(limit int) *Pool {
	return &Pool{free: make([]*Packet, 0, limit), limit: limit}
}

// Get returns a packet that the caller owns. Its fields hold old values until Parse.
func (l *Pool) Get() *Packet {
	n := len(l.free)
	if n == 0 {
		return &Packet{pool: l}
	}
	p := l.free[n-1]
	l.free = l.free[:n-1]
	p.free = false
	return p
}

// Idle is the number of packets that wait to be used.
func (l *Pool) Idle() int { return len(l.free) }

func (l *Pool) put(p *Packet) {
	if len(l.free) < l.limit {
		l.free = append(l.free, p)
	}
}
