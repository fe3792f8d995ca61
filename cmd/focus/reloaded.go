package main

import (
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// reloaded is something made from files, and made anew when they change. What cannot be made leaves the old one in its place.
type reloaded[T any] struct {
	what  string // for the log
	paths []string
	load  func() (T, error)

	mu      sync.Mutex
	current T
	seen    []stamp // of the files when they were last read
}

// stamp tells one state of a file from another. Links are followed, as certificates often hang on one.
type stamp struct {
	size     int64
	modified time.Time
}

func stampsOf(paths []string) (stamps []stamp) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			stamps = append(stamps, stamp{size: -1})
			continue
		}
		stamps = append(stamps, stamp{info.Size(), info.ModTime()})
	}
	return stamps
}

// openReloaded reads the files for the first time.
func openReloaded[T any](what string, load func() (T, error), paths ...string) (_ *reloaded[T], err error) {
	r := &reloaded[T]{what: what, paths: paths, load: load, seen: stampsOf(paths)}
	if r.current, err = load(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *reloaded[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// check reads the files again if they have changed, or in any case if always. The log gets a line for each state of the files that is read,
// good or bad.
func (r *reloaded[T]) check(log *slog.Logger, always bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamps := stampsOf(r.paths)
	if !always && slices.Equal(stamps, r.seen) {
		return
	}
	r.seen = stamps
	current, err := r.load()
	if err != nil {
		log.Error("what is new cannot be read: the old one stays", "what", r.what, "err", err)
		return
	}
	r.current = current
	log.Info("read again", "what", r.what, "files", r.paths)
}
