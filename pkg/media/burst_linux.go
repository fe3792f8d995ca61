package media

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// burstSize is how many packets wait at most; the next one sends them.
const burstSize = 64

// A Burst is sendmmsg(2) for what the legs of one clock send on a socket that many share: one system call a tick, or for every 64 packets. Sockets of
// one leg gain nothing from it, and stay as they are.
type Burst struct {
	outlets
	count   int
	fds     [burstSize]int
	headers [burstSize]mmsghdr
	vectors [burstSize]unix.Iovec
	names   [burstSize]unix.RawSockaddrInet6 // room for either family
	packets [burstSize][MaxDatagram]byte
	failed  uint64 // packets that the kernel refused
}

// NewBurst makes the memory for one clock.
func NewBurst() *Burst {
	b := &Burst{}
	b.outlets.queue = b
	for i := range b.headers {
		b.vectors[i].Base = &b.packets[i][0]
		h := &b.headers[i].header
		h.Name, h.Iov = (*byte)(unsafe.Pointer(&b.names[i])), &b.vectors[i]
		h.SetIovlen(1)
	}
	return b
}

// Attach is not for a Burst.
func (*Burst) Attach(Conn) bool { return false }

// Poll has nothing to fetch.
func (*Burst) Poll(time.Time) {}

// Failed counts the packets that the kernel refused.
func (b *Burst) Failed() uint64 { return b.failed }

func (b *Burst) makeRoom() {
	if b.count == burstSize {
		b.Flush()
	}
}

func (b *Burst) send(fd int, data []byte, to *Destination) error {
	if len(data) > MaxDatagram {
		return unix.EMSGSIZE
	}
	i := b.count
	b.count++
	name, size := to.raw()
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&b.names[i])), size), unsafe.Slice((*byte)(name), size))
	b.fds[i], b.headers[i].header.Namelen = fd, uint32(size)
	b.vectors[i].SetLen(copy(b.packets[i][:], data))
	return nil
}

// Flush sends what waits, in its order.
func (b *Burst) Flush() {
	for first := 0; first < b.count; {
		end := first + 1
		for end < b.count && b.fds[end] == b.fds[first] {
			end++
		}
		first += b.write(first, end)
	}
	b.count = 0
	b.letGo()
}

// write is one sendmmsg(2), and says how many packets need not be tried again. The kernel stops at one that it refuses: that one is lost.
func (b *Burst) write(first, end int) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(b.fds[first]), uintptr(unsafe.Pointer(&b.headers[first])), uintptr(end-first),
		unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(n)
	case unix.EINTR:
		return 0
	}
	b.failed++
	return 1
}

// Close lets go of the sockets.
func (b *Burst) Close() error {
	b.count = 0
	b.letGo()
	return nil
}
