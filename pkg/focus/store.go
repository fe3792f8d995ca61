package focus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

// storeTime bounds how long a record may take to get to the disk.
const storeTime = 10 * time.Second

// keep carries out a command that may change the record of the conference which the keys name: as Focus.keep.
func (s *Server) keep(ctx context.Context, keys c3p.ConferenceKeys, work func(*Focus) (undo func(), err error)) (*Focus, error) {
	id, err := s.idOf(keys)
	if err != nil {
		return nil, err
	}
	for {
		f, err := s.focus(ctx, id)
		if err != nil {
			return nil, err
		}
		if err = f.keep(ctx, func() (func(), error) { return work(f) }); !errors.Is(err, errGone) {
			return f, err
		}
	}
}

// keep runs work on the loop and returns when what it changed of the record is on disk, so that what is answered then survives a failure.
// It holds from the moment of the command. If it cannot be stored, undo takes it back on the loop; nil where that makes no sense. Such
// commands of a conference come one after the other, and one that has begun goes on when its sender does not wait any more.
func (f *Focus) keep(ctx context.Context, work func() (undo func(), err error)) error {
	select {
	case f.storing <- struct{}{}:
		defer func() { <-f.storing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var undo func()
	var record conference.Record
	err := f.do(f.server.ctx, func() (err error) {
		undo, err = work()
		record = f.conference.Record()
		return err
	})
	if err != nil || record.Equal(&f.stored) {
		return err
	}
	if err = f.write(record); err != nil && undo != nil {
		f.post(undo)
	}
	return err
}

// store writes the record with what last adds, without a change in the meeting.
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
	return f.write(record)
}

// keepLater stores what has changed in the record by itself; nobody waits for that.
func (f *Focus) keepLater() {
	f.server.run("storing conference "+string(f.id), func(ctx context.Context) {
		err := f.keep(ctx, func() (func(), error) { return nil, nil })
		if err != nil && !errors.Is(err, errGone) {
			f.log.Error("what the meeting changed is not stored", "err", err)
		}
	})
}

// keepLast stores what the meeting has left, after its loop.
func (f *Focus) keepLast(record conference.Record) {
	f.storing <- struct{}{}
	defer func() { <-f.storing }()
	if record.Equal(&f.stored) {
		return
	}
	if err := f.write(record); err != nil {
		f.log.Error("what the meeting left is not stored", "err", err)
	}
}

// write stores a record, and tells the meeting its version. Called with storing held.
func (f *Focus) write(record conference.Record) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(f.server.ctx), storeTime)
	defer cancel()
	stored, err := f.update(ctx, record)
	if err != nil {
		return fmt.Errorf("storing conference %s: %w", f.id, err)
	}
	f.stored = stored
	err = f.do(ctx, func() error { f.conference.Stored(stored.Version); return nil })
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// update writes a record. If somebody else has changed the stored one, that stays as it is but for what a meeting changes; but who wanted to
// change the rest as well is told.
func (f *Focus) update(ctx context.Context, record conference.Record) (conference.Record, error) {
	record.Version = f.stored.Version
	stored, err := f.server.config.Directory.Update(ctx, record)
	if !errors.Is(err, conference.ErrVersion) || !record.SameContent(&f.stored) {
		return stored, err
	}
	current, err := f.server.config.Directory.Get(ctx, f.id)
	if err != nil {
		return current, err
	}
	current.Locked, current.Ended, current.MuteAll, current.Silent = record.Locked, record.Ended, record.MuteAll, record.Silent
	current.Recording, current.Roles = record.Recording, record.Roles
	return f.server.config.Directory.Update(ctx, current)
}
