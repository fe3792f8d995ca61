package rtp

import (
	"slices"
	"time"
)

// All in steps of 20 ms.
const (
	minPatience  = 100  // 2 s: the shortest window whose least slack is believed
	maxPatience  = 300  // 6 s: what a bad network has taught is forgotten within 10 s
	forgiveAfter = 1500 // 30 s without a late packet
	forceAfter   = 50   // 1 s: how long a drop waits for silence …
	forceEvery   = 10   // … and how far apart forced ones are
	lateWindow   = 250  // 5 s
	lateLimit    = 3    // latecomers in a lateWindow that ask for a Hold
	growPatience = 10   // 200 ms: how long a Hold waits for silence
	reserveLife  = 200  // 4 s without a loss end the reserve
)

// slackMargin stays when a step is dropped: ticks and networks tremble.
const slackMargin = 3 * time.Millisecond

// generous is the slack, in steps, that need not be proved for a whole window: a quarter of it is enough to give away what is beyond.
const generous = 2

// pace decides when the delay grows and shrinks. It sees slack and lateness, never packets.
type pace struct {
	steps int64

	quarter  [4]time.Duration // the least slack of each quarter of the window, a ring
	quarters int              // since the window began
	samples  int              // in the present quarter
	since    int64            // when the present quarter began
	patience int64            // the length of the window
	mean     time.Duration

	drops     int   // steps that may be left out
	dropSince int64 // since when the next of them waits
	force     int64 // how long it waits
	shrunkAt  int64
	lateAt    int64

	latecomers int
	lateSince  int64
	uncopied   int // losses in a lateWindow whose copy came too late
	lostSince  int64
	lostAt     int64
	reserve    int64 // steps that wait for copies
	growing    int64 // step at which a Hold was asked for; 0 none
}

func newPace() pace {
	return pace{patience: minPatience, shrunkAt: -maxPatience * 2, lateAt: -forgiveAfter}
}

func (p *pace) step() {
	if p.steps++; p.reserve > 0 && p.steps-p.lostAt > reserveLife {
		p.reserve, p.uncopied = 0, 0
		p.restart()
	}
}

// observe takes the slack of a packet that was played.
func (p *pace) observe(slack time.Duration) {
	least := &p.quarter[p.quarters%len(p.quarter)]
	if p.samples == 0 || slack < *least {
		*least = slack
	}
	if p.samples++; p.mean == 0 {
		p.mean = slack
	}
	p.mean += (slack - p.mean) / 16
	if p.steps-p.since < p.patience/4 || p.samples < 3 {
		return
	}
	n := p.surplus(*least) - generous
	if p.quarters++; p.quarters >= len(p.quarter) {
		n = p.surplus(slices.Min(p.quarter[:]))
	}
	if n > 0 && p.drops == 0 {
		p.drops, p.dropSince, p.force = n, p.steps, forceAfter
	}
	p.samples, p.since = 0, p.steps
}

// surplus is how many steps of slack nobody needed.
func (p *pace) surplus(slack time.Duration) int {
	return int((slack-slackMargin)/stepTime) - int(p.reserve)
}

// restart begins a new window.
func (p *pace) restart() { p.samples, p.quarters, p.since = 0, 0, p.steps }

// late notes that a packet came after its step.
func (p *pace) late() {
	switch {
	case p.steps-p.shrunkAt < 2*p.patience:
		p.patience = min(2*p.patience, maxPatience)
	case p.steps-p.lateAt > forgiveAfter:
		p.patience = minPatience
	}
	p.lateAt, p.drops = p.steps, 0
	p.restart()
}

// tooLate notes that a packet came after its place was given up.
func (p *pace) tooLate() {
	if p.steps-p.lateSince > lateWindow {
		p.latecomers, p.lateSince = 0, p.steps
	}
	if p.latecomers++; p.latecomers == lateLimit {
		p.latecomers = 0
		p.growing = p.steps
		p.late()
	}
}

// lost notes that a packet is missing before one that carries its copy, whether that was here in time, and how many steps earlier it would
// have to be.
func (p *pace) lost(copied bool, steps int64) {
	p.lostAt = p.steps
	if copied || p.reserve >= steps {
		return
	}
	if p.steps-p.lostSince > lateWindow {
		p.uncopied, p.lostSince = 0, p.steps
	}
	if p.uncopied++; p.uncopied == lateLimit {
		p.uncopied, p.drops = 0, 0
		p.reserve++
		p.growing = p.steps
		p.restart()
	}
}

// grow tells whether a Hold that was asked for is put in now.
func (p *pace) grow(quiet bool) bool {
	if p.growing == 0 || !quiet && p.steps-p.growing < growPatience {
		return false
	}
	p.growing = 0
	p.restart()
	return true
}

// shrink tells whether one of drops is used now.
func (p *pace) shrink(quiet bool) bool {
	if !quiet && p.steps-p.dropSince < p.force {
		return false
	}
	p.drops--
	p.dropSince, p.force, p.shrunkAt = p.steps, forceEvery, p.steps
	for i := range p.quarter { // so much less slack would each packet have had
		p.quarter[i] -= stepTime
	}
	return true
}
