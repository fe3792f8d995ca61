package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// serveCommand runs the server.
type serveCommand struct {
	settings
}

// closeTime is how long the server takes for ending calls and closing files, at most.
const closeTime = 4500 * time.Millisecond

// Run serves until the context ends.
func (c *serveCommand) Run(io *streams, holder ctxHolder) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	log := newLogger(io.err, o)
	raiseFileLimit(log)
	s, err := start(holder.ctx, o, log)
	if holder.ctx.Err() != nil && err != nil {
		return nil // Ctrl-C before it was up
	}
	if err != nil {
		return err
	}
	s.greet(io.out)
	err = s.wait(holder.ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(holder.ctx), closeTime)
	defer cancel()
	s.stop(ctx)
	return err
}

// wait returns when the server is to end. SIGHUP makes it read its certificates again.
func (s *system) wait(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.failed:
			return err
		case <-hangup:
			s.tls.check(true)
		}
	}
}
