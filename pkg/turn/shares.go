package turn

import (
	"net/netip"
	"sync"
)

// source is who something is counted for: an IPv4 address, or the /64 of an IPv6 address, which is what one customer has (RFC 6177).
func source(a netip.Addr) netip.Addr {
	if a = plain(a); a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().Addr()
	}
	return a
}

// shares bounds how many there are of something, in all and for each of its owners. An entry exists while an owner has one.
type shares struct {
	total int

	mu  sync.Mutex
	all int
	of  map[any]int
}

func newShares(total int) *shares { return &shares{total: total, of: map[any]int{}} }

// owner is somebody with a share.
type owner struct {
	key any // comparable, and of another type than those of other kinds of owners
	max int
}

// take counts one more for each of the owners, and returns what gives it back, once; nil when one of them, or all together, have their share.
func (s *shares) take(owners ...owner) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.total {
		return nil
	}
	for _, o := range owners {
		if s.of[o.key] >= o.max {
			return nil
		}
	}
	s.all++
	for _, o := range owners {
		s.of[o.key]++
	}
	return sync.OnceFunc(func() { s.giveBack(owners) })
}

func (s *shares) giveBack(owners []owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	for _, o := range owners {
		if s.of[o.key]--; s.of[o.key] == 0 {
			delete(s.of, o.key)
		}
	}
}

func (s *shares) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}
