package main

import (
	"io"
	"log/slog"
)

// newLogger writes to w, in the form and from the level that the settings say.
func newLogger(w io.Writer, o *options) *slog.Logger {
	how := &slog.HandlerOptions{Level: o.logLevel}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, how))
	}
	return slog.New(slog.NewTextHandler(w, how))
}
