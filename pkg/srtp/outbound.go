package srtp

import "encoding/binary"

// Outbound seals what we send. It belongs to one goroutine. The zero value has no key, and seals nothing.
type Outbound struct {
	transform *transform
	sources   []source // most often one, and no more than maxSources
	packets   uint64   // under this key
	controls  uint64
}

// source is what we know of an SSRC of ours, under whatever key.
type source struct {
	ssrc    uint32
	highest uint64 // packet index
	begun   bool
	control uint32 // SRTCP index of the last packet
}

// SetKey makes this the key of the next packet. Rollover counters and SRTCP indices go on: "After a re-keying occurs (changing to a new
// master key), the rollover counter always maintains its sequence of values, i.e., it MUST NOT be reset to zero" (RFC 3711 §3.3.1).
// The same key again changes nothing.
func (out *Outbound) SetKey(key Key) error {
	if out.transform != nil && out.transform.key.Equal(key) {
		return nil
	}
	t, err := newTransform(key)
	if err != nil {
		return err
	}
	out.transform, out.packets, out.controls = t, 0, 0
	return nil
}

// Key is the key in use; zero: none.
func (out *Outbound) Key() Key {
	if out.transform == nil {
		return Key{}
	}
	return out.transform.key
}

// Seal encrypts an RTP packet in its own buffer, whose capacity has room for what that adds (MaxOverhead is always enough), and returns it
// with its tag. Sequence numbers only ever rise: two packets of one index would give both away (RFC 3711 §9.1), so that is ErrReplayed.
func (out *Outbound) Seal(packet []byte) ([]byte, error) {
	header, ok := rtpHeader(packet)
	switch {
	case out.transform == nil:
		return nil, ErrNoKey
	case !ok:
		return nil, ErrMalformed
	case cap(packet)-len(packet) < out.transform.overhead():
		return nil, ErrNoRoom
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	s, err := out.source(ssrc)
	if err != nil {
		return nil, err
	}
	sequence := binary.BigEndian.Uint16(packet[2:])
	index := uint64(sequence)
	if s.begun {
		if index = nearest(s.highest, sequence); index <= s.highest {
			return nil, ErrReplayed
		}
	}
	if index >= maxPackets || out.packets >= out.transform.key.Lifetime() {
		return nil, ErrExpired
	}
	s.highest, s.begun = index, true
	out.packets++
	return out.transform.seal(packet, header, ssrc, rollover(index))
}

// SealControl is Seal for a compound or reduced-size RTCP packet.
func (out *Outbound) SealControl(packet []byte) ([]byte, error) {
	switch {
	case out.transform == nil:
		return nil, ErrNoKey
	case len(packet) < controlHeader || packet[0]>>6 != 2:
		return nil, ErrMalformed
	case cap(packet)-len(packet) < out.transform.controlOverhead():
		return nil, ErrNoRoom
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	s, err := out.source(ssrc)
	if err != nil {
		return nil, err
	}
	if s.control >= maxControl-1 || out.controls >= out.transform.key.controlLifetime() {
		return nil, ErrExpired
	}
	s.control++ // a new key does not begin again at zero either (RFC 3711 §3.4)
	out.controls++
	return out.transform.sealControl(packet, ssrc, s.control)
}

// source is that of an SSRC, until the next call.
func (out *Outbound) source(ssrc uint32) (*source, error) {
	for i := range out.sources {
		if out.sources[i].ssrc == ssrc {
			return &out.sources[i], nil
		}
	}
	if len(out.sources) >= maxSources {
		return nil, ErrSources
	}
	out.sources = append(out.sources, source{ssrc: ssrc})
	return &out.sources[len(out.sources)-1], nil
}
