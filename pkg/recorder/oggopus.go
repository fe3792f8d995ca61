package recorder

import (
	"encoding/binary"
	"errors"
	"io"
)

// clockRate is the unit of every position in this package, samples at 48 kHz; so it is in Ogg/Opus: "The granule position of an audio data
// page encodes the total number of PCM samples in the stream up to and including the last fully decodable sample from the last packet
// completed on that page." (RFC 7845 section 4).
const clockRate = 48000

const (
	maxPacket      = 8192      // bytes of one Opus packet; more is no voice
	pageMaxSamples = clockRate // one page a second
)

// oggOpus writes one Ogg/Opus stream (RFC 7845): two header pages, then pages of at most one second or 255 segments. No packet crosses
// pages, so a file cut anywhere plays up to its last whole page. Not safe for concurrent use.
type oggOpus struct {
	w        io.Writer
	serial   uint32
	sequence uint32
	granule  int64 // of all packets so far, pre-skip and all
	flushed  int64 // granule of the last page written

	lacing, body []byte // the page being filled
	out          []byte
	offset       int64 // bytes written
	last         int64 // offset of the last page
}

// newOggOpus writes the two header pages. preSkip is the encoder's look-ahead in 48 kHz samples; tags are "NAME=value".
func newOggOpus(w io.Writer, serial uint32, channels, preSkip, inputRate int, tags []string) (*oggOpus, error) {
	o := &oggOpus{w: w, serial: serial}
	if err := o.headerPage(appendOpusHead(nil, channels, preSkip, inputRate), flagFirst); err != nil {
		return nil, err
	}
	if err := o.headerPage(appendOpusTags(nil, tags), 0); err != nil {
		return nil, err
	}
	return o, nil
}

// appendOpusHead appends the identification header (RFC 7845 section 5.1), mapping family 0.
func appendOpusHead(dst []byte, channels, preSkip, inputRate int) []byte {
	dst = append(dst, "OpusHead"...)
	dst = append(dst, 1, byte(channels))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(preSkip))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(inputRate))
	return append(dst, 0, 0, 0) // output gain 0 dB, mapping family 0
}

// appendOpusTags appends the comment header (RFC 7845 section 5.2).
func appendOpusTags(dst []byte, tags []string) []byte {
	dst = append(dst, "OpusTags"...)
	dst = appendString(dst, "focus")
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(tags)))
	for _, t := range tags {
		dst = appendString(dst, t)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

// headerPage writes a header on a page of its own: "The comment header … MUST finish the page on which it completes" (RFC 7845
// section 3).
func (o *oggOpus) headerPage(packet []byte, flags byte) error {
	if len(packet) > (pageMaxSegments-1)*255 {
		return errors.New("ogg header does not fit a page")
	}
	o.add(packet)
	return o.writePage(flags)
}

// packet appends one Opus packet of that many samples. It writes the page before when the packet does not fit on it any more, and the page
// itself when it is full.
func (o *oggOpus) packet(p []byte, samples int) error {
	if len(o.lacing)+len(p)/255+1 > pageMaxSegments || o.granule+int64(samples)-o.flushed > pageMaxSamples {
		if err := o.flush(); err != nil {
			return err
		}
	}
	o.add(p)
	o.granule += int64(samples)
	if o.granule-o.flushed == pageMaxSamples {
		return o.flush()
	}
	return nil
}

// waiting reports whether there is something on the page being filled, and which page that is.
func (o *oggOpus) waiting() (bool, int64) { return len(o.lacing) > 0, o.offset }

func (o *oggOpus) add(p []byte) {
	for n := len(p); ; n -= 255 {
		o.lacing = append(o.lacing, byte(min(n, 255)))
		if n < 255 {
			break
		}
	}
	o.body = append(o.body, p...)
}

// flush writes the page being filled, if there is anything on it.
func (o *oggOpus) flush() error {
	if len(o.lacing) == 0 {
		return nil
	}
	return o.writePage(0)
}

func (o *oggOpus) writePage(flags byte) error {
	p := page{flags: flags, granule: o.granule, serial: o.serial, sequence: o.sequence, lacing: o.lacing, body: o.body}
	o.out = appendPage(o.out[:0], &p)
	o.last = o.offset
	n, err := o.w.Write(o.out)
	o.offset += int64(n)
	o.sequence++
	o.flushed = o.granule
	o.lacing, o.body = o.lacing[:0], o.body[:0]
	return err
}

// endStream marks the page at offset last, which ends the file, as the end of the stream and sets its granule position: "The page with the
// 'end of stream' flag set MAY have a granule position that indicates the page contains less audio data than would normally be returned by
// decoding up through the final packet" (RFC 7845 section 4.4). A negative granule leaves the page's own.
func endStream(f readerWriterAt, last, granule int64) error {
	buf := make([]byte, pageMaxSize)
	n, err := f.ReadAt(buf, last)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	p, err := parsePage(buf[:n])
	if err != nil {
		return err
	}
	b := buf[:p.size()]
	b[5] |= flagLast
	if granule >= 0 {
		binary.LittleEndian.PutUint64(b[6:], uint64(granule))
	}
	seal(b)
	_, err = f.WriteAt(b[:pageHeaderSize], last)
	return err
}

type readerWriterAt interface {
	io.ReaderAt
	io.WriterAt
}
