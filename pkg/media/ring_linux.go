package media

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Ring is io_uring(7) for the sockets of one clock: what came in on all of them is fetched with a system call for every 20, and
// what goes out is sent with one a tick. It belongs to the operating system's thread that made it (IORING_SETUP_SINGLE_ISSUER), so
// the clock locks its goroutine to its thread.
//
//	in   each socket has one receive armed that goes on and on (IORING_RECV_MULTISHOT). The kernel runs it only while the
//	     clock asks (IORING_SETUP_DEFER_TASKRUN), so a packet wakes nobody; it picks a buffer out of a ring of them.
//	out  a packet is copied to a slot beside its queue entry, and all are submitted at the end of the tick. A UDP send
//	     completes within the submission, which frees the slot; only failures are reported (IOSQE_CQE_SKIP_SUCCESS).
//	     What legs send on a socket that many share, and that somebody else reads, goes the same way through an outlet.
type Ring struct {
	fd      int
	sq      submissionQueue
	cq      completionQueue
	buffers bufferRing
	memory  [][]byte // mappings, to be unmapped
	message *unix.Msghdr
	slots   []slot // of sockets, by the index in user data
	free    []uint32
	lent    []uint16 // buffers that were handed out since the last poll
	outlets
	failed uint64 // sends that the kernel refused
}

// slot is a socket on the ring. Its generation tells late completions from those of the socket that has the slot now.
type slot struct {
	conn       *udpConn
	generation uint32
}

const (
	ringEntries  = 1024 // submissions before a system call is due
	ringCQ       = 8192
	ringBuffers  = 8192                                      // a power of two, and the most there are
	fewBuffers   = 256                                       // … that the kernel is given first
	moreBuffers  = 4                                         // … and for each socket: what comes in 80 ms. They are used in turn, so unused ones cost memory too
	ringBuffer   = 16 + ringName + ringControl + MaxDatagram // 16 is recvmsgHeader
	ringName     = 32                                        // ≥ unix.SizeofSockaddrInet6
	ringControl  = 32                                        // the timestamp
	ringSlot     = 1536                                      // a packet to send and the address it goes to
	bufferGroup  = 0
	setupFlags   = setupCQSize | setupClamp | setupSubmitAll | setupTaskrunFlag | setupSingleIssuer | setupDeferTaskrun
	cancelMarker = 1 << 63 // user data of cancellations, whose results nobody wants
	sendMarker   = 1 << 62 // user data of sends
)

// The kernel's numbers: include/uapi/linux/io_uring.h.
const (
	setupCQSize       = 1 << 3
	setupClamp        = 1 << 4
	setupSubmitAll    = 1 << 7
	setupTaskrunFlag  = 1 << 9
	setupSingleIssuer = 1 << 12
	setupDeferTaskrun = 1 << 13

	opRecvmsg     = 10
	opAsyncCancel = 14
	opSend        = 26

	sqeBufferSelect   = 1 << 5
	sqeCQESkipSuccess = 1 << 6
	recvMultishot     = 1 << 1
	enterGetevents    = 1 << 0
	cqeBuffer         = 1 << 0
	cqeMore           = 1 << 1
	sqTaskrun         = 1 << 2
	registerPbufRing  = 22
	offSQRing         = 0
	offSQEs           = 0x10000000
	featSingleMmap    = 1 << 0
)

type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// sqe is struct io_uring_sqe.
type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	addr2         uint64
	addr          uint64
	length        uint32
	opFlags       uint32
	userData      uint64
	bufGroup      uint16
	_             uint16
	addrLen       uint16
	_             uint16
	_             [2]uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

type submissionQueue struct {
	tail    *uint32
	flags   *uint32 // the kernel's
	mask    uint32
	entries []sqe
	next    uint32 // our tail, not yet told to the kernel
	told    uint32
	slots   []byte // ringSlot octets beside each entry
}

type completionQueue struct {
	head, tail *uint32
	mask       uint32
	entries    []cqe
}

// bufferRing is the ring of buffers that receives choose from.
type bufferRing struct {
	ring []buffer
	data []byte
	tail uint16

	provided int // of the buffers, those that are in use
}

// buffer is struct io_uring_buf. The last field of the first one is the ring's tail.
type buffer struct {
	addr   uint64
	length uint32
	id     uint16
	tail   uint16
}

// recvmsgOut is struct io_uring_recvmsg_out; the name, control and payload follow it in the buffer.
type recvmsgOut struct{ nameLen, controlLen, payloadLen, flags uint32 }

