package cluster

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

func TestConferenceComesBackWhole(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		r := record("7h3k92qd")
		r.Expires, r.AutoRecord, r.Locked = r.Created.Add(time.Hour), true, true
		r.Invitees = []conference.UserID{"sip:bob@example.com"}
		r.Lobby, r.PSTNLobbyBypass, r.Silent, r.Recording = true, true, true, conference.RecordingPaused
		r.MuteAll = conference.MuteAll{Muted: true, Later: true, Hard: true}
		r.Roles = map[conference.UserID]conference.Role{"sip:bob@example.com": conference.Presenter}
		stored, err := c.Conferences.Create(t.Context(), r)
		check(t, err)
		got, err := c.Conferences.Get(t.Context(), "7h3k92qd")
		check(t, err)
		if d := cmp.Diff(stored, got); d != "" || got.Version == 0 || got.PIN != r.PIN {
			t.Errorf("stored and read differ (version %d):\n%s", got.Version, d)
		}
	})
}

func TestOnlyOneGetsTheID(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				switch _, err := c.Conferences.Create(t.Context(), record("7h3k92qd")); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, conference.ErrExists):
					lost.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 9 {
			t.Errorf("%d made it and %d were told it exists, want 1 and 9", won.Load(), lost.Load())
		}
	})
}

func TestConferenceErrors(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx, d := t.Context(), c.Conferences
		want := func(what string, got, want error) {
			t.Helper()
			if !errors.Is(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		_, err := d.Get(ctx, "nothing1")
		want("get of nothing", err, conference.ErrNotFound)
		_, err = d.Get(ctx, "")
		want("get of no id", err, conference.ErrNotFound)
		want("delete of nothing", d.Delete(ctx, "nothing1", 0), conference.ErrNotFound)
		_, err = d.Create(ctx, record("UPPERCASE"))
		want("create in upper case", err, conference.ErrInvalidID)
		_, err = d.Update(ctx, record("nothing1"))
		want("update of nothing", err, conference.ErrVersion)

		first, err := d.Create(ctx, record("7h3k92qd"))
		want("create", err, nil)
		second, err := d.Update(ctx, first)
		want("update", err, nil)
		_, err = d.Update(ctx, first)
		want("update of an old version", err, conference.ErrVersion)
		want("delete of an old version", d.Delete(ctx, first.ID, first.Version), conference.ErrVersion)
		want("delete", d.Delete(ctx, first.ID, second.Version), nil)
		_, err = d.Create(ctx, record("7h3k92qd"))
		want("create with the id of one that was deleted", err, nil)
	})
}

func TestListAndSweep(t *testing.T) {
	inBothWorlds(t, func(t *testing.T, c *Cluster) {
		ctx, d := t.Context(), c.Conferences
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		for id, change := range map[conference.ID]func(*conference.Record){
			"forever1": func(r *conference.Record) {},
			"bobs0001": func(r *conference.Record) { r.Organizer = "sip:bob@example.com" },
			"tomorrow": func(r *conference.Record) { r.Expires = now.Add(24 * time.Hour) },
			"rightnow": func(r *conference.Record) { r.Expires = now },
			"ended000": func(r *conference.Record) { r.Ended = now.Add(-time.Hour) },
			"endedold": func(r *conference.Record) { r.Ended = now.Add(-endedLife) },
			"endedtmr": func(r *conference.Record) { r.Ended, r.Expires = now.Add(-2*endedLife), now.Add(time.Hour) },
		} {
			r := record(id)
			change(&r)
			_, err := d.Create(ctx, r)
			check(t, err)
		}
		swept, err := d.Sweep(ctx, now)
		if d := cmp.Diff([]conference.ID{"endedold", "rightnow"}, swept); d != "" || err != nil {
			t.Errorf("swept: %v\n%s", err, d)
		}
		wantIDs(t, c, "", "bobs0001", "ended000", "endedtmr", "forever1", "tomorrow")
		wantIDs(t, c, "sip:bob@example.com", "bobs0001")
	})
}

func wantIDs(t *testing.T, c *Cluster, organizer conference.UserID, want ...conference.ID) {
	t.Helper()
	records, err := c.Conferences.List(t.Context(), organizer)
	check(t, err)
	var got []conference.ID
	for _, r := range records {
		got = append(got, r.ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("list of %q:\n%s", organizer, d)
	}
}
