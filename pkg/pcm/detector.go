package pcm

const (
	voiceMargin     = 8   // dB above the noise floor that count as speech
	voiceThreshold  = -55 // dBov; below this nothing is speech
	floorCeiling    = -40 // dBov; a steady sound louder than floorCeiling+voiceMargin always counts: a held tone is somebody's signal
	floorWindow     = 64  // steps of 20 ms; the floor is the quietest step of the last one to two windows
	voiceHangover   = 20  // steps: 400 ms, so that the end of a word and the gap between two survive
	initialFloor    = -60 // dBov
	silenceIsNoData = -100
)

// Detector tells speech from room noise by level alone. The noise floor is the minimum of the last 1.3 to 2.6 seconds: speech pauses
// within that time, noise does not. Use NewDetector.
type Detector struct {
	previous, current int // quietest step of the last whole window and of the one being filled
	steps             int
	hangover          int
}

// NewDetector returns a detector that expects a quiet room.
func NewDetector() *Detector {
	return &Detector{previous: initialFloor, current: 0}
}

// Voice takes the level of one 20 ms step in dBov and reports whether somebody speaks, or did within the last 400 ms.
func (d *Detector) Voice(dBov int) bool {
	threshold := max(voiceThreshold, d.floor()+voiceMargin)
	d.learn(dBov)
	if dBov > threshold {
		d.hangover = voiceHangover
		return true
	}
	if d.hangover > 0 {
		d.hangover--
		return true
	}
	return false
}

func (d *Detector) floor() int { return min(floorCeiling, d.previous, d.current) }

// learn moves the floor. Digital silence (lost packets, DTX, a muted microphone) says nothing about the room.
func (d *Detector) learn(dBov int) {
	if dBov > silenceIsNoData {
		d.current = min(d.current, dBov)
	}
	if d.steps++; d.steps < floorWindow {
		return
	}
	if d.current < 0 {
		d.previous = d.current
	}
	d.current, d.steps = 0, 0
}