const recvmsgHeader = int(unsafe.Sizeof(recvmsgOut{}))

// ErrNoRing is returned where the kernel has no io_uring, is too old for what is needed of it (6.1), or forbids it.
var ErrNoRing = errors.New("io_uring is not available")

// NewRing is what a clock asks its network for: nil without an error when plain system calls are wanted.
func (u UDP) NewRing() (*Ring, error) {
	if !u.Ring {
		return nil, nil
	}
	return NewRing()
}

// NewRing makes a ring for the thread of the caller, who stays locked to it.
func NewRing() (*Ring, error) {
	params := ringParams{flags: setupFlags, cqEntries: ringCQ}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, ringEntries, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("%w: %w", ErrNoRing, errno)
	}
	r := &Ring{fd: int(fd)}
	r.outlets.queue = r
	if err := r.setup(&params); err != nil {
		r.Close()
		return nil, fmt.Errorf("%w: %w", ErrNoRing, err)
	}
	return r, nil
}

func (r *Ring) setup(p *ringParams) error {
	if p.features&featSingleMmap == 0 {
		return errors.New("kernel too old")
	}
	size := max(uintptr(p.sq.array)+uintptr(p.sqEntries)*4, uintptr(p.cq.cqes)+uintptr(p.cqEntries)*unsafe.Sizeof(cqe{}))
	rings, err := r.mmap(r.fd, offSQRing, size)
	if err != nil {
		return err
	}
	entries, err := r.mmap(r.fd, offSQEs, uintptr(p.sqEntries)*unsafe.Sizeof(sqe{}))
	if err != nil {
		return err
	}
	r.mapQueues(p, rings, entries)
	if r.sq.slots, err = r.mmap(-1, 0, uintptr(p.sqEntries)*ringSlot); err != nil {
		return err
	}
	return r.setupBuffers()
}

// mmap maps part of the ring's descriptor, or plain memory that the collector does not know of.
func (r *Ring) mmap(fd int, offset int64, size uintptr) ([]byte, error) {
	flags := unix.MAP_SHARED | unix.MAP_POPULATE
	if fd < 0 {
		flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	}
	m, err := unix.Mmap(fd, offset, int(size), unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	r.memory = append(r.memory, m)
	return m, nil
}

func (r *Ring) mapQueues(p *ringParams, rings, entries []byte) {
	word := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&rings[offset])) }
	r.sq = submissionQueue{
		tail: word(p.sq.tail), flags: word(p.sq.flags), mask: *word(p.sq.mask),
		entries: unsafe.Slice((*sqe)(unsafe.Pointer(&entries[0])), p.sqEntries),
	}
	array := unsafe.Slice(word(p.sq.array), p.sqEntries)
	for i := range array {
		array[i] = uint32(i)
	}
	r.cq = completionQueue{
		head: word(p.cq.head), tail: word(p.cq.tail), mask: *word(p.cq.mask),
		entries: unsafe.Slice((*cqe)(unsafe.Pointer(&rings[p.cq.cqes])), p.cqEntries),
	}
}

func (r *Ring) setupBuffers() error {
	ring, err := r.mmap(-1, 0, ringBuffers*unsafe.Sizeof(buffer{}))
	if err != nil {
		return err
	}
	if r.buffers.data, err = r.mmap(-1, 0, ringBuffers*ringBuffer); err != nil {
		return err
	}
	header, err := r.mmap(-1, 0, unsafe.Sizeof(unix.Msghdr{}))
	if err != nil {
		return err
	}
	r.message = (*unix.Msghdr)(unsafe.Pointer(&header[0]))
	r.message.Namelen = ringName
	r.message.SetControllen(ringControl)
	r.buffers.ring = unsafe.Slice((*buffer)(unsafe.Pointer(&ring[0])), ringBuffers)
	registration := struct {
		addr    uint64
		entries uint32
		group   uint16
		flags   uint16
		_       [3]uint64
	}{addr: uint64(uintptr(unsafe.Pointer(&ring[0]))), entries: ringBuffers, group: bufferGroup}
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), registerPbufRing, uintptr(unsafe.Pointer(&registration)), 1, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("io_uring_register", errno)
	}
	r.provide(fewBuffers)
	return nil
}

// provide gives the kernel n buffers more.
func (r *Ring) provide(n int) {
	for ; n > 0 && r.buffers.provided < ringBuffers; n-- {
		r.giveBack(uint16(r.buffers.provided))
		r.buffers.provided++
	}
	r.publishBuffers()
}

