package recorder

import (
	"encoding/binary"
	"io"
	"math"
)

// A WAV file of ours: the JUNK chunk keeps the place of ds64, which makes it an RF64 file (EBU Tech 3306) once it outgrows 32 bits.
//
//	0 RIFF size WAVE   12 JUNK 28 …   48 "fmt " 16 …   72 data size   80 samples
const (
	wavHeaderSize = 80
	wavMaxRIFF    = math.MaxUint32
)

// wavWriter writes 16-bit mono WAV. Samples wait in memory until flush, which also corrects the sizes in the header, so that the file
// plays up to its last flush whatever happens. Not safe for concurrent use.
type wavWriter struct {
	f    wavFile
	rate int
	size int64 // bytes of samples on disk, holes included
	buf  []byte
}

type wavFile interface {
	io.WriterAt
	Truncate(size int64) error
}

func newWAV(f wavFile, rate int) (*wavWriter, error) {
	w := &wavWriter{f: f, rate: rate}
	return w, w.writeHeader()
}

// samples is how many samples there are, those in memory included.
func (w *wavWriter) samples() int64 { return (w.size + int64(len(w.buf))) / 2 }

// waiting reports whether there are samples in memory, and behind which they come.
func (w *wavWriter) waiting() (bool, int64) { return len(w.buf) > 0, w.size }

// append adds samples; they go to disk with the next flush or when a second is full.
func (w *wavWriter) append(pcm []int16) error {
	for _, s := range pcm {
		w.buf = binary.LittleEndian.AppendUint16(w.buf, uint16(s))
	}
	if len(w.buf) < 2*w.rate {
		return nil
	}
	return w.flush()
}

// silence adds n silent samples as a hole in the file: they take no room on the disk.
func (w *wavWriter) silence(n int64) error {
	if err := w.writeSamples(); err != nil {
		return err
	}
	if err := w.f.Truncate(wavHeaderSize + w.size + 2*n); err != nil {
		return err
	}
	w.size += 2 * n
	return nil
}

// flush writes what waits and then the sizes; in this order, so that the header never promises samples that are not there.
func (w *wavWriter) flush() error {
	if err := w.writeSamples(); err != nil {
		return err
	}
	return w.writeHeader()
}

func (w *wavWriter) writeSamples() error {
	if len(w.buf) == 0 {
		return nil
	}
	if _, err := w.f.WriteAt(w.buf, wavHeaderSize+w.size); err != nil {
		return err
	}
	w.size += int64(len(w.buf))
	w.buf = w.buf[:0]
	return nil
}

func (w *wavWriter) writeHeader() error {
	_, err := w.f.WriteAt(appendWAVHeader(nil, w.rate, w.size), 0)
	return err
}

// appendWAVHeader appends the header of a 16-bit mono file with size bytes of samples: RIFF while the sizes fit into 32 bits, else RF64.
func appendWAVHeader(dst []byte, rate int, size int64) []byte {
	le := binary.LittleEndian
	riff := size + wavHeaderSize - 8
	large := riff > wavMaxRIFF
	chunk, riff32, data32 := "JUNK", uint32(riff), uint32(size)
	dst = append(dst, pick(large, "RF64", "RIFF")...)
	if large {
		// EBU Tech 3306: the 32-bit sizes are all ones, the real ones stand in ds64, which must be the first chunk.
		chunk, riff32, data32 = "ds64", math.MaxUint32, math.MaxUint32
	}
	dst = le.AppendUint32(dst, riff32)
	dst = append(append(dst, "WAVE"...), chunk...)
	dst = le.AppendUint32(dst, 28)
	dst = appendDS64(dst, large, riff, size)
	dst = append(dst, "fmt "...)
	dst = le.AppendUint32(dst, 16)
	dst = le.AppendUint16(dst, 1) // PCM
	dst = le.AppendUint16(dst, 1) // mono
	dst = le.AppendUint32(dst, uint32(rate))
	dst = le.AppendUint32(dst, uint32(2*rate))
	dst = le.AppendUint16(dst, 2)
	dst = le.AppendUint16(dst, 16)
	dst = append(dst, "data"...)
	return le.AppendUint32(dst, data32)
}

func appendDS64(dst []byte, large bool, riff, size int64) []byte {
	if !large {
		return append(dst, make([]byte, 28)...)
	}
	le := binary.LittleEndian
	dst = le.AppendUint64(dst, uint64(riff))
	dst = le.AppendUint64(dst, uint64(size))
	dst = le.AppendUint64(dst, uint64(size/2)) // samples
	return le.AppendUint32(dst, 0)             // no table
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// wavSummary is what a WAV file of ours says and is.
type wavSummary struct {
	rate    int
	samples int64 // by the header
	whole   int64 // by the length of the file
}

// scanWAV reads the header of a WAV file of ours that is size bytes long; ok is false when it is none.
func scanWAV(r io.ReaderAt, size int64) (s wavSummary, ok bool) {
	var b [wavHeaderSize]byte
	if _, err := r.ReadAt(b[:], 0); err != nil {
		return s, false
	}
	le := binary.LittleEndian
	form := string(b[:4])
	if (form != "RIFF" && form != "RF64") || string(b[8:12]) != "WAVE" || string(b[48:52]) != "fmt " || string(b[72:76]) != "data" {
		return s, false
	}
	s.rate = int(le.Uint32(b[60:]))
	s.samples = int64(le.Uint32(b[76:])) / 2
	if form == "RF64" {
		s.samples = int64(le.Uint64(b[28:]) >> 1)
	}
	s.whole = (size - wavHeaderSize) / 2
	return s, validRate(s.rate)
}

// validRate reports whether rate is one of a conference: 8, 16 or 48 kHz.
func validRate(rate int) bool {
	switch rate {
	case 8000, 16000, 48000:
		return true
	}
	return false
}
