package main

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// wantedFiles is enough for two sockets a leg and thirty thousand legs; with fewFiles some two hundred are through.
const (
	wantedFiles = 65536
	fewFiles    = 1024
)

// raiseFileLimit lets the process have as many descriptors as it may.
func raiseFileLimit(log *slog.Logger) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		log.Warn("reading the limit of open files", "err", err)
		return
	}
	if limit.Cur >= wantedFiles {
		return
	}
	more := unix.Rlimit{Cur: wantedFiles, Max: max(limit.Max, wantedFiles)}
	if unix.Setrlimit(unix.RLIMIT_NOFILE, &more) == nil {
		return
	}
	more = unix.Rlimit{Cur: limit.Max, Max: limit.Max} // only root may go beyond the hard limit
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &more); err != nil || more.Cur <= fewFiles {
		log.Warn("few files may be open: raise the limit (ulimit -n) for more than a few hundred calls", "limit", more.Cur)
	}
}