// giveBack lets the kernel use a buffer again, from publishBuffers on.
func (r *Ring) giveBack(id uint16) {
	b := &r.buffers.ring[r.buffers.tail&(ringBuffers-1)]
	b.addr = uint64(uintptr(unsafe.Pointer(&r.buffers.data[int(id)*ringBuffer])))
	b.length, b.id = ringBuffer, id
	r.buffers.tail++
}

// publishBuffers stores the tail, which is 16 bits wide: it is written together with the id before it, in one aligned word.
func (r *Ring) publishBuffers() {
	first := &r.buffers.ring[0]
	word := (*uint32)(unsafe.Pointer(&first.id))
	atomic.StoreUint32(word, uint32(first.id)|uint32(r.buffers.tail)<<16) // little-endian, as all Linux ports with io_uring in use here
}

// Attach arms the receive of a socket; false when conn is not a socket of the operating system.
func (r *Ring) Attach(conn Conn) bool {
	c, ok := conn.(*udpConn)
	if !ok || c.ring != nil {
		return ok
	}
	var index uint32
	if n := len(r.free); n > 0 {
		index, r.free = r.free[n-1], r.free[:n-1]
	} else {
		index = uint32(len(r.slots))
		r.slots = append(r.slots, slot{})
		r.provide(moreBuffers)
	}
	r.slots[index].conn = c
	r.slots[index].generation++
	c.ring, c.index = r, index
	r.arm(index)
	return true
}

func (r *Ring) arm(index uint32) {
	s := &r.slots[index]
	e := r.submission()
	e.opcode, e.flags, e.ioprio = opRecvmsg, sqeBufferSelect, recvMultishot
	e.fd, e.bufGroup, e.length = int32(s.conn.fd), bufferGroup, 1
	e.addr = uint64(uintptr(unsafe.Pointer(r.message)))
	e.userData = s.userData(index)
}

func (s *slot) userData(index uint32) uint64 {
	return uint64(s.generation&0x3fffffff)<<32 | uint64(index)
}

// detach takes a socket off the ring, before it is closed. What was fetched for it and not read is dropped. The kernel lets go
// of the socket when the cancelled receive has run its course, which it does here: the clock may have no tick to come.
func (r *Ring) detach(c *udpConn) {
	s := &r.slots[c.index]
	e := r.submission()
	e.opcode, e.flags, e.addr, e.userData = opAsyncCancel, sqeCQESkipSuccess, s.userData(c.index), cancelMarker
	r.enter(enterGetevents)
	for _, d := range c.waiting {
		r.giveBack(d.buffer)
	}
	r.publishBuffers()
	s.conn, s.generation = nil, s.generation+1
	r.free = append(r.free, c.index)
	c.ring, c.waiting = nil, nil
}

// submission is the next free entry, cleared.
func (r *Ring) submission() *sqe {
	r.makeRoom()
	e := &r.sq.entries[r.sq.next&r.sq.mask]
	*e = sqe{}
	r.sq.next++
	return e
}

// makeRoom makes sure of a free entry.
func (r *Ring) makeRoom() {
	if r.sq.next-r.sq.told == uint32(len(r.sq.entries)) {
		r.Flush()
	}
}

// send queues one packet.
func (r *Ring) send(fd int, data []byte, to *Destination) error {
	if len(data)+unix.SizeofSockaddrInet6 > ringSlot {
		return unix.EMSGSIZE
	}
	e := r.submission()
	at := uintptr((r.sq.next-1)&r.sq.mask) * ringSlot
	memory := r.sq.slots[at : at+ringSlot]
	name, size := to.raw()
	copy(memory, unsafe.Slice((*byte)(name), size))
	copy(memory[unix.SizeofSockaddrInet6:], data)
	e.opcode, e.flags, e.fd = opSend, sqeCQESkipSuccess, int32(fd)
	e.addr = uint64(uintptr(unsafe.Pointer(&memory[unix.SizeofSockaddrInet6])))
	e.length, e.opFlags = uint32(len(data)), unix.MSG_DONTWAIT
	e.addr2, e.addrLen = uint64(uintptr(unsafe.Pointer(&memory[0]))), uint16(size)
	e.userData = sendMarker
	return nil
}

// Flush submits what was queued.
func (r *Ring) Flush() {
	if r.sq.next != r.sq.told {
		r.enter(0)
	}
}

