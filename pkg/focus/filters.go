package focus

import (
	"context"
	"reflect"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// What the roster says of who is muted and who hears whom, the MCU is told afterwards. Two commands of one conference may get here in another order than
// that in which the rules decided them; so only one of them is at the MCU at a time, and it brings what is true when its turn comes.

// filter holds the way to the MCU while tell uses it.
func (f *Focus) filter(ctx context.Context, tell func() error) error {
	select {
	case f.filtering <- struct{}{}:
		defer func() { <-f.filtering }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return tell()
}

// tellStreams brings the streams that the changes are about in line at the MCU: all of them with one command.
func (f *Focus) tellStreams(ctx context.Context, changes []conference.Change) error {
	if !slices.ContainsFunc(changes, aboutStream) {
		return nil
	}
	return f.filter(ctx, func() error {
		var document *confinfo.Document
		err := f.do(ctx, func() error { document = f.streamsNow(changes); return nil })
		if err != nil || len(document.Users) == 0 {
			return err
		}
		_, err = f.command(ctx, &c3p.ModifyConference{Conference: document})
		return err
	})
}

// tellStreamsLater is tellStreams for changes that nobody waits for.
func (f *Focus) tellStreamsLater(changes []conference.Change) {
	if !slices.ContainsFunc(changes, aboutStream) {
		return
	}
	f.server.run("filtering streams", func(ctx context.Context) {
		if err := f.tellStreams(ctx, changes); err != nil {
			f.log.Error("the MCU does not filter streams", "err", err)
		}
	})
}

func aboutStream(ch conference.Change) bool {
	return ch.Kind == conference.MuteChanged || ch.Kind == conference.DeafChanged
}

// streamsNow is how the streams stand that changes are about. Who has left is not in it.
func (f *Focus) streamsNow(changes []conference.Change) *confinfo.Document {
	document := &confinfo.Document{Entity: f.uri, State: confinfo.Partial, UsersState: confinfo.Partial}
	for _, ch := range changes {
		p, _ := f.conference.Participant(ch.User)
		e := p.Endpoint(ch.Endpoint)
		if !aboutStream(ch) || e == nil || e.Stream(ch.Media) == nil {
			continue
		}
		document.Users = append(document.Users, confinfo.User{
			Entity: string(ch.User), State: confinfo.Partial,
			Endpoints: []confinfo.Endpoint{{
				Entity: string(ch.Endpoint), State: confinfo.Partial, Media: []confinfo.Media{filtersOf(*e.Stream(ch.Media))},
			}},
		})
	}
	return document
}

// filtersOf is what the MCU does with a stream.
func filtersOf(m conference.MediaStream) confinfo.Media {
	element := mediaElement(m)
	return confinfo.Media{ID: element.ID, IngressFilter: element.IngressFilter, EgressFilter: element.EgressFilter}
}

// audioID is the id of the one stream that legs have.
const audioID conference.MediaID = "1"

// preset is with which filters a leg begins at the MCU; with it goes whom its user hears. So nobody hears for a moment who joins muted.
func (f *Focus) preset(l *leg) []confinfo.Media {
	role := l.role
	l.hears = hearsOf(f.conference.Hears(l.user))
	if p, in := f.conference.Participant(l.user); in {
		role = p.Role
	}
	if l.muted = f.conference.MuteAll().Later && role != conference.Presenter; !l.muted {
		return nil
	}
	return []confinfo.Media{{ID: string(audioID), IngressFilter: confinfo.Block}}
}

// align tells the MCU what has changed between preset and now, when the leg is in the roster.
func (f *Focus) align(l *leg) {
	p, _ := f.conference.Participant(l.user)
	e := p.Endpoint(l.id)
	if e == nil || e.Stream(audioID) == nil {
		return
	}
	if muted := e.Stream(audioID).Muted != conference.NotMuted; muted != l.muted {
		f.tellStreamsLater([]conference.Change{{Kind: conference.MuteChanged, User: l.user, Endpoint: l.id, Media: audioID}})
	}
	if hears := hearsOf(p.Hears); !reflect.DeepEqual(hears, l.hears) {
		f.server.run("filtering voices", func(ctx context.Context) {
			if err := f.tellFilter(ctx, l.user); err != nil {
				f.log.Error("the MCU does not filter voices", "err", err)
			}
		})
	}
}

// hearsOf is nil for who hears everybody.
func hearsOf(m conference.MediaFilter) *confinfo.Hears {
	if !m.Only && len(m.Users) == 0 {
		return nil
	}
	hears := &confinfo.Hears{Only: m.Only}
	for _, user := range m.Users {
		hears.Users = append(hears.Users, string(user))
	}
	return hears
}
