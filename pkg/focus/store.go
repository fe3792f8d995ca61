package focus

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// store writes the record, changed by change, and returns when it is on disk. Somebody else's change since is kept.
func (f *Focus) store(ctx context.Context, record conference.Record, change func(*conference.Record)) error {
	select {
	case f.storing <- struct{}{}:
		defer func() { <-f.storing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	record.Version = f.version
	change(&record)
	stored, err := f.server.config.Directory.Update(ctx, record)
	if errors.Is(err, conference.ErrVersion) {
		if record, err = f.server.config.Directory.Get(ctx, f.id); err == nil {
			change(&record)
			stored, err = f.server.config.Directory.Update(ctx, record)
		}
	}
	if err != nil {
		return fmt.Errorf("storing conference %s: %w", f.id, err)
	}
	f.version = stored.Version
	return nil
}

// unlockStored follows a meeting that ended by itself: the next one starts unlocked.
func (f *Focus) unlockStored(ctx context.Context, record conference.Record) {
	if err := f.store(ctx, record, func(r *conference.Record) { r.Locked = false }); err != nil {
		f.log.Error("unlocking", "err", err)
	}
}