func (r *Ring) enter(flags uintptr) {
	atomic.StoreUint32(r.sq.tail, r.sq.next)
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.sq.next-r.sq.told), 0, flags, 0, 0)
		if errno == unix.EINTR || errno == unix.EAGAIN {
			continue
		}
		if errno == unix.EBUSY { // completions must be taken first
			r.reap(time.Now())
			continue
		}
		if errno == 0 {
			r.sq.told += uint32(n)
		}
		if r.sq.told == r.sq.next {
			r.letGo()
			return
		}
		if errno != 0 {
			return
		}
	}
}

// Poll fetches what has arrived on all sockets; they hand it out by ReadBatch. The kernel runs 20 receives at a time and says whether
// more are due (IORING_SETUP_TASKRUN_FLAG); a flood that goes on meanwhile waits for the next poll.
func (r *Ring) Poll(now time.Time) {
	for _, id := range r.lent {
		r.giveBack(id)
	}
	r.lent = r.lent[:0]
	r.publishBuffers()
	for range maxRounds {
		r.enter(enterGetevents)
		r.reap(now)
		if atomic.LoadUint32(r.sq.flags)&sqTaskrun == 0 {
			return
		}
	}
}

// maxRounds bounds a poll: the receives of 10,000 sockets.
const maxRounds = 512

// reap takes what is complete by now. The head moves on before each is looked at: that may submit, and a submission may find
// the queue full, and reap.
func (r *Ring) reap(now time.Time) {
	tail := atomic.LoadUint32(r.cq.tail)
	for head := *r.cq.head; int32(tail-head) > 0; head = *r.cq.head {
		e := r.cq.entries[head&r.cq.mask]
		atomic.StoreUint32(r.cq.head, head+1)
		r.complete(&e, now)
	}
	r.publishBuffers()
}

func (r *Ring) complete(e *cqe, now time.Time) {
	switch {
	case e.userData&cancelMarker != 0:
		return
	case e.userData&sendMarker != 0:
		r.failed++
		return
	}
	index := uint32(e.userData)
	s := &r.slots[index]
	current := s.conn != nil && s.userData(index) == e.userData
	if e.flags&cqeBuffer != 0 {
		if id := uint16(e.flags >> 16); !current || e.res < int32(recvmsgHeader) || !s.conn.take(r, id, now) {
			r.giveBack(id)
		}
	}
	if current && e.flags&cqeMore == 0 {
		r.arm(index) // it ran out of buffers, or into a passing error
	}
}

// ringDatagram is a datagram that lies in a buffer of the ring until the socket is read.
type ringDatagram struct {
	buffer uint16
	from   netip.AddrPort
	at     time.Time
	data   []byte // nil: too long
}

// take keeps a received buffer for the next ReadBatch; false when there is no room.
func (c *udpConn) take(r *Ring, id uint16, now time.Time) bool {
	if len(c.waiting) == maxReads*BatchSize {
		c.crowded++
		return false
	}
	b := r.buffers.data[int(id)*ringBuffer:][:ringBuffer]
	out := (*recvmsgOut)(unsafe.Pointer(&b[0]))
	payload := recvmsgHeader + ringName + ringControl
	control := b[recvmsgHeader+ringName:][:min(int(out.controlLen), ringControl)]
	d := ringDatagram{
		buffer: id,
		from:   addrPort((*unix.RawSockaddrAny)(unsafe.Pointer(&b[recvmsgHeader]))),
		at:     arrival(control, now),
	}
	if out.flags&unix.MSG_TRUNC == 0 && int(out.payloadLen) <= ringBuffer-payload {
		d.data = b[payload:][:out.payloadLen]
	}
	c.waiting = append(c.waiting, d)
	return true
}

// readRing hands out what the ring has fetched. The buffers go back at the ring's next poll, when the batch has been read.
func (c *udpConn) readRing(b *Batch) int {
	n := min(len(c.waiting), len(b.Datagrams))
	for i, d := range c.waiting[:n] {
		b.Datagrams[i] = Datagram{Data: d.data, From: d.from, At: d.at}
		c.ring.lent = append(c.ring.lent, d.buffer)
	}
	c.waiting = c.waiting[:copy(c.waiting, c.waiting[n:])]
	return n
}

// Failed counts the packets that the kernel did not take.
func (r *Ring) Failed() uint64 { return r.failed }

// Close gives everything back to the kernel. The sockets have been closed before.
func (r *Ring) Close() error {
	r.letGo()
	err := unix.Close(r.fd)
	for _, m := range r.memory {
		_ = unix.Munmap(m)
	}
	r.memory = nil
	return err
}
