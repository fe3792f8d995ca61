package focus

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// watched runs a story about a conference that is on, and ends it.
func watched(t *testing.T, story func(t *testing.T, f *Focus)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := quietFocus()
		f.server.config.Dial = func(id conference.ID) conference.URI { return conference.DialURI(id, "example.com") }
		f.server.focuses[f.id] = f
		f.server.work.Go(f.loop)
		story(t, f)
		f.post(func() { f.finish(480, "over") })
		<-f.done
		f.server.cancel()
		f.server.work.Wait()
	})
}

// changes runs a command on the loop.
func (f *Focus) changes(t *testing.T, work func(now time.Time, c *conference.Conference) error) {
	t.Helper()
	if err := f.do(t.Context(), func() error { return work(time.Now(), f.conference) }); err != nil {
		t.Fatal(err)
	}
}

func (f *Focus) joins(t *testing.T, user conference.URI) {
	t.Helper()
	f.changes(t, func(now time.Time, c *conference.Conference) error {
		_, _, err := c.Join(now, conference.Joining{
			Caller:   conference.Caller{URI: user, Authenticated: true},
			Endpoint: conference.Endpoint{ID: "1", SessionType: "focus", Status: conference.StatusConnected, Method: conference.DialedIn},
		})
		return err
	})
}

func (f *Focus) leaves(t *testing.T, user conference.UserID) {
	t.Helper()
	f.changes(t, func(now time.Time, c *conference.Conference) error {
		_, err := c.Leave(now, user)
		return err
	})
}

var olivia = c3p.Principal{URI: "sip:olivia@example.com", Authenticated: true, Role: c3p.RoleUser}

