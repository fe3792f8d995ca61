package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// exitSignal is what a shell calls an end by Ctrl-C.
const exitSignal = 130

// untilSignal returns a context that ends with the first Ctrl-C or SIGTERM. A second one ends the process at once.
func untilSignal(parent context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitSignal)
	}()
	return ctx, cancel
}
