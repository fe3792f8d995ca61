package recorder

import (
	"encoding/binary"
	"errors"
	"io"
)

// An Ogg page (RFC 3533 section 6) is a header of 27 bytes, the segment table, and the segments:
//
//	0 "OggS"  4 version  5 flags  6 granule position  14 serial  18 sequence  22 checksum  26 segments
const (
	pageHeaderSize  = 27
	pageMaxSegments = 255
	pageMaxSize     = pageHeaderSize + pageMaxSegments + pageMaxSegments*255

	flagContinued = 1 // the first packet began on an earlier page
	flagFirst     = 2 // beginning of stream
	flagLast      = 4 // end of stream
)

var (
	errShortPage = errors.New("ogg page is cut off")
	errBadPage   = errors.New("not an ogg page")
)

// page is one Ogg page as read. Its slices point into the bytes it was read from.
type page struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	lacing   []byte
	body     []byte
}

func (p *page) size() int { return pageHeaderSize + len(p.lacing) + len(p.body) }

// appendPage appends p to dst, with its checksum.
func appendPage(dst []byte, p *page) []byte {
	start := len(dst)
	dst = append(dst, 'O', 'g', 'g', 'S', 0, p.flags)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.granule))
	dst = binary.LittleEndian.AppendUint32(dst, p.serial)
	dst = binary.LittleEndian.AppendUint32(dst, p.sequence)
	dst = append(dst, 0, 0, 0, 0, byte(len(p.lacing)))
	dst = append(dst, p.lacing...)
	dst = append(dst, p.body...)
	seal(dst[start:])
	return dst
}

// seal writes the checksum into a whole page.
//
// "a 32 bit CRC checksum of the page (including header with zero CRC field and page content). The generator polynomial is 0x04c11db7."
// (RFC 3533 section 6).
func seal(b []byte) {
	clear(b[22:26])
	binary.LittleEndian.PutUint32(b[22:26], checksum(b))
}

// parsePage reads the page at the beginning of b. It returns errShortPage when b ends before the page does, errBadPage when it is none or
// its checksum is wrong.
func parsePage(b []byte) (page, error) {
	if len(b) < pageHeaderSize {
		return page{}, errShortPage
	}
	if string(b[:4]) != "OggS" || b[4] != 0 {
		return page{}, errBadPage
	}
	table := pageHeaderSize + int(b[26])
	if len(b) < table {
		return page{}, errShortPage
	}
	p := page{
		flags:    b[5],
		granule:  int64(binary.LittleEndian.Uint64(b[6:])),
		serial:   binary.LittleEndian.Uint32(b[14:]),
		sequence: binary.LittleEndian.Uint32(b[18:]),
		lacing:   b[pageHeaderSize:table],
	}
	end := table + sum(p.lacing)
	if len(b) < end {
		return page{}, errShortPage
	}
	p.body = b[table:end]
	if binary.LittleEndian.Uint32(b[22:]) != checksumOfPage(b[:end]) {
		return page{}, errBadPage
	}
	return p, nil
}

// packets calls f for each packet that ends on the page, in order. Our writer never lets a packet cross pages; what does is left out.
func (p *page) packets(f func(packet []byte)) {
	begin, end, whole := 0, 0, p.flags&flagContinued == 0
	for _, n := range p.lacing {
		end += int(n)
		if n == 255 {
			continue // a full segment: the packet goes on (RFC 3533 section 5)
		}
		if whole {
			f(p.body[begin:end])
		}
		begin, whole = end, true
	}
}

// readPage reads the next page of r into buf (of pageMaxSize) and returns it. It reads nothing beyond the page.
func readPage(r io.Reader, buf []byte) (page, error) {
	if _, err := io.ReadFull(r, buf[:pageHeaderSize]); err != nil {
		return page{}, errShortPage
	}
	table := pageHeaderSize + int(buf[26])
	if _, err := io.ReadFull(r, buf[pageHeaderSize:table]); err != nil {
		return page{}, errShortPage
	}
	end := table + sum(buf[pageHeaderSize:table])
	if _, err := io.ReadFull(r, buf[table:end]); err != nil {
		return page{}, errShortPage
	}
	return parsePage(buf[:end])
}

func sum(lacing []byte) int {
	n := 0
	for _, v := range lacing {
		n += int(v)
	}
	return n
}

// checksumTable is the remainder of each byte value; Ogg's CRC is not reflected, so hash/crc32 does not have it.
var checksumTable = func() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			carry := crc >> 31
			crc = crc<<1 ^ carry*0x04c11db7
		}
		table[i] = crc
	}
	return table
}()

func checksum(b []byte) uint32 { return checksumFrom(0, b) }

func checksumFrom(crc uint32, b []byte) uint32 {
	for _, v := range b {
		crc = crc<<8 ^ checksumTable[byte(crc>>24)^v]
	}
	return crc
}

// checksumOfPage is the checksum of a page that still carries one.
func checksumOfPage(b []byte) uint32 {
	crc := checksumFrom(0, b[:22])
	crc = checksumFrom(crc, []byte{0, 0, 0, 0})
	return checksumFrom(crc, b[26:])
}
