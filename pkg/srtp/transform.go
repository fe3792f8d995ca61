package srtp

import (
	"encoding/binary"
	"fmt"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	pion "github.com/pion/srtp/v2"
)

// maxStrangers is how many sources that proved nothing a context may remember before it is made anew.
const maxStrangers = 256

// transform is one master key as pion/srtp applies it. Every call says which rollover counter or index it is about, so that the
// context underneath has no state that counts and may be thrown away.
//
// That is needed: pion's context remembers each SSRC for ever, before it has looked at the tag.
type transform struct {
	key       Key
	context   *pion.Context
	header    rtp.Header
	control   rtcp.Header
	strangers int
	before    [fixedHeader + 4*15 + extensionHeader + maxExtension]byte // the header of the packet that is being sealed
}

func newTransform(key Key) (*transform, error) {
	t := &transform{key: key}
	return t, t.renew()
}

// renew derives the session keys. pion's own replay windows stay off: ours know which index was meant.
func (t *transform) renew() error {
	if t.key.IsZero() {
		return ErrKey
	}
	context, err := pion.CreateContext(t.key.master(), t.key.salt(), t.key.suite.row().pion, pion.MasterKeyIndicator(t.key.mki))
	if err != nil {
		return fmt.Errorf("session keys of %s: %w", t.key.suite, err)
	}
	t.context, t.strangers = context, 0
	return nil
}

// open authenticates and decrypts an RTP packet with this rollover counter into dst, which does not overlap packet.
func (t *transform) open(dst, packet []byte, ssrc, roc uint32) ([]byte, bool) {
	t.context.SetROC(ssrc, roc)
	out, err := t.context.DecryptRTP(dst[:0], packet, &t.header)
	return out, err == nil
}

// openControl authenticates and decrypts an RTCP packet into dst, which does not overlap packet.
func (t *transform) openControl(dst, packet []byte) ([]byte, bool) {
	out, err := t.context.DecryptRTCP(dst[:len(packet)], packet, &t.control)
	return out, err == nil
}

// stranger notes a packet of an unknown source that did not open.
func (t *transform) stranger() {
	if t.strangers++; t.strangers >= maxStrangers {
		_ = t.renew() // it worked before
	}
}

// seal encrypts an RTP packet in its own buffer. pion writes the header anew, and knows one way to pad its extensions: a packet whose
// header that would change is refused.
func (t *transform) seal(packet []byte, header int, ssrc, roc uint32) ([]byte, error) {
	before := append(t.before[:0], packet[:header]...)
	t.context.SetROC(ssrc, roc)
	out, err := t.context.EncryptRTP(packet, packet, &t.header)
	if err == nil && (len(out) != len(packet)+t.overhead() || string(out[:header]) != string(before)) {
		return nil, ErrMalformed
	}
	return out, err
}

// sealControl encrypts an RTCP packet in its own buffer.
func (t *transform) sealControl(packet []byte, ssrc, index uint32) ([]byte, error) {
	t.context.SetIndex(ssrc, index-1) // it counts before it seals
	return t.context.EncryptRTCP(packet, packet, &t.control)
}

func (t *transform) overhead() int        { return t.key.suite.Overhead() + len(t.key.mki) }
func (t *transform) controlOverhead() int { return t.key.suite.ControlOverhead() + len(t.key.mki) }

// names reports whether the packet's MKI, if this key has one, is that of the key. The MKI is the last but the tag, with AEAD the last.
func (t *transform) names(packet []byte, tag int) bool {
	if t.key.suite.row().aead {
		tag = 0
	}
	end := len(packet) - tag
	return string(packet[end-len(t.key.mki):end]) == string(t.key.mki)
}

// controlIndex is the index that an SRTCP packet carries.
func (t *transform) controlIndex(packet []byte) uint32 {
	end := len(packet) - len(t.key.mki)
	if row := t.key.suite.row(); !row.aead {
		end -= row.controlTag
	}
	return binary.BigEndian.Uint32(packet[end-indexSize:]) &^ (1 << 31)
}

const (
	fixedHeader     = 12
	controlHeader   = 8
	extensionHeader = 4
	maxExtension    = 256 // octets; the ones in use together need fewer than 100
)

// rtpHeader is the length of an RTP header with what belongs to it, and false if that is not inside the packet.
func rtpHeader(packet []byte) (int, bool) {
	if len(packet) < fixedHeader || packet[0]>>6 != 2 {
		return 0, false
	}
	n := fixedHeader + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 == 0 {
		return n, n <= len(packet)
	}
	if n+extensionHeader > len(packet) {
		return 0, false
	}
	extension := 4 * int(binary.BigEndian.Uint16(packet[n+2:]))
	n += extensionHeader + extension
	return n, extension <= maxExtension && n <= len(packet)
}
