package focus

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// member is a focus dialog: the membership of a user, without media, from an INVITE with addUser until BYE. Its INFO carry commands. What the user
// has besides it, calls above all, are further endpoints of the same participant.
type member struct {
	focus    *Focus
	dialog   *sip.Dialog
	visitor  visitor
	user     conference.UserID
	endpoint conference.EndpointID // as the client calls itself: a GUID, unique among the user's
	agent    string
	epid     string // the client's own number, which its calls carry too
	accepted []byte // the answer to addUser
	to       conference.Address

	working atomic.Int32 // commands that are not answered
	left    atomic.Bool  // by a BYE of the client
	alarm   *time.Timer  // asks whether it is alive; owned by the loop
}

// memberKey names a focus dialog of a conference.
type memberKey struct {
	user     conference.UserID
	endpoint conference.EndpointID
}

func (m *member) key() memberKey { return memberKey{m.user, m.endpoint} }

// actor is the client for the rules of the conference.
func (m *member) actor() conference.Actor {
	return conference.Actor{User: m.user, Administrator: m.visitor.caller.Administrator}
}

// epidOf is the epid of a From: "one value for each client" ([MS-SIPREGE]); "" when there is none.
func epidOf(req *sip.Request) string {
	for _, p := range req.From().Params {
		if p.K == "epid" && len(p.V) <= 64 {
			return p.V
		}
	}
	return ""
}

// aliveInterval is how often a client is asked whether it is there. These clients know no session timer, and take a re-INVITE for a new call; they
// answer OPTIONS.
const aliveInterval = 2 * time.Minute

// watch begins when the client has been answered. On the loop.
func (m *member) watch() {
	f := m.focus
	context.AfterFunc(m.dialog.Context(), func() { f.post(func() { f.memberGone(m) }) })
	m.alarm = time.AfterFunc(aliveInterval, func() { f.server.run("asking a client", m.ask) })
}

// ask ends a dialog whose client does not answer, does not know it, or cannot be reached.
func (m *member) ask(ctx context.Context) {
	_, err := m.dialog.Request(ctx, sip.OPTIONS, "", nil)
	f := m.focus
	f.post(func() {
		switch {
		case f.members[m.key()] != m || ctx.Err() != nil:
		case err != nil:
			f.log.Info("a client is lost", "user", m.user, "err", err)
			f.dropMember(m, 408, "no answer")
		default:
			m.alarm.Reset(aliveInterval)
		}
	})
}

// memberGone: the dialog is over. With the BYE of his last one a user leaves the meeting, and his calls end with it; those of the client that leaves
// end in any case.
func (f *Focus) memberGone(m *member) {
	if !f.leaveMember(m) || !m.left.Load() {
		return
	}
	last := true
	for _, other := range f.members {
		last = last && other.user != m.user
	}
	for _, l := range f.legs {
		if l.joined && !l.ringing && l.user == m.user && (last || m.epid != "" && l.epid == m.epid) {
			f.drop(l, 200, "the participant has left the meeting")
		}
	}
}

// leaveMember takes a membership out of the roster; false when it was out already.
func (f *Focus) leaveMember(m *member) bool {
	if f.members[m.key()] != m {
		return false
	}
	delete(f.members, m.key())
	m.alarm.Stop()
	if _, err := f.conference.RemoveEndpoint(time.Now(), m.user, m.endpoint); err != nil && !errors.Is(err, conference.ErrNoSuchUser) {
		f.log.Warn("leaving", "user", m.user, "err", err)
	}
	f.log.Info("left the focus", "user", m.user)
	f.lastOne()
	return true
}

// dropMember ends a membership from our side.
func (f *Focus) dropMember(m *member, code int, text string) {
	if f.leaveMember(m) {
		f.server.run("ending a focus dialog", func(ctx context.Context) { m.bye(ctx, code, text) })
	}
}

func (m *member) bye(ctx context.Context, code int, text string) {
	ctx, cancel := context.WithTimeout(ctx, byeTime)
	defer cancel()
	if err := m.dialog.Bye(ctx, sip.ReasonHeader("SIP", code, text)); err != nil && !errors.Is(err, sip.ErrDialogDone) {
		m.focus.log.Debug("BYE", "user", m.user, "err", err)
	}
}
