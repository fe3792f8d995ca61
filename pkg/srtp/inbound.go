package srtp

// One protected packet, in the order of the functions below:
//
//	1  Open        header inside the packet; every key that may be the packet's, the one in use first
//	2  openWith    long enough for the key; is its MKI the packet's
//	3  indices     which rollover counters it may have
//	4  try         replayed already? then authenticate and decrypt
//	5  proven      only now: window, rollover counter, lifetime, and which keys are done with

import (
	"encoding/binary"
	"slices"
	"time"
)

const (
	// grace is how long a key opens packets after the first packet under a newer one: those that were on their way.
	grace = 10 * time.Second
	// maxGenerations bounds how many sets of keys are waited for side by side: the one in use, and two that nobody has used yet.
	maxGenerations = 3
	// maxSources bounds the SSRCs that one key has to remember.
	maxSources = 64
)

// Inbound opens what a peer has sealed. It belongs to one goroutine. The zero value has no key.
type Inbound struct {
	generations []*generation // newest first
	using       *generation   // the newest that a packet has proved; nil: none yet
	recent      *inboundKey   // of that, the one that has opened a packet last: most often it opens the next one too
	drops       Drops
	count       int // generations so far
}

// generation is the keys that one offer, answer or handshake brought.
type generation struct {
	keys    []*inboundKey
	expires time.Time // zero: not yet
}

// inboundKey is a master key and the streams under it.
type inboundKey struct {
	transform
	streams  []*stream // most often one, and no more than maxSources
	packets  uint64
	controls uint64
}

// stream is what is known of one SSRC under one key (RFC 3711 §3.2.3), after its first genuine packet.
type stream struct {
	ssrc     uint32
	packets  window
	controls window
	seen     [(replayPackets + replayControl) / 64]uint64 // of both, so that they lie together
}

func newStream(ssrc uint32) *stream {
	s := &stream{ssrc: ssrc}
	s.packets.seen, s.controls.seen = s.seen[:replayPackets/64], s.seen[replayPackets/64:]
	return s
}

// SetKeys makes these the peer's keys. Those that it had before keep opening packets until 10 s after the first packet under a new
// one. The same keys again change nothing.
func (in *Inbound) SetKeys(keys ...Key) error {
	if len(keys) == 0 {
		return ErrKey
	}
	if len(in.generations) > 0 && in.generations[0].same(keys) {
		return nil
	}
	g := new(generation)
	for _, key := range keys {
		k := &inboundKey{transform: transform{key: key}}
		if err := k.renew(); err != nil {
			return err
		}
		g.keys = append(g.keys, k)
	}
	in.generations = slices.Insert(in.generations, 0, g)
	in.count++
	in.forget()
	return nil
}

// forget gives up the generation that nobody has used for the longest time, if there are too many.
func (in *Inbound) forget() {
	if len(in.generations) <= maxGenerations {
		return
	}
	last := len(in.generations) - 1
	if in.generations[last] == in.using {
		last--
	}
	in.generations = slices.Delete(in.generations, last, last+1)
}

func (g *generation) same(keys []Key) bool {
	return slices.EqualFunc(g.keys, keys, func(k *inboundKey, key Key) bool { return k.key.Equal(key) })
}

// HasKeys reports whether there is a key at all.
func (in *Inbound) HasKeys() bool { return len(in.generations) > 0 }

// Generation counts how often the keys have changed; the first are 1.
func (in *Inbound) Generation() int { return in.count }

// Proven reports whether a packet has been opened with the newest keys: the peer uses them.
func (in *Inbound) Proven() bool { return in.using != nil && in.using == in.generations[0] }

// Drops are the packets that were not opened so far.
func (in *Inbound) Drops() Drops { return in.drops }

// Open authenticates and decrypts an RTP packet into dst, which has room for len(packet) octets and does not overlap it. It returns the
// RTP packet. at is when the packet came. A packet that does not open changes nothing but a counter.
func (in *Inbound) Open(dst, packet []byte, at time.Time) ([]byte, error) {
	header, ok := rtpHeader(packet)
	if !ok {
		return nil, in.drop(ErrMalformed)
	}
	in.expire(at)
	return in.each(func(k *inboundKey) ([]byte, error) { return in.openWith(k, dst, packet, header) }, at)
}

// OpenControl is Open for RTCP. The packet is a compound or a reduced-size one.
func (in *Inbound) OpenControl(dst, packet []byte, at time.Time) ([]byte, error) {
	if len(packet) < controlHeader || packet[0]>>6 != 2 {
		return nil, in.drop(ErrMalformed)
	}
	in.expire(at)
	return in.each(func(k *inboundKey) ([]byte, error) { return k.openControlWith(dst, packet) }, at)
}

// each asks the keys in turn, those in use first. The reason that is told is that of the key which came closest.
func (in *Inbound) each(open func(*inboundKey) ([]byte, error), at time.Time) ([]byte, error) {
	reason := ErrNoKey
	if in.recent != nil {
		out, err := open(in.recent)
		if err == nil {
			return out, nil
		}
		reason = err
	}
	for _, g := range in.order() {
		if g == nil {
			continue
		}
		for _, k := range g.keys {
			if k == in.recent {
				continue
			}
			out, err := open(k)
			if err == nil {
				in.proven(g, k, at)
				return out, nil
			}
			if closer(err, reason) {
				reason = err
			}
		}
	}
	return nil, in.drop(reason)
}

// order is the generations as a packet meets them: the one in use first, then the others, newest first.
func (in *Inbound) order() (list [maxGenerations]*generation) {
	n := 0
	if in.using != nil {
		list[0], n = in.using, 1
	}
	for _, g := range in.generations {
		if g != in.using {
			list[n] = g
			n++
		}
	}
	return list
}

