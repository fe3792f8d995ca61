package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
	"github.com/seed-f3cefc8c/focus/pkg/codec/g722"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
)

// How much steeper than the tones' own sum a sample step may be at a change of talkers: what quantisation and prediction add
// to a clean tone when nothing clicks.
const (
	waveformTolerance = 0.25 // G.711, G.722
	modelTolerance    = 0.5  // Opus
)

// maxLate is how late the load may send, at the 99th percentile, before a figure says more about the load than about the server.
const maxLate = 10 * time.Millisecond

// row is one line, or a few, of the table.
type row struct {
	key     string // of --only
	title   string
	measure func(ctx context.Context, b *bench, r row) ([]figure, error)
}

// figure is one number with what it should be.
type figure struct {
	Row    string   `json:"row"`
	What   string   `json:"what"`
	Value  float64  `json:"value"`
	Unit   string   `json:"unit"`
	Target *float64 `json:"target,omitempty"` // at most; nil: only printed
	Peers  string   `json:"peers,omitempty"`
	Sound  string   `json:"sound,omitempty"` // what listening found wrong
	Notes  string   `json:"notes,omitempty"`
}

// met is whether the figure, as it is printed, reaches its target.
func (f figure) met() bool { return f.Target == nil || round(f.Value) <= *f.Target }

// rows is the table, in the order in which it is measured.
func rows() []row {
	pcmu100 := scenario{codec: g711.PCMU, rooms: 1, seats: 100, talking: 3, tolerance: waveformTolerance}
	g722100 := scenario{codec: g722.G722, rooms: 1, seats: 100, talking: 3, tolerance: waveformTolerance}
	opus100 := scenario{codec: opus.Opus, rooms: 1, seats: 100, talking: 3, tolerance: modelTolerance}
	opusTens := scenario{codec: opus.Opus, rooms: 10, seats: 10, talking: 3, tolerance: modelTolerance}
	return append([]row{
		{"pcmu-100", "PCMU, a room of 100, 3 talking", cpu(pcmu100, 0.7, "Janus 1.6, Asterisk 2.2, FreeSWITCH 2.8, LiveKit SIP 55+")},
		{"pcmu-100-plain", "PCMU, a room of 100, 3 talking, plain system calls", socketWay(pcmu100, false, true)},
		{"pcmu-100-ice", "PCMU, a room of 100, 3 talking, over ICE (one port)", socketWay(pcmu100, true, false)},
		{"pcmu-100-ice-plain", "PCMU, a room of 100, 3 talking, over ICE (one port), plain system calls", socketWay(pcmu100, true, true)},
		{"g722-100", "G.722, a room of 100, 3 talking", cpu(g722100, 1.0, "Asterisk 3.2, FreeSWITCH 7.8")},
		{"opus-100", "Opus, a room of 100, 3 talking", cpu(opus100, 1.2, "Janus 7.4 to 10, FreeSWITCH 12 to 13")},
		{"opus-10x10", "Opus, ten rooms of 10, 3 talking in each", cpu(opusTens, 4.5, "")},
		{"pcmu-100-srtp", "PCMU, a room of 100, 3 talking, with SRTP", protected(pcmu100)},
		{"g722-100-srtp", "G.722, a room of 100, 3 talking, with SRTP", protected(g722100)},
		{"opus-100-srtp", "Opus, a room of 100, 3 talking, with SRTP", protected(opus100)},
		{"opus-10x10-srtp", "Opus, ten rooms of 10, 3 talking in each, with SRTP", protected(opusTens)},
		{"joins-dtls", "300 callers with ICE and DTLS-SRTP on one port, 50 a second", joins},
		{"delay-pcmu", "PCMU, delay through the server", delay(g711.PCMU, 15, 25, "Asterisk 15, FreeSWITCH 34, Janus 130", "Asterisk 23, FreeSWITCH 41, Janus 140")},
		{"delay-opus", "Opus, delay through the server", delay(opus.Opus, 22, 32, "", "")},
		{"memory-pcmu", "PCMU, a room of 300", memory(g711.PCMU)},
		{"memory-opus", "Opus, a room of 300", memory(opus.Opus)},
		{"allocs", "PCMU, a room of 100, the MCU alone", allocations(pcmu100)},
		{"recording", "PCMU, a room of 100, 3 talking, recorded", recorded(pcmu100)},
		{"empty-1000", "1,000 empty conferences", empty},
		{"muted-1000x2", "PCMU, 1,000 conferences of 2, all muted", cores(scenario{codec: g711.PCMU, rooms: 1000, seats: 2, muted: true})},
		{"pcmu-1000", "PCMU, a room of 1,000, 3 talking, load beside it", large},
	}, sipRows()...)
}

