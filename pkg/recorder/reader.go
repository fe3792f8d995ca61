package recorder

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// ErrNoAudio is returned for a file that is neither Ogg/Opus nor 16-bit mono WAV.
var ErrNoAudio = errors.New("not Ogg/Opus and not 16-bit mono WAV")

// Reader reads a recording back as linear PCM, mono. It stops at the first page that is cut off or damaged, as at the end of the file. Not
// safe for concurrent use.
type Reader struct {
	source  pcmSource
	file    io.Closer // nil when the reader was given a stream
	waiting []int16   // decoded, and not yet read
}

// pcmSource decodes the next piece of a file, of any length; io.EOF comes alone.
type pcmSource interface {
	rate() int
	next() ([]int16, error)
	close()
}

// OpenFile opens a file of a recording, whatever its format.
func OpenFile(name string) (*Reader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	r.file = f
	return r, nil
}

// NewReader reads a file of a recording from its beginning.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	magic, _ := in.Peek(4)
	var s pcmSource
	var err error
	switch string(magic) {
	case "OggS":
		s, err = newOpusSource(in)
	case "RIFF", "RF64":
		s, err = newWAVSource(in)
	default:
		err = ErrNoAudio
	}
	if err != nil {
		return nil, err
	}
	return &Reader{source: s}, nil
}

// Rate is the samples per second: 48000 for Ogg/Opus.
func (r *Reader) Rate() int { return r.source.rate() }

// Read fills dst as far as there is sound, and returns io.EOF alone at the end.
func (r *Reader) Read(dst []int16) (n int, err error) {
	for n < len(dst) {
		if len(r.waiting) == 0 {
			if r.waiting, err = r.source.next(); err != nil {
				break
			}
		}
		m := copy(dst[n:], r.waiting)
		r.waiting = r.waiting[m:]
		n += m
	}
	if n > 0 && errors.Is(err, io.EOF) {
		return n, nil
	}
	return n, err
}

// Close frees the decoder and closes the file.
func (r *Reader) Close() error {
	r.source.close()
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// opusSource is an Ogg/Opus stream, a page at a time.
type opusSource struct {
	in       io.Reader
	serial   uint32
	sequence uint32
	ended    bool
	skip     int   // samples still to be dropped at the beginning (RFC 7845 section 4.2)
	played   int64 // samples decoded, pre-skip included
	decoder  codec.Decoder
	page     []byte
	pcm      []int16
}

func newOpusSource(in io.Reader) (*opusSource, error) {
	s := &opusSource{in: in, page: make([]byte, pageMaxSize)}
	head, err := s.header(0)
	var summary oggSummary
	if err != nil || !summary.readHead(head) {
		return nil, errNoOpus
	}
	s.serial, s.skip = head.serial, summary.preSkip
	if tags, err := s.header(1); err != nil || tags.serial != s.serial || !summary.readTags(tags) {
		return nil, errNoOpus
	}
	s.decoder, err = opus.Opus.NewDecoder(clockRate)
	return s, err
}

func (s *opusSource) header(sequence uint32) (*page, error) {
	p, err := readPage(s.in, s.page)
	if err == nil && p.sequence != sequence {
		err = errNoOpus
	}
	s.sequence = sequence + 1
	return &p, err
}

func (s *opusSource) rate() int { return clockRate }
func (s *opusSource) close()    { s.decoder.Close() }

// next decodes one page.
func (s *opusSource) next() ([]int16, error) {
	for !s.ended {
		p, err := readPage(s.in, s.page)
		if err != nil || p.serial != s.serial || p.sequence != s.sequence {
			break
		}
		s.sequence++
		s.ended = p.flags&flagLast != 0
		if s.decode(&p); len(s.pcm) > 0 {
			return s.pcm, nil
		}
	}
	s.ended = true
	return nil, io.EOF
}

func (s *opusSource) decode(p *page) {
	s.pcm = s.pcm[:0]
	p.packets(s.packet)
	s.played += int64(len(s.pcm))
	if s.ended { // "end trimming": RFC 7845 section 4.4
		s.pcm = s.pcm[:max(0, int64(len(s.pcm))-max(0, s.played-p.granule))]
	}
	skip := min(s.skip, len(s.pcm))
	s.skip -= skip
	s.pcm = s.pcm[skip:]
}

// packet decodes one packet. Packets are stored as they were received, so one may be broken: it is played as one that was lost.
func (s *opusSource) packet(p []byte) {
	pcm, err := s.decoder.Decode(s.pcm, p)
	if concealer, ok := s.decoder.(codec.Concealer); ok && err != nil {
		pcm, err = concealer.Conceal(s.pcm, opus.Opus.Duration(p))
	}
	if err == nil {
		s.pcm = pcm
	}
}

// wavSource is a WAV file of ours, a tenth of a second at a time.
type wavSource struct {
	in      io.Reader
	hz      int
	samples int64 // still to come
	raw     []byte
	pcm     []int16
}

func newWAVSource(in io.Reader) (*wavSource, error) {
	header := make([]byte, wavHeaderSize)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, ErrNoAudio
	}
	summary, ok := scanWAV(bytes.NewReader(header), wavHeaderSize)
	if !ok {
		return nil, ErrNoAudio
	}
	return &wavSource{in: in, hz: summary.rate, samples: summary.samples, raw: make([]byte, summary.rate/10*2)}, nil
}

func (s *wavSource) rate() int { return s.hz }
func (s *wavSource) close()    {}

func (s *wavSource) next() ([]int16, error) {
	n, _ := io.ReadFull(s.in, s.raw[:min(int64(len(s.raw)), 2*s.samples)])
	if n < 2 {
		return nil, io.EOF
	}
	s.samples -= int64(n / 2)
	s.pcm = s.pcm[:0]
	for i := 0; i+1 < n; i += 2 {
		s.pcm = append(s.pcm, int16(binary.LittleEndian.Uint16(s.raw[i:])))
	}
	return s.pcm, nil
}
