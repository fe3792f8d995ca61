package ear

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"time"
)

// Rate is the sample rate of a Sound in Hz.
const Rate = 8000

// Sound is mono at Rate, full scale 1.
type Sound []float64

// Load reads any file that ffmpeg can.
func Load(path string) (Sound, error) {
	var out, complaint bytes.Buffer
	cmd := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-vn", "-f", "s16le", "-ar", strconv.Itoa(Rate), "-ac", "1", "-")
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("listening to %s: %w: %s", path, err, &complaint)
	}
	s := make(Sound, out.Len()/2)
	for i := range s {
		s[i] = float64(int16(binary.LittleEndian.Uint16(out.Bytes()[2*i:]))) / 32768
	}
	return s, nil
}

// Duration is how long the sound lasts.
func (s Sound) Duration() time.Duration { return at(len(s)) }

// From is what is left of the sound after d.
func (s Sound) From(d time.Duration) Sound { return s[min(samples(d), len(s)):] }

// Until is the sound up to d.
func (s Sound) Until(d time.Duration) Sound { return s[:min(samples(d), len(s))] }

// Level is the mean power in dB below full scale.
func (s Sound) Level() float64 {
	return 10 * math.Log10(s.energy()/float64(max(len(s), 1))+1e-12)
}

// Tone is how loud a tone is in the second in which it is loudest, in dB; a sine of full scale has 0.
func (s Sound) Tone(hz float64) float64 {
	loudest := 0.0
	for ; len(s) >= Rate; s = s[Rate/2:] {
		var re, im float64
		for i, x := range s[:Rate] {
			a := 2 * math.Pi * hz * float64(i) / Rate
			re, im = re+x*math.Cos(a), im+x*math.Sin(a)
		}
		loudest = max(loudest, 2*math.Hypot(re, im)/Rate)
	}
	return 20 * math.Log10(loudest+1e-9)
}

// Band leaves what a telephone carries: 300 to 3400 Hz.
func (s Sound) Band() Sound {
	size := room(len(s))
	f := spectrum(s, size)
	for i := range f {
		hz := float64(min(i, size-i)) * Rate / float64(size)
		if hz < 300 || hz > 3400 {
			f[i] = 0
		}
	}
	return signal(f)[:len(s)]
}

func (s Sound) energy() (sum float64) {
	for _, v := range s {
		sum += v * v
	}
	return sum
}

func samples(d time.Duration) int  { return int(d * Rate / time.Second) }
func at(samples int) time.Duration { return time.Duration(samples) * time.Second / Rate }
