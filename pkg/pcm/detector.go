package pcm

const (
	voiceMargin     = 8   // dB above the noise floor that count as speech
	gateMargin      = 5   // … that are worth a closer look
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
	margin            int
}

// NewDetector returns a detector that expects a quiet room.
func NewDetector() *Detector {
	return &Detector{previous: initialFloor, current: 0, margin: voiceMargin}
}

// NewGate returns a detector that would rather be wrong than late: somebody with a better ear decides after it, and tells it by Reject.
func NewGate() *Detector {
	return &Detector{previous: initialFloor, current: 0, margin: gateMargin}
}

// Voice takes the level of one 20 ms step in dBov and reports whether somebody speaks, or did within the last 400 ms.
func (d *Detector) Voice(dBov int) bool {
	threshold := max(voiceThreshold, d.floor()+d.margin)
	d.learn(dBov)
	if dBov > threshold {
		d.hangover = voiceHangover
		return true
	}
	return d.hang()
}

// Noise takes the level of a step that somebody who knows better says is no speech. It teaches the floor, and reports whether somebody
// spoke within the last 400 ms.
func (d *Detector) Noise(dBov int) bool {
	d.learn(dBov)
	return d.hang()
}

// Reject takes back what Voice said: this level was noise after all.
func (d *Detector) Reject(dBov int) {
	d.hangover = 0
	d.previous = max(d.previous, dBov)
	d.current = max(d.current, dBov)
}

func (d *Detector) hang() bool {
	if d.hangover == 0 {
		return false
	}
	d.hangover--
	return true
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
