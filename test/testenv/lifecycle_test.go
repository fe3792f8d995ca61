package testenv_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/test/testenv"
)

func TestTheMeetingEndsAfterItsOrganizerLeft(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.User("olivia")
		w.Conference(room)
		olivia, guest := w.Phone("olivia"), w.Phone("guest")
		olivia.From, olivia.User = testenv.Organizer, "olivia"
		for _, phone := range []*testenv.Phone{olivia, guest} {
			phone.Dials(dial)
			phone.WantsAnswer()
		}
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		olivia.HangsUp()
		w.Later(9 * time.Minute)
		if !guest.Talks() {
			t.Fatal("the guest is out too early")
		}
		guest.WantsBye(2*time.Minute, "the conference has ended")

		w.Log("# the next meeting starts unlocked")
		guest.Dials(dial)
		guest.WantsAnswer()
		if record, err := w.Store.Conferences.Get(w.Context(), room); err != nil || record.Locked {
			w.Errorf("stored %+v, %v; want it unlocked", record, err)
		}
	})
}

func TestExpiryDuringTheMeeting(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room, func(d *confinfo.Description) { d.ExpiryTime = time.Now().Add(time.Hour) })
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
		alice.WantsBye(61*time.Minute, "the conference has ended")
		alice.Dials(dial)
		alice.WantsRefusal(403)
	})
}

func TestALockThatCannotBeStored(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.DiskFull = true
		response := w.Command(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		if response.Code != c3p.Failure || response.Detail != "" {
			w.Errorf("answer %+v, want a failure that tells nothing", response)
		}
		w.Log("# nor can the conference be ended; it goes on")
		w.Fails(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)}, c3p.ReasonOtherFailure)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsAnswer()
	})
}

func TestALockSurvivesAnEmptyRoom(t *testing.T) {
	testenv.Run(t, func(w *testenv.World) {
		w.Conference(room)
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		w.Later(time.Hour)
		alice := w.Phone("alice")
		alice.Dials(dial)
		alice.WantsRefusal(403)
	})
}

func TestSomebodyElseChangesTheRecord(t *testing.T) {
	talking(t, func(w *testenv.World, _ *testenv.Phone) {
		record, err := w.Store.Conferences.Get(w.Context(), room)
		if err != nil {
			t.Fatal(err)
		}
		record.Subject = "changed"
		if _, err = w.Store.Conferences.Update(w.Context(), record); err != nil {
			t.Fatal(err)
		}
		w.Succeeds(testenv.As("olivia"), &c3p.ModifyConferenceLock{Keys: testenv.Keys(room), Locked: true})
		if record, err = w.Store.Conferences.Get(w.Context(), room); err != nil || !record.Locked || record.Subject != "changed" {
			w.Errorf("stored %+v, %v; want both changes", record, err)
		}
	})
}

// TestStorm: forty people come and go as they like, some give up while the MCU works, and in the end nothing is left.
func TestStorm(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			testenv.Run(t, func(w *testenv.World) {
				random := rand.New(rand.NewPCG(seed, 1))
				w.Conference(room)
				w.MCU.Delay = 200 * time.Millisecond
				var people sync.WaitGroup
				for i := range 40 {
					phone := w.Phone(fmt.Sprintf("p%d", i))
					comes, stays, patience := random.Int64N(20000), random.Int64N(20000), random.Int64N(1500)
					people.Go(func() {
						time.Sleep(time.Duration(comes) * time.Millisecond)
						phone.ComesAndGoes(dial, time.Duration(patience)*time.Millisecond, time.Duration(stays)*time.Millisecond)
					})
				}
				if seed%2 == 1 {
					people.Go(func() {
						time.Sleep(15 * time.Second)
						_ = w.Command(testenv.As("olivia"), &c3p.DeleteConference{Keys: testenv.Keys(room)})
					})
				}
				people.Wait()
				w.Later(time.Minute)
				if n := w.MCU.Len(); n != 0 {
					w.Errorf("%d legs are left at the MCU", n)
				}
				w.Later(15 * time.Minute)
				if rooms := w.MCU.Conferences(); len(rooms) != 0 {
					w.Errorf("the MCU still has %q", rooms)
				}
				if n := w.Focus.UserAgent().Stats().Dialogs; n != 0 {
					w.Errorf("%d dialogs are left", n)
				}
			})
		})
	}
}
