package prompt

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What is taken of a WAV file.
const (
	minRate    = 8000
	maxRate    = 48000
	maxSeconds = 60
	maxFile    = 44 + maxSeconds*maxRate*2*2 + 4096 // a minute of 48 kHz stereo, and some chunks nobody reads
)

// Why a WAV file is refused.
var (
	errNotWAV   = errors.New("not a WAV file")
	errEncoding = errors.New("not 16 bit PCM, mono or stereo, of 8 to 48 kHz")
	errLength   = fmt.Errorf("longer than %d s, or empty", maxSeconds)
)

// clip is mono sound.
type clip struct {
	rate    int // Hz
	samples []int16
}

// readWAV reads a RIFF file of 16 bit PCM; stereo becomes mono. Chunks it does not know are passed over. A data chunk longer
// than the file, as a recorder that cannot seek writes it, ends with the file.
func readWAV(file []byte) (clip, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return clip{}, errNotWAV
	}
	var format waveFormat
	for rest := file[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), uint64(binary.LittleEndian.Uint32(rest[4:8]))
		body := rest[8:min(8+size, uint64(len(rest)))]
		switch id {
		case "fmt ":
			if !format.read(body) {
				return clip{}, errEncoding
			}
		case "data":
			return format.decode(body)
		}
		rest = rest[min(8+size+size&1, uint64(len(rest))):] // chunks stand at even places
	}
	return clip{}, errNotWAV
}

// waveFormat is what the fmt chunk says.
type waveFormat struct {
	channels, rate int
}

// Format tags of the fmt chunk.
const (
	tagPCM        = 1
	tagExtensible = 0xfffe // the tag proper begins the sub-format
)

func (f *waveFormat) read(body []byte) bool {
	if len(body) < 16 {
		return false
	}
	tag := binary.LittleEndian.Uint16(body)
	if tag == tagExtensible && len(body) >= 26 {
		tag = binary.LittleEndian.Uint16(body[24:])
	}
	f.channels = int(binary.LittleEndian.Uint16(body[2:]))
	rate := binary.LittleEndian.Uint32(body[4:])
	bits := binary.LittleEndian.Uint16(body[14:])
	f.rate = int(min(rate, maxRate+1))
	return tag == tagPCM && bits == 16 && (f.channels == 1 || f.channels == 2) && f.rate >= minRate && f.rate <= maxRate
}

func (f *waveFormat) decode(data []byte) (clip, error) {
	if f.rate == 0 {
		return clip{}, errNotWAV // data before fmt
	}
	frame := 2 * f.channels
	n := len(data) / frame
	if n == 0 || n > maxSeconds*f.rate {
		return clip{}, errLength
	}
	c := clip{rate: f.rate, samples: make([]int16, n)}
	for i := range c.samples {
		at := data[i*frame:]
		sample := int(int16(binary.LittleEndian.Uint16(at)))
		if f.channels == 2 {
			sample = (sample + int(int16(binary.LittleEndian.Uint16(at[2:])))) / 2
		}
		c.samples[i] = int16(sample)
	}
	return c, nil
}
