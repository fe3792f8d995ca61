package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What a storm of calls or requests leaves behind is collected by the runtime two minutes later, and given back to the system slowly after
// that. tidy does it when the storm is over.
const (
	tidyEvery = 15 * time.Second
	// worthTidying is how much more memory than in quiet times, in octets, is worth the trouble.
	worthTidying = 16 << 20
	// tidyAgain is how long to wait before trying once more; doubled while it brings nothing, up to longestWait.
	tidyAgain   = 45 * time.Second
	longestWait = 10 * time.Minute
)

// tidier decides when memory is given back.
type tidier struct {
	quiet uint64 // the least there was, in octets
	last  uint64 // garbage collections by the last look
	wait  time.Duration
	next  time.Time // not before
}

// due is whether to collect now: nothing else has done it since the last look, and there is more memory than in quiet times.
func (t *tidier) due(now time.Time, held, collections uint64) bool {
	if t.quiet == 0 || held < t.quiet {
		t.quiet = held
	}
	busy := collections != t.last
	t.last = collections
	return !busy && held > t.quiet+worthTidying && !now.Before(t.next)
}

// done learns what it brought: nothing means that the memory is in use.
func (t *tidier) done(now time.Time, before, after, collections uint64) {
	if t.wait = min(2*t.wait, longestWait); t.wait == 0 || before > after+worthTidying {
		t.wait = tidyAgain
	}
	t.next, t.last, t.quiet = now.Add(t.wait), collections, min(t.quiet, after)
}

func (s *system) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var t tidier
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			before, collections := memoryHeld()
			if !t.due(now, before, collections) {
				continue
			}
			debug.FreeOSMemory()
			after, collections := memoryHeld()
			t.done(now, before, after, collections)
			s.log.Debug("memory given back", "before", before, "after", after)
		}
	}
}

// memoryHeld is what the runtime has of the system's memory, in octets, and how often it has collected garbage.
func memoryHeld() (held, collections uint64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()
}
