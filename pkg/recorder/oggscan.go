package recorder

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

var errNoOpus = errors.New("no Opus stream")

// oggSummary is what a scan finds in an Ogg/Opus file up to its last whole page.
type oggSummary struct {
	channels int
	preSkip  int
	tags     []string
	audio    int   // audio pages
	granule  int64 // of the last whole page
	last     int64 // offset of that page
	end      int64 // offset behind it
	ended    bool  // it says that it ends the stream
}

// length is what the stream plays, in samples at 48 kHz.
func (s *oggSummary) length() int64 { return max(0, s.granule-int64(s.preSkip)) }

// tag is the value of the comment of that name, or "".
func (s *oggSummary) tag(name string) string {
	for _, t := range s.tags {
		if key, value, ok := strings.Cut(t, "="); ok && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// scanOgg reads an Ogg/Opus stream page by page until its end or the first page that is cut off, damaged, out of sequence or of another
// stream. Without both header pages it returns errNoOpus. It keeps one page in memory.
func scanOgg(r io.Reader) (oggSummary, error) {
	var s oggSummary
	in := bufio.NewReaderSize(r, 1<<16)
	buf := make([]byte, pageMaxSize)
	head, err := readPage(in, buf)
	if err != nil || !s.readHead(&head) {
		return s, errNoOpus
	}
	serial := head.serial
	s.end = int64(head.size())
	tags, err := readPage(in, buf)
	if err != nil || tags.serial != serial || tags.sequence != 1 || !s.readTags(&tags) {
		return s, errNoOpus
	}
	s.advance(&tags)
	for sequence := uint32(2); !s.ended; sequence++ {
		p, err := readPage(in, buf)
		if err != nil || p.serial != serial || p.sequence != sequence || p.granule < s.granule {
			break
		}
		s.advance(&p)
		s.audio++
	}
	return s, nil
}

func (s *oggSummary) advance(p *page) {
	s.last = s.end
	s.end += int64(p.size())
	s.granule = p.granule
	s.ended = p.flags&flagLast != 0
}

func (s *oggSummary) readHead(p *page) bool {
	b := p.body
	if p.flags&flagFirst == 0 || p.sequence != 0 || len(b) < 19 || string(b[:8]) != "OpusHead" || b[8]&0xf0 != 0 {
		return false
	}
	s.channels = int(b[9])
	s.preSkip = int(binary.LittleEndian.Uint16(b[10:]))
	return true
}

func (s *oggSummary) readTags(p *page) bool {
	rest, ok := strings.CutPrefix(string(p.body), "OpusTags")
	if !ok || p.granule != 0 {
		return false
	}
	if _, rest, ok = cutString(rest); !ok || len(rest) < 4 {
		return false
	}
	count := binary.LittleEndian.Uint32([]byte(rest[:4]))
	rest = rest[4:]
	for ; count > 0; count-- {
		var t string
		if t, rest, ok = cutString(rest); !ok {
			return false
		}
		s.tags = append(s.tags, t)
	}
	return true
}

func cutString(s string) (value, rest string, ok bool) {
	if len(s) < 4 {
		return "", "", false
	}
	n := binary.LittleEndian.Uint32([]byte(s[:4]))
	if uint64(n) > uint64(len(s)-4) {
		return "", "", false
	}
	return s[4 : 4+n], s[4+n:], true
}
