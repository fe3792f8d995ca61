package media

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// UDP is the operating system's network: plain non-blocking system calls on sockets that the runtime's poller never sees,
// because the clock asks each socket at its tick anyway.
type UDP struct {
	// Buffer is the size of the kernel's receive and send buffers in octets; 0 leaves the system's default.
	Buffer int
	// Ring lets clocks use io_uring where the kernel has it.
	Ring bool
}

// Listen binds a non-blocking UDP socket that stamps what arrives (SO_TIMESTAMPNS).
func (u UDP) Listen(addr netip.AddrPort) (Conn, error) {
	fd, err := unix.Socket(family(addr.Addr()), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a media socket: %w", err)
	}
	c := &udpConn{fd: fd}
	c.users.Store(1)
	if err := c.bind(addr, u.Buffer); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("binding a media socket to %s: %w", addr, err)
	}
	return c, nil
}

func family(a netip.Addr) int {
	if a.Is4() || a.Is4In6() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

type udpConn struct {
	fd    int
	local netip.AddrPort
	users atomic.Int32 // who needs the descriptor: its owner until Close, and whoever is sending; 0: it is closed

	ring    *Ring // nil: plain system calls
	index   uint32
	waiting []ringDatagram // fetched, not read
	crowded uint64         // dropped because too many waited
}

func (c *udpConn) bind(addr netip.AddrPort, buffer int) error {
	if err := unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if buffer > 0 {
		c.enlarge(buffer)
	}
	if err := unix.Bind(c.fd, sockaddr(addr)); err != nil {
		return os.NewSyscallError("bind", err)
	}
	sa, err := unix.Getsockname(c.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	c.local = netip.AddrPortFrom(addr.Addr(), portOf(sa))
	return nil
}

// enlarge makes the kernel's buffers that large, in octets; without CAP_NET_ADMIN as large as net.core.rmem_max and wmem_max allow.
func (c *udpConn) enlarge(buffer int) {
	for _, option := range [][2]int{{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}, {unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}} {
		if unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, option[0], buffer) != nil {
			_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, option[1], buffer)
		}
	}
}

func sockaddr(addr netip.AddrPort) unix.Sockaddr {
	if family(addr.Addr()) == unix.AF_INET {
		return &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().Unmap().As4()}
	}
	return &unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()}
}

func portOf(sa unix.Sockaddr) uint16 {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}

func (c *udpConn) LocalAddr() netip.AddrPort { return c.local }

// Crowded counts what was dropped because more had come than a tick takes. Without a ring it waits in the kernel, which does not tell.
func (c *udpConn) Crowded() uint64 { return c.crowded }

// Close closes the socket. On a ring it is called by the clock that owns the ring.
func (c *udpConn) Close() error {
	if c.ring != nil {
		c.ring.detach(c)
	}
	return c.drop()
}

// hold keeps the descriptor open until drop; false when it is closed. Without it a number that the kernel has given to another file
// meanwhile, a TCP connection perhaps, would get our packet.
func (c *udpConn) hold() bool {
	for {
		n := c.users.Load()
		if n <= 0 {
			return false
		}
		if c.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *udpConn) drop() error {
	if c.users.Add(-1) != 0 {
		return nil
	}
	return unix.Close(c.fd)
}

// Batch is the memory that reads go through: one per goroutine that reads, shared by all the sockets it reads.
type Batch struct {
	Datagrams []Datagram

	headers  []mmsghdr
	vectors  []unix.Iovec
	names    []unix.RawSockaddrAny
	controls [][64]byte
	buffers  [][MaxDatagram]byte
}

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	length uint32
	_      [4]byte
}

// NewBatch makes the memory for one reading goroutine.
func NewBatch() *Batch { return newBatch(BatchSize) }

func newBatch(size int) *Batch {
	b := &Batch{
		Datagrams: make([]Datagram, size), headers: make([]mmsghdr, size), vectors: make([]unix.Iovec, size),
		names: make([]unix.RawSockaddrAny, size), controls: make([][64]byte, size), buffers: make([][MaxDatagram]byte, size),
	}
	for i := range b.headers {
		b.vectors[i].Base = &b.buffers[i][0]
		b.vectors[i].SetLen(MaxDatagram)
		h := &b.headers[i].header
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Iov, h.Control = &b.vectors[i], &b.controls[i][0]
		h.SetIovlen(1)
	}
	return b
}

