package focus

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// store writes the record as the meeting has changed it, and returns when it is on disk. Changes are written one after the other, each as
// things stand when its turn comes. last is what this one adds.
func (f *Focus) store(ctx context.Context, last func(*conference.Record)) error {
	select {
	case f.storing <- struct{}{}:
		defer func() { <-f.storing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var record conference.Record
	if err := f.do(ctx, func() error { record = f.conference.Record(); return nil }); err != nil {
		return err
	}
	last(&record)
	return f.write(ctx, record)
}

// write stores a record, unless somebody else has changed the stored one: then that gets what a meeting can change. Called with storing held.
func (f *Focus) write(ctx context.Context, record conference.Record) error {
	record.Version = f.version
	stored, err := f.server.config.Directory.Update(ctx, record)
	if errors.Is(err, conference.ErrVersion) {
		var current conference.Record
		if current, err = f.server.config.Directory.Get(ctx, f.id); err == nil {
			current.Locked, current.Ended = record.Locked, record.Ended
			stored, err = f.server.config.Directory.Update(ctx, current)
		}
	}
	if err != nil {
		return fmt.Errorf("storing conference %s: %w", f.id, err)
	}
	f.version = stored.Version
	return nil
}

// writeLast stores what the meeting left, after its loop.
func (f *Focus) writeLast(ctx context.Context, record conference.Record) {
	f.storing <- struct{}{}
	defer func() { <-f.storing }()
	if err := f.write(ctx, record); err != nil {
		f.log.Error("storing what the meeting left", "err", err)
	}
}
