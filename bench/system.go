package main

import "context"

// system is what is measured: a process that takes calls.
type system interface {
	// PID is the process whose time and memory are the figures.
	PID() int
	// Conference makes one and returns its name.
	Conference(ctx context.Context) (string, error)
	// Call brings a caller into a conference with an SDP offer and returns the answer.
	Call(ctx context.Context, conference, caller, offer string) (answer string, err error)
	// Mute silences everybody in a conference.
	Mute(ctx context.Context, conference string) error
	// Record starts to record a conference.
	Record(ctx context.Context, conference string) error
	// Profile begins a CPU profile, which ends with the function it returns.
	Profile(file string) (stop func() error, err error)
	// Allocations counts the objects allocated so far; 0 when the system does not tell.
	Allocations() uint64
	Close() error
}