// closer reports whether a says more of a packet than b: a replay is surely one, a bad tag may be that of another key.
func closer(a, b error) bool { return rank(a) > rank(b) }

func rank(err error) int {
	return slices.Index(reasons[:], err)
}

var reasons = [...]error{ErrNoKey, ErrTooShort, ErrBadTag, ErrSources, ErrExpired, ErrReplayed}

func (in *Inbound) drop(err error) error {
	in.drops.count(err)
	return err
}

// proven is told that a key of a generation has opened a packet. Older generations are done with soon.
func (in *Inbound) proven(g *generation, k *inboundKey, at time.Time) {
	if g == in.using {
		in.recent = k
		return
	}
	older := false
	for _, other := range in.generations {
		if older && other.expires.IsZero() {
			other.expires = at.Add(grace)
		}
		older = older || other == g
	}
	if in.using == nil || slices.Index(in.generations, g) < slices.Index(in.generations, in.using) {
		in.using, in.recent = g, k
	}
}

// expire throws away what was replaced long enough ago.
func (in *Inbound) expire(now time.Time) {
	if len(in.generations) < 2 {
		return
	}
	in.generations = slices.DeleteFunc(in.generations, func(g *generation) bool {
		return !g.expires.IsZero() && now.After(g.expires)
	})
}

func (in *Inbound) openWith(k *inboundKey, dst, packet []byte, header int) ([]byte, error) {
	switch {
	case len(packet) < header+k.overhead():
		return nil, ErrTooShort
	case !k.names(packet, k.key.suite.row().tag):
		return nil, ErrNoKey
	case k.packets >= k.key.Lifetime():
		return nil, ErrExpired
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	indices, n := in.indices(k, ssrc, binary.BigEndian.Uint16(packet[2:]))
	return k.try(dst, packet, ssrc, indices[:n])
}

// indices are those that the packet may have. Of a source that is new under this key, the rollover counter goes on from where it was
// under another: "After a re-keying occurs (changing to a new master key), the rollover counter always maintains its sequence of
// values, i.e., it MUST NOT be reset to zero" (RFC 3711 §3.3.1). Senders that reset it all the same are understood too, and so are
// those whose first packets before a wrap were lost.
func (in *Inbound) indices(k *inboundKey, ssrc uint32, sequence uint16) (list [4]uint64, n int) {
	if s := k.find(ssrc); s != nil && s.packets.begun {
		two, n := guesses(s.packets.highest, sequence)
		copy(list[:], two[:])
		return list, n
	}
	if highest, ok := in.before(k, ssrc); ok {
		two, m := guesses(highest, sequence)
		n = copy(list[:], two[:m])
	}
	n = appendIndex(&list, n, uint64(sequence))
	if sequence < half {
		n = appendIndex(&list, n, 1<<16|uint64(sequence))
	}
	return list, n
}

func appendIndex(list *[4]uint64, n int, index uint64) int {
	if slices.Contains(list[:n], index) {
		return n
	}
	list[n] = index
	return n + 1
}

// before is the highest index of a source under the other keys.
func (in *Inbound) before(k *inboundKey, ssrc uint32) (highest uint64, ok bool) {
	for _, g := range in.generations {
		for _, other := range g.keys {
			if other == k {
				continue
			}
			if s := other.find(ssrc); s != nil && s.packets.begun && s.packets.highest >= highest {
				highest, ok = s.packets.highest, true
			}
		}
	}
	return highest, ok
}

// try opens a packet with the first of these indices that fits.
func (k *inboundKey) try(dst, packet []byte, ssrc uint32, indices []uint64) ([]byte, error) {
	s := k.find(ssrc)
	if s == nil && len(k.streams) >= maxSources {
		return nil, ErrSources
	}
	reason := ErrBadTag
	for i, index := range indices {
		if s != nil && !s.packets.fresh(index) || index >= maxPackets {
			if i == 0 {
				reason = ErrReplayed
			}
			continue
		}
		if out, ok := k.open(dst, packet, ssrc, rollover(index)); ok {
			k.stream(ssrc).packets.add(index)
			k.packets++
			return out, nil
		}
	}
	if s == nil {
		k.stranger()
	}
	return nil, reason
}

func (k *inboundKey) openControlWith(dst, packet []byte) ([]byte, error) {
	switch {
	case len(packet) < controlHeader+k.controlOverhead():
		return nil, ErrTooShort
	case !k.names(packet, k.key.suite.row().controlTag):
		return nil, ErrNoKey
	case k.controls >= k.key.controlLifetime():
		return nil, ErrExpired
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	index := uint64(k.controlIndex(packet))
	s := k.find(ssrc)
	switch {
	case s != nil && !s.controls.fresh(index):
		return nil, ErrReplayed
	case s == nil && len(k.streams) >= maxSources:
		return nil, ErrSources
	}
	out, ok := k.openControl(dst, packet)
	if !ok {
		if s == nil {
			k.stranger()
		}
		return nil, ErrBadTag
	}
	k.stream(ssrc).controls.add(index)
	k.controls++
	return out, nil
}

// stream is the state of a source that has proved to be genuine.
func (k *inboundKey) stream(ssrc uint32) *stream {
	s := k.find(ssrc)
	if s == nil {
		s = newStream(ssrc)
		k.streams = append(k.streams, s)
	}
	return s
}

// find is the same, nil for one that has not.
func (k *inboundKey) find(ssrc uint32) *stream {
	for _, s := range k.streams {
		if s.ssrc == ssrc {
			return s
		}
	}
	return nil
}
