package focus

import (
	"context"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
)

// Somebody in the lobby has a call that stands, and an endpoint at the MCU that is in no mix. Everybody sees him waiting in the roster; he
// sees nobody.

// setLobbyAccess lets in who waits, or sends him away.
func (f *Focus) setLobbyAccess(by conference.Actor, user conference.UserID, access conference.LobbyAccess) error {
	changes, err := f.conference.SetLobbyAccess(time.Now(), by, user, access)
	f.welcome(changes)
	f.letGo(changes)
	return err
}

// admitAll lets in everybody who waits.
func (f *Focus) admitAll(by conference.Actor) error {
	changes, err := f.conference.AdmitAll(time.Now(), by)
	f.welcome(changes)
	return err
}

// welcome brings who has been admitted into the mix.
func (f *Focus) welcome(changes []conference.Change) {
	for _, ch := range changes {
		if ch.Kind == conference.UserAdmitted {
			f.log.Info("admitted", "user", ch.User, "by", ch.By)
			f.admitted(ch.User)
		}
	}
}

func (f *Focus) admitted(user conference.UserID) {
	for _, l := range f.legs {
		if !l.waiting || l.user != user {
			continue
		}
		f.settle(l, false)
		f.firstOne(l)
		prompts := []string{prompt.Joining}
		if f.conference.Recording() == conference.Recording {
			prompts = append(prompts, recordingStarted)
		}
		f.say(l, prompts...)
	}
}

// letGo hangs up on those who waited, and are out of the roster by a change.
func (f *Focus) letGo(changes []conference.Change) {
	for _, ch := range changes {
		if ch.Kind != conference.UserLeft {
			continue
		}
		for _, l := range f.legs {
			if l.waiting && l.user == ch.User {
				f.drop(l, 403, "nobody has let you in")
			}
		}
		for _, m := range f.members {
			if m.user == ch.User {
				f.dropMember(m, 403, "nobody has let you in")
			}
		}
	}
}

// outside says whether the MCU has been told to keep a leg out of the mix.
func (l *leg) outside() bool { return l.needPIN || l.waiting }

// settle brings a leg that is in the roster into the mix, or leaves it in the lobby.
func (f *Focus) settle(l *leg, waiting bool) {
	was := l.outside()
	if l.waiting = waiting; waiting {
		return
	}
	if was {
		l.orders.add(f.server, func(ctx context.Context) {
			if err := l.admitAtMCU(ctx); err != nil {
				f.post(func() { f.dropFor(l, err) })
			}
		})
	}
}