// bench is how rows are measured.
type bench struct {
	start     func() (system, error)
	startWith func(io string) (system, error) // ringIO or plainIO; ICE is lite
	program   string                          // the whole server; "": the MCU alone is measured
	window    time.Duration
	warmup    time.Duration
	profiles  string // folder for CPU profiles, one a row; "": none
	log       func(format string, args ...any)
	problems  error // that did not keep a row from being measured
}

// run measures a scenario on a server of its own.
func (b *bench) run(ctx context.Context, key string, sc scenario) (*outcome, error) {
	sc.window, sc.warmup = b.window, b.warmup
	if b.profiles != "" {
		sc.profile = filepath.Join(b.profiles, key+".prof")
	}
	sys, err := b.startFor(sc)
	if err != nil {
		return nil, err
	}
	o, err := sc.run(ctx, sys)
	b.close(key, sys)
	if err != nil {
		return nil, err
	}
	b.log("%s: %s", key, o.notes())
	return o, nil
}

// startFor starts what a scenario is measured on.
func (b *bench) startFor(sc scenario) (system, error) {
	switch {
	case sc.plain:
		return b.startWith(plainIO)
	case sc.ice:
		return b.startWith(ringIO)
	}
	return b.start()
}

// close ends a system. One that does not end well has a problem, and has been measured all the same.
func (b *bench) close(key string, sys system) {
	began := time.Now()
	if err := sys.Close(); err != nil {
		b.problems = errors.Join(b.problems, fmt.Errorf("%s: stopping the server: %w after %v", key, err, time.Since(began).Round(time.Second/10)))
	}
}

// cpu is a row of milliseconds of the server's CPU per participant-second.
func cpu(sc scenario, target float64, peers string) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.run(ctx, r.key, sc)
		if err != nil {
			return nil, err
		}
		return []figure{o.figure(r, "CPU", o.perParticipant(), perSecond, &target, peers)}, nil
	}
}

// socketWay is cpu with another way of packets through the kernel. The figures are for comparison.
func socketWay(sc scenario, ice, plain bool) func(context.Context, *bench, row) ([]figure, error) {
	sc.ice, sc.plain = ice, plain
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.run(ctx, r.key, sc)
		if err != nil {
			return nil, err
		}
		return []figure{o.figure(r, "CPU", o.perParticipant(), perSecond, nil, "")}, nil
	}
}

const perSecond = "ms/participant-s"

func cores(sc scenario) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.run(ctx, r.key, sc)
		if err != nil {
			return nil, err
		}
		return []figure{
			o.figure(r, "CPU", o.cores(), "% of a core", nil, ""),
			o.figure(r, "CPU", o.perParticipant(), perSecond, nil, ""),
		}, nil
	}
}

// delayWindow is how long delays are measured at least. Each mark is another caller's, who has a moment of the frame of his own: the median of
// few of them is anywhere within the frame.
const delayWindow = time.Minute

func delay(c *codec.Codec, median, p95 float64, peersMedian, peersP95 string) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		longer := *b
		longer.window = max(b.window, delayWindow)
		o, err := longer.run(ctx, r.key, scenario{codec: c, rooms: 1, seats: 100, marks: true})
		if err != nil {
			return nil, err
		}
		if len(o.Delays) == 0 {
			return nil, errors.New("no mark was heard")
		}
		slices.Sort(o.Delays)
		return []figure{
			o.figure(r, "median", milliseconds(quantile(o.Delays, 0.5)), "ms", &median, peersMedian),
			o.figure(r, "p95", milliseconds(quantile(o.Delays, 0.95)), "ms", &p95, peersP95),
		}, nil
	}
}

func memory(c *codec.Codec) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		o, err := b.run(ctx, r.key, scenario{codec: c, rooms: 1, seats: 300, talking: 3, tolerance: modelTolerance})
		if err != nil {
			return nil, err
		}
		target := 120.0
		return []figure{o.figure(r, "memory", float64(o.Memory)/1000/float64(o.Participants), "KB/participant", &target, "")}, nil
	}
}

