package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// modifyConferenceAnnouncements says whether joining and leaving is announced. That is part of the record, so it is stored; the MCU is told
// now if it knows the conference, and else when it is told of that.
func (s *Server) modifyConferenceAnnouncements(ctx context.Context, call *c3p.Call) (c3p.Command, error) {
	command, by := call.Request.Command.(*c3p.ModifyConferenceAnnouncements), actor(call.Principal)
	changed := false
	f, err := s.keep(ctx, command.Keys, func(f *Focus) (func(), error) {
		changes, err := f.conference.SetAnnouncements(time.Now(), by, command.Enabled)
		changed = len(changes) > 0
		return func() { _, _ = f.conference.SetAnnouncements(time.Now(), itself, !command.Enabled) }, err
	})
	if err != nil || !changed {
		return nil, err
	}
	if err := f.tellAnnouncements(ctx); err != nil {
		f.post(func() { _, _ = f.conference.SetAnnouncements(time.Now(), itself, !command.Enabled) })
		f.keepLater()
		return nil, err
	}
	return nil, nil
}

// tellAnnouncements brings the MCU in line with the record, if it knows the conference.
func (f *Focus) tellAnnouncements(ctx context.Context) error {
	return f.tellMCU(ctx, func() c3p.Command {
		return &c3p.ModifyConferenceAnnouncements{Keys: c3p.ConferenceKeys{Entity: f.uri}, Enabled: f.conference.Announcements()}
	})
}
