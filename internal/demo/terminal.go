package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Terminal shows a meeting to a person. On a terminal the meters stand still and move; elsewhere there is a line now and then.
type Terminal struct {
	Out    io.Writer
	Live   bool // Out is a terminal that understands cursor movements
	Colour bool

	began   time.Time
	meters  int            // lines of meters that stand at the cursor
	held    map[string]int // what meters show: they fall slower than speech does
	printed time.Time      // last line of levels, when not live
}

const (
	meterWidth  = 16
	meterFall   = 4   // dB from one picture to the next
	meterFloor  = -60 // dBov, an empty meter
	meterTop    = -6
	printEvery  = 2 * time.Second // levels, when not live
	timeColumns = 6
)

// Step says what comes next, in the place of the meters.
func (t *Terminal) Step(text string) {
	if t.began.IsZero() {
		t.began = time.Now()
	}
	if t.meters > 0 {
		fmt.Fprintf(t.Out, "\x1b[%dA\r\x1b[J", t.meters) // ECMA-48: up, and erase what is below
		t.meters = 0
	}
	fmt.Fprintf(t.Out, "%s %s\n", t.colour(faint, t.elapsed()), text)
}

func (t *Terminal) elapsed() string {
	return fmt.Sprintf("%*.1fs", timeColumns-1, time.Since(t.began).Seconds())
}

// Levels draws the meters.
func (t *Terminal) Levels(lines []Levels) {
	if !t.Live {
		t.print(lines)
		return
	}
	if t.meters > 0 {
		fmt.Fprintf(t.Out, "\x1b[%dA", t.meters)
	}
	for _, l := range lines {
		says, hears := t.meter(l.Name+" says", l.Says, green), t.meter(l.Name+" hears", l.Hears, blue)
		fmt.Fprintf(t.Out, "\r\x1b[2K%*s %-6s says %s   hears %s\n", timeColumns, "", l.Name, says, hears)
	}
	t.meters = len(lines)
}

// print is for files and pipes.
func (t *Terminal) print(lines []Levels) {
	now := time.Now()
	if now.Sub(t.printed) < printEvery {
		return
	}
	t.printed = now
	var parts []string
	for _, l := range lines {
		parts = append(parts, fmt.Sprintf("%s says %s, hears %s", l.Name, spoken(l.Says), spoken(l.Hears)))
	}
	fmt.Fprintf(t.Out, "%s %s\n", t.elapsed(), strings.Join(parts, "; "))
}

func spoken(dBov int) string {
	if dBov <= meterFloor {
		return "nothing"
	}
	return fmt.Sprintf("%d dB", dBov)
}

// Width is how many columns the meters need: on a narrower terminal they cannot stand still.
const Width = 76

// meter is a bar and its number.
func (t *Terminal) meter(name string, dBov int, ink string) string {
	dBov = t.hold(name, max(dBov, meterFloor))
	eighths := min((dBov-meterFloor)*8*meterWidth/(meterTop-meterFloor), 8*meterWidth)
	bar := strings.Repeat("█", eighths/8)
	if eighths%8 > 0 {
		bar += string([]rune(" ▏▎▍▌▋▊▉")[eighths%8])
	}
	rest := strings.Repeat("·", meterWidth-len([]rune(bar)))
	return t.colour(ink, bar) + t.colour(faint, rest) + fmt.Sprintf(" %4d dB", dBov)
}

// hold rises at once and falls slowly.
func (t *Terminal) hold(name string, dBov int) int {
	if t.held == nil {
		t.held = map[string]int{}
	}
	if before, ok := t.held[name]; ok {
		dBov = max(dBov, before-meterFall)
	}
	t.held[name] = dBov
	return dBov
}

// Colours of ECMA-48.
const (
	green = "32"
	blue  = "36"
	red   = "31"
	faint = "2"
	bold  = "1"
)

func (t *Terminal) colour(code, text string) string {
	if !t.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
