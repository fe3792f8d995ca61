package ear

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Piece is how long the pieces are that Find looks for: long enough that two of different speech do not look alike, short enough that a
// jitter buffer which stretches time between them does no harm.
const Piece = 3 * time.Second

// Match is the best place of a piece in a recording.
type Match struct {
	Correlation float64       // share of the amplitude there that is the piece: 0 to 1
	At          time.Duration // where it begins; negative when its beginning was cut off
}

// Found is what became of speech, piece by piece.
type Found []Match

// Correlation is the median over the pieces; 0 without any.
func (f Found) Correlation() float64 {
	if len(f) == 0 {
		return 0
	}
	all := make([]float64, len(f))
	for i, m := range f {
		all[i] = m.Correlation
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (f Found) String() string {
	s := fmt.Sprintf("%.2f of", f.Correlation())
	for _, m := range f {
		s += fmt.Sprintf(" %.2f@%.3fs", m.Correlation, m.At.Seconds())
	}
	return s
}

// Find looks for each piece of the speech in the recording.
func Find(recording, speech Sound) (found Found) {
	recording, speech = recording.Band(), speech.Band()
	for piece := range slices.Chunk(speech, samples(Piece)) {
		if len(piece) == samples(Piece) {
			found = append(found, Best(recording, piece))
		}
	}
	return found
}

// Best looks for one piece at every place of the recording.
func Best(recording, piece Sound) (best Match) {
	size := room(len(recording) + len(piece))
	r, p := spectrum(recording, size), spectrum(piece, size)
	for i := range r {
		r[i] *= complex(real(p[i]), -imag(p[i]))
	}
	similar, energy := signal(r), running(recording)
	pieceEnergy := piece.energy()
	quiet := pieceEnergy * 1e-4 // below that everything looks like anything
	for lag := 1 - len(piece); lag < len(recording); lag++ {
		here := energy[min(lag+len(piece), len(recording))] - energy[max(lag, 0)]
		c := math.Abs(similar[(lag+size)%size]) / math.Sqrt(max(here, quiet)*pieceEnergy+1e-12)
		// A piece of which only the end is there counts for that end alone.
		c *= math.Sqrt(float64(min(lag+len(piece), len(recording))-max(lag, 0)) / float64(len(piece)))
		if c > best.Correlation {
			best = Match{Correlation: c, At: at(lag)}
		}
	}
	return best
}

// running is the energy of the recording before each sample.
func running(s Sound) []float64 {
	sum := make([]float64, len(s)+1)
	for i, v := range s {
		sum[i+1] = sum[i] + v*v
	}
	return sum
}
