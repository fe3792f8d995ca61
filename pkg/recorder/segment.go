package recorder

import (
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
)

// segment is one open file of a track. Lengths and durations are samples at 48 kHz. It belongs to the writer goroutine.
type segment interface {
	frame(rate int, pcm []int16) error        // appends 20 ms
	packet(payload []byte, samples int) error // appends an Opus packet as received
	silence(samples int64) error              // appends silence, rounded down to what the format can say
	rest() error                              // the voice has paused: brings out what is still inside the encoder
	length() int64                            // what has been appended
	waiting() (bool, int64)                   // whether a flush would write something, and since which flush
	flush() error                             // to the operating system
	sync() error                              // to the disk
	finish() error                            // completes and closes the file
	abandon()                                 // closes it as it is
}

// opusSegment is an Ogg/Opus file, of frames encoded here or of packets as they came.
type opusSegment struct {
	f        file
	ogg      *oggOpus
	encoders *encoders
	preSkip  int
	lead     int64 // samples in the file before what has been appended

	enc     codec.Encoder // while somebody speaks
	encRate int
	zeros   []int16
	buf     []byte
	toc     byte // of the last packet received
	heard   bool // toc is valid and the hole behind it may be concealed
}

// begin writes the headers. Our encoder's look-ahead is the pre-skip of what it encodes; what is received has none that we know, and 5 ms of
// silence to skip instead: opusinfo, for one, calls a pre-skip under 2.5 ms implausible.
func (s *opusSegment) begin(serial uint32, from source, tags []string) (err error) {
	if from.name != sourceReceived {
		s.preSkip = encoderPreSkip
		s.ogg, err = newOggOpus(s.f, serial, 1, s.preSkip, from.rate, tags)
		return err
	}
	// Two channels: the peer may turn to stereo with any packet.
	s.preSkip, s.lead = frameLead, frameLead
	if s.ogg, err = newOggOpus(s.f, serial, 2, s.preSkip, from.rate, tags); err != nil {
		return err
	}
	return s.ogg.packet(silentLead, frameLead)
}

// frame encodes 20 ms.
func (s *opusSegment) frame(rate int, pcm []int16) (err error) {
	if s.enc == nil {
		if s.enc, err = s.encoders.take(rate); err != nil {
			return fmt.Errorf("making an Opus encoder: %w", err)
		}
		s.encRate = rate
	}
	if s.buf, err = s.enc.Encode(s.buf[:0], pcm); err != nil {
		return fmt.Errorf("encoding Opus: %w", err)
	}
	return s.ogg.packet(s.buf, frame20)
}

func (s *opusSegment) packet(payload []byte, samples int) error {
	s.toc, s.heard = payload[0], true
	return s.ogg.packet(payload, samples)
}

// silence fills a hole. After encoded speech its first 20 ms are the encoder's, which fades out what it still holds; after received speech
// a short hole is left to the decoder's concealment.
func (s *opusSegment) silence(samples int64) error {
	if s.enc != nil && samples >= frame20 {
		samples -= frame20
		if err := s.rest(); err != nil {
			return err
		}
	}
	if s.heard && samples <= concealMax {
		return s.conceal(samples)
	}
	s.heard = false
	return s.silent(samples)
}

// rest encodes 20 ms of silence and gives the encoder away. The next voice begins with an encoder without a past, as it must: a decoder
// that comes from CELT silence has none for SILK (RFC 6716 section 4.5.2).
func (s *opusSegment) rest() error {
	if s.enc == nil {
		return nil
	}
	if n := s.encRate / 50; len(s.zeros) != n {
		s.zeros = make([]int16, n)
	}
	err := s.frame(s.encRate, s.zeros)
	s.encoders.give(s.encRate, s.enc)
	s.enc = nil
	return err
}

func (s *opusSegment) conceal(samples int64) error {
	for {
		lost, n := appendLost(s.buf[:0], s.toc, samples)
		if n == 0 {
			return s.silent(samples)
		}
		s.buf, samples = lost, samples-int64(n)
		if err := s.ogg.packet(lost, n); err != nil {
			return err
		}
	}
}

func (s *opusSegment) silent(samples int64) error {
	for samples >= frame20 {
		n := min(samples/frame20, int64(len(silent)))
		if err := s.ogg.packet(silent[n-1], int(n)*frame20); err != nil {
			return err
		}
		samples -= n * frame20
	}
	for ; samples >= frameShort; samples -= frameShort {
		if err := s.ogg.packet(silentShort, frameShort); err != nil {
			return err
		}
	}
	return nil
}

func (s *opusSegment) length() int64 { return s.ogg.granule - s.lead }
func (s *opusSegment) flush() error  { return s.ogg.flush() }

func (s *opusSegment) waiting() (bool, int64) { return s.ogg.waiting() }

func (s *opusSegment) sync() error { return s.f.Sync() }

// finish makes the file play exactly as long as what was appended: one more packet brings out what the decoder's delay holds back, and the
// granule position of the last page trims the rest.
func (s *opusSegment) finish() error {
	length := s.length()
	if err := s.bringOut(); err != nil {
		s.abandon()
		return err
	}
	err := s.ogg.flush()
	if err == nil {
		err = endStream(s.f, s.ogg.last, length+int64(s.preSkip))
	}
	return closeSynced(s.f, err)
}

// bringOut appends a packet when the pre-skip would otherwise eat the end of what has been appended.
func (s *opusSegment) bringOut() error {
	switch {
	case s.enc != nil:
		return s.rest()
	case s.lead < int64(s.preSkip):
		return s.silent(frame20)
	}
	return nil
}

func (s *opusSegment) abandon() {
	if s.enc != nil {
		s.enc.Close()
		s.enc = nil
	}
	_ = s.f.Close() // it is being given up because of an earlier error
}

func closeSynced(f file, err error) error {
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// wavSegment is a WAV file at the rate of its first frame, 48 kHz for Opus packets, which are decoded.
type wavSegment struct {
	f   file
	wav *wavWriter
	dec codec.Decoder // for packets
	pcm []int16
}

func (s *wavSegment) frame(_ int, pcm []int16) error { return s.wav.append(pcm) }

// packet decodes. What the decoder refuses is silence of the same length, so that the track stays in step.
func (s *wavSegment) packet(payload []byte, samples int) error {
	pcm, err := s.dec.Decode(s.pcm[:0], payload)
	if err != nil || len(pcm) != samples {
		return s.wav.silence(int64(samples))
	}
	s.pcm = pcm
	return s.wav.append(pcm)
}

func (s *wavSegment) silence(samples int64) error {
	return s.wav.silence(samples / int64(clockRate/s.wav.rate))
}

func (s *wavSegment) rest() error   { return nil }
func (s *wavSegment) length() int64 { return s.wav.samples() * int64(clockRate/s.wav.rate) }
func (s *wavSegment) flush() error  { return s.wav.flush() }

func (s *wavSegment) waiting() (bool, int64) { return s.wav.waiting() }

func (s *wavSegment) sync() error { return s.f.Sync() }

func (s *wavSegment) finish() error {
	s.closeDecoder()
	return closeSynced(s.f, s.wav.flush())
}

func (s *wavSegment) abandon() {
	s.closeDecoder()
	_ = s.f.Close() // it is being given up because of an earlier error
}

func (s *wavSegment) closeDecoder() {
	if s.dec != nil {
		s.dec.Close()
	}
}