func (f *Focus) watch(t *testing.T) *Watch {
	t.Helper()
	w, err := f.server.Watch(t.Context(), olivia, f.id)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func news(t *testing.T, w *Watch, revision uint64) News {
	t.Helper()
	n, err := w.Since(t.Context(), revision)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantWoken says whether there is a signal, once everybody has come to rest.
func wantWoken(t *testing.T, w *Watch, want bool, why string) {
	t.Helper()
	synctest.Wait()
	select {
	case <-w.Changed():
		if !want {
			t.Errorf("woken, want not: %s", why)
		}
	default:
		if want {
			t.Errorf("not woken: %s", why)
		}
	}
}

func wantUsers(t *testing.T, d *confinfo.Document, want ...confinfo.User) {
	t.Helper()
	if d == nil {
		t.Error("no document")
		return
	}
	if len(d.Users) != len(want) {
		t.Errorf("users %+v, want %d", d.Users, len(want))
		return
	}
	for i, u := range d.Users {
		if u.Entity != want[i].Entity || u.State != want[i].State {
			t.Errorf("user %d is %s %s, want %s %s", i, u.Entity, u.State, want[i].Entity, want[i].State)
		}
	}
}

func TestAWatcherIsToldWhatDiffers(t *testing.T) {
	watched(t, func(t *testing.T, f *Focus) {
		f.joins(t, "sip:bob@example.com")
		w := f.watch(t)
		wantWoken(t, w, false, "nothing happened since")
		all := news(t, w, 0)
		if !all.Full || all.Document.State != confinfo.Full || *all.Document.ConferenceState.UserCount != 1 {
			t.Errorf("at first %+v, want everything", all)
		}
		wantUsers(t, all.Document, confinfo.User{Entity: "sip:bob@example.com", State: confinfo.Full})
		if n := news(t, w, all.Revision); n.Document != nil || n.Revision != all.Revision {
			t.Errorf("nothing happened, and the news are %+v", n)
		}

		t.Log("# carol joins, bob leaves: both is told together")
		f.joins(t, "sip:carol@example.com")
		wantWoken(t, w, true, "the first change is told at once")
		f.leaves(t, "sip:bob@example.com")
		wantWoken(t, w, false, "the second waits")
		time.Sleep(newsInterval)
		wantWoken(t, w, true, "200 ms are over")
		n := news(t, w, all.Revision)
		if n.Full || n.Document.State != confinfo.Partial || n.Document.Description != nil {
			t.Errorf("%+v, want a partial document without description", n)
		}
		wantUsers(t, n.Document, confinfo.User{Entity: "sip:carol@example.com", State: confinfo.Full}, confinfo.User{Entity: "sip:bob@example.com", State: confinfo.Deleted})

		t.Log("# a revision of long ago, or of another meeting, gets everything")
		for _, strange := range []uint64{1, n.Revision + 1, 1<<64 - 1} {
			if n := news(t, w, strange); !n.Full || len(n.Document.Users) != 1 {
				t.Errorf("since %d: %+v, want everything", strange, n)
			}
		}

		t.Log("# the meeting ends")
		f.post(func() { f.finish(480, "over") })
		<-f.stopped
		wantWoken(t, w, true, "the end is news")
		if n := news(t, w, n.Revision); !n.Ended || n.Document.State != confinfo.Deleted {
			t.Errorf("at the end %+v", n)
		}
		w.Close()
	})
}

func TestWhoMayWatch(t *testing.T) {
	watched(t, func(t *testing.T, f *Focus) {
		f.joins(t, "sip:bob@example.com")
		for _, by := range []c3p.Principal{{}, {URI: "sip:carol@example.com", Authenticated: true, Role: c3p.RoleUser}, {URI: "sip:olivia@example.com"}} {
			if _, err := f.server.Watch(t.Context(), by, f.id); !errors.Is(err, conference.ErrNotPermitted) {
				t.Errorf("%+v watches: %v", by, err)
			}
		}
	})
}

func TestAWatcherIsNotWokenForWhatCannotBeSeen(t *testing.T) {
	watched(t, func(t *testing.T, f *Focus) {
		f.joins(t, "sip:bob@example.com")
		w := f.watch(t)
		synctest.Wait()
		f.changes(t, func(now time.Time, c *conference.Conference) error {
			_, err := c.SetSpeaking(now, "sip:bob@example.com", "1", true)
			return err
		})
		wantWoken(t, w, false, "bob speaks, and no document says so")
		w.Close()
	})
}

// A thousand watchers cost the conference what one costs: the loop is asked once for each round of news, and each document is made once.
func TestManyWatchersCostTheConferenceNothing(t *testing.T) {
	const many, changes = 1000, 50
	watched(t, func(t *testing.T, f *Focus) {
		watches := make([]*Watch, many)
		known := make([]uint64, many)
		for i := range watches {
			watches[i] = f.watch(t)
			known[i] = news(t, watches[i], 0).Revision
		}
		synctest.Wait()
		asked, fetched := f.hub.asked, map[[2]uint64]int{} // from which revision to which: by how many
		for i := range changes {
			if i%2 == 0 {
				f.joins(t, "sip:bob@example.com")
			} else {
				f.leaves(t, "sip:bob@example.com")
			}
			synctest.Wait()
			time.Sleep(newsInterval / 2)
			if i == changes-1 {
				time.Sleep(newsInterval / 2) // the last round ends
			}
			synctest.Wait() // what happens at that moment has happened
			for j, w := range watches {
				select {
				case <-w.Changed():
					n := news(t, w, known[j])
					fetched[[2]uint64{known[j], n.Revision}]++
					known[j] = n.Revision
				default:
				}
			}
		}
		// A round takes newsInterval/2 to wake so many, and newsInterval of rest but for the last pause between two groups.
		round := newsInterval + newsInterval/2/groups*(groups-1)
		rounds := int((changes*newsInterval/2-1)/round) + 1
		if asked := f.hub.asked - asked; asked != rounds || len(fetched) != rounds {
			t.Errorf("%d changes: the loop was asked %d times, the watchers were told %d things; want %d of each", changes, asked, len(fetched), rounds)
		}
		for step, by := range fetched {
			if by != many {
				t.Errorf("%v was told to %d watchers", step, by)
			}
		}
		if made, want := f.hub.live.made, rounds+1; made != want { // and one for who knew nothing
			t.Errorf("%d documents made, want %d", made, want)
		}
		for _, w := range watches {
			w.Close()
		}
		if len(f.hub.watchers) != 0 {
			t.Errorf("%d watchers left", len(f.hub.watchers))
		}
	})
}