// ReadBatch is one recvmmsg(2). The raw system call is right because the socket never blocks: there is nothing for the
// scheduler to take over.
func (c *udpConn) ReadBatch(b *Batch, now time.Time) int {
	if c.ring != nil {
		return c.readRing(b)
	}
	for i := range b.headers {
		b.headers[i].header.Namelen = unix.SizeofSockaddrAny
		b.headers[i].header.SetControllen(len(b.controls[i]))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(c.fd), uintptr(unsafe.Pointer(&b.headers[0])),
		uintptr(len(b.headers)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	for i := range int(n) {
		h := &b.headers[i]
		b.Datagrams[i] = Datagram{
			Data: b.buffers[i][:h.length],
			From: addrPort(&b.names[i]),
			At:   arrival(b.controls[i][:h.header.Controllen], now),
		}
		if h.header.Flags&unix.MSG_TRUNC != 0 {
			b.Datagrams[i].Data = nil
		}
	}
	return int(n)
}

// arrival reads the kernel's stamp out of a control message and moves it onto now's monotonic clock, so that a step of the
// system's time is not taken for jitter.
func arrival(control []byte, now time.Time) time.Time {
	if len(control) < unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))) {
		return now
	}
	c := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if c.Level != unix.SOL_SOCKET || c.Type != unix.SCM_TIMESTAMPNS {
		return now
	}
	stamp := (*unix.Timespec)(unsafe.Pointer(&control[unix.CmsgLen(0)]))
	age := time.Duration(now.UnixNano() - stamp.Nano())
	if age < 0 || age > time.Second {
		return now
	}
	return now.Add(-age)
}

func addrPort(name *unix.RawSockaddrAny) netip.AddrPort {
	switch name.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), swap(sa.Port))
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), swap(sa.Port))
	}
	return netip.AddrPort{}
}

// swap turns a port between host order and the network order the kernel keeps it in.
func swap(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}

// Destination is an address in the form the kernel wants, so that it is converted once and not for each packet.
type Destination struct {
	addr netip.AddrPort
	v4   unix.RawSockaddrInet4
	v6   unix.RawSockaddrInet6
}

// NewDestination prepares addr for sending to it.
func NewDestination(addr netip.AddrPort) *Destination {
	d := &Destination{addr: addr}
	if family(addr.Addr()) == unix.AF_INET {
		d.v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swap(addr.Port()), Addr: addr.Addr().Unmap().As4()}
	} else {
		d.v6 = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swap(addr.Port()), Addr: addr.Addr().As16()}
	}
	return d
}

// Addr is the address that Destination stands for.
func (d *Destination) Addr() netip.AddrPort { return d.addr }

func (d *Destination) raw() (unsafe.Pointer, uintptr) {
	if d.v4.Family != 0 {
		return unsafe.Pointer(&d.v4), unix.SizeofSockaddrInet4
	}
	return unsafe.Pointer(&d.v6), unix.SizeofSockaddrInet6
}

// WriteTo is one sendto(2), or a place in the queue of the socket's ring. Without a ring any goroutine may send.
func (c *udpConn) WriteTo(data []byte, to *Destination) error {
	if len(data) == 0 {
		return nil
	}
	if c.ring != nil {
		return c.ring.send(c.fd, data, to)
	}
	if !c.hold() {
		return net.ErrClosed
	}
	defer c.drop()
	name, size := to.raw()
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)),
		unix.MSG_DONTWAIT, uintptr(name), size)
	if errno != 0 {
		return errno
	}
	return nil
}

// Wait is one poll(2).
func (c *udpConn) Wait(d time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	timeout := -1
	if d >= 0 {
		timeout = int(d.Milliseconds())
	}
	n, err := unix.Poll(fds, timeout)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLRDHUP == 0
}

// Wake shuts the reading side down: the kernel then refuses a socket that is not connected, but only after it has woken who polls it.
func (c *udpConn) Wake() { _ = unix.Shutdown(c.fd, unix.SHUT_RD) }