// allocations counts in the MCU alone, which can be asked for it.
func allocations(sc scenario) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		alone := *b
		alone.start, alone.startWith = startMCU, startMCUWith
		o, err := alone.run(ctx, r.key, sc)
		b.problems = alone.problems
		if err != nil {
			return nil, err
		}
		return []figure{o.figure(r, "allocations", o.Allocations, "per packet", new(float64), "")}, nil
	}
}

// recorded is what recording adds to the same load without it.
func recorded(sc scenario) func(context.Context, *bench, row) ([]figure, error) {
	return func(ctx context.Context, b *bench, r row) ([]figure, error) {
		without, err := b.run(ctx, r.key+"-off", sc)
		if err != nil {
			return nil, err
		}
		sc.recorded = true
		with, err := b.run(ctx, r.key, sc)
		if err != nil {
			return nil, err
		}
		target := 0.5
		added := with.perParticipant() - without.perParticipant()
		return []figure{with.figure(r, "CPU added", added, perSecond, &target, "")}, nil
	}
}

// empty is what conferences cost that nobody is in.
func empty(ctx context.Context, b *bench, r row) ([]figure, error) {
	sys, err := b.start()
	if err != nil {
		return nil, err
	}
	defer b.close(r.key, sys)
	for range 1000 {
		if _, err := sys.Conference(ctx); err != nil {
			return nil, err
		}
	}
	time.Sleep(b.warmup)
	before, err := cpuTime(sys.PID())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	time.Sleep(b.window)
	after, err := cpuTime(sys.PID())
	target := 1.0
	o := outcome{CPU: after - before, Window: time.Since(began)}
	return []figure{{Row: r.title, What: "CPU", Value: o.cores(), Unit: "% of a core", Target: &target}}, err
}

// large is the largest room, with the load on the same cores.
func large(ctx context.Context, b *bench, r row) ([]figure, error) {
	o, err := b.run(ctx, r.key, scenario{codec: g711.PCMU, rooms: 1, seats: 1000, talking: 3, tolerance: waveformTolerance})
	if err != nil {
		return nil, err
	}
	loss, jitter := 1.0, 10.0
	const peers = "largest room without trouble: 450, 450, 600"
	return []figure{
		o.figure(r, "loss", o.loss(), "%", &loss, peers),
		o.figure(r, "p99 jitter", milliseconds(o.Jitter), "ms", &jitter, ""),
		o.figure(r, "CPU", o.perParticipant(), perSecond, nil, ""),
	}, nil
}

func (o *outcome) figure(r row, what string, value float64, unit string, target *float64, peers string) figure {
	return figure{Row: r.title, What: what, Value: value, Unit: unit, Target: target, Peers: peers, Sound: o.complaints(), Notes: o.notes()}
}

// complaints is what was wrong with the sound; "" when nothing was.
func (o *outcome) complaints() string {
	text := ""
	for _, c := range []struct {
		count int
		what  string
	}{
		{o.Silent, "callers heard nothing"}, {o.Heard.Missing, "tones missing"}, {o.Heard.Echoes, "heard themselves"},
		{o.Heard.Strange, "tones of silent people"}, {o.Heard.Clicks, "clicks"}, {o.LostMarks, "marks lost"},
	} {
		if c.count > 0 {
			text += fmt.Sprintf("%d %s; ", c.count, c.what)
		}
	}
	if o.Late > maxLate {
		text += fmt.Sprintf("the load itself was late: %v; ", o.Late)
	}
	if o.loss() >= 0.005 {
		text += fmt.Sprintf("%.2f %% missing; ", o.loss())
	}
	return text
}

// notes is what else a reader of the figure wants to know.
func (o *outcome) notes() string {
	v := o.Heard
	return fmt.Sprintf("%.2f %s, %d of %d packets missing (%d never sent), p99 jitter %v, load late %v (p99), machine idle %.0f %%, stolen %.1f %%, cores waited for %.0f %% of the time; "+
		"listened to %d turns, %d changes (%d spoilt by loss), steepest step %.2f of the tones' own; %s",
		o.perParticipant(), perSecond, o.Expected-o.Received, o.Expected, o.Skipped, o.Jitter, o.Late, o.Idle, o.Steal, o.Waiting,
		v.Turns, v.Changes, v.Skipped, v.Worst, cmp.Or(o.complaints(), "nothing wrong"))
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
