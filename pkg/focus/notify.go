package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
)

// NotifyC3P takes what the MCU reports on its own. It implements c3p.Listener. News of a conference that is over is old news.
func (s *Server) NotifyC3P(ctx context.Context, n *c3p.Notification) error {
	if n.Response != nil {
		s.mcu.deliver(n.Response)
	}
	if s.qualityOnly(n) {
		return nil
	}
	f := s.runningFocus(n.To)
	if f == nil {
		return nil
	}
	err := f.do(ctx, func() error { f.notified(n); return nil })
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// qualityOnly takes in how calls sound, and says whether that is all there is: no conference's loop needs to run for it.
func (s *Server) qualityOnly(n *c3p.Notification) bool {
	others := n.Conference != nil
	for _, event := range n.Events {
		if q, ok := event.(*c3p.Quality); ok {
			s.calls.heard(q)
		} else {
			others = true
		}
	}
	return !others && len(n.Events) > 0
}

func (s *Server) runningFocus(uri string) *Focus {
	address, err := conference.ParseURI(uri)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.focuses[address.ID]
}

// notified obeys one notification, on the loop.
func (f *Focus) notified(n *c3p.Notification) {
	if n.Conference != nil {
		for _, user := range n.Conference.Users {
			for i := range user.Endpoints {
				f.endpointChanged(&user.Endpoints[i])
			}
		}
	}
	for _, event := range n.Events {
		f.happened(event)
	}
}

// endpointChanged: the MCU has removed the endpoint, wants a new agreement, or has news of its media.
func (f *Focus) endpointChanged(e *confinfo.Endpoint) {
	l := f.legs[conference.EndpointID(e.Entity)]
	switch {
	case l == nil:
	case e.Status == confinfo.StatusDisconnected:
		code, text := lost(e.DisconnectionInfo.Reason)
		f.drop(l, code, text)
	case e.SDP != nil && e.SDP.Type == confinfo.SDPOffer:
		offer := readSDP(e.SDP)
		f.server.run("offering", func(ctx context.Context) { f.offer(ctx, l, offer) })
	case len(e.Media) > 0:
		f.mediaChanged(l, streamsOf(e.Media))
	}
}

// lost is what BYE says of an endpoint that the MCU has given up.
func lost(reason string) (code int, text string) {
	switch reason {
	case confinfo.ReasonMediaTimeout:
		return 408, "no media"
	case confinfo.ReasonConsentLost:
		return 408, "no path for media (ICE)"
	case confinfo.ReasonWrongCertificate:
		return 488, "the certificate is not the one announced"
	case confinfo.ReasonNoKeys:
		return 488, "no keys: the DTLS handshake has failed"
	case confinfo.ReasonConferenceEnded:
		return 480, "the conference has ended"
	}
	return 500, "media failed"
}

func (f *Focus) offer(ctx context.Context, l *leg, offer b2bua.Description) {
	if err := l.Offer(ctx, offer); err != nil {
		f.log.Info("the caller does not agree to a new session", "user", l.user, "err", err)
	}
}

func (f *Focus) happened(event c3p.Event) {
	switch event := event.(type) {
	case *c3p.Digit:
		if l := f.legs[conference.EndpointID(event.Keys.Endpoint)]; l != nil {
			f.digit(l, event.Digit, byRTP)
		}
	case *c3p.PromptFinished:
		l := f.legs[conference.EndpointID(event.Keys.Endpoint)]
		if p := f.pins[l]; p != nil {
			p.spoken(f, l, event.ID)
		}
	case *c3p.Speaking:
		f.speaking(conference.EntityID(event.Keys.User), event.Speaking)
	case *c3p.Recording:
		f.recordingChanged(event)
	}
}

// speaking marks the user's endpoints: the MCU knows which user speaks, and of several devices one is enough to show it.
func (f *Focus) speaking(user conference.UserID, speaking bool) {
	p, found := f.conference.Participant(user)
	if !found {
		return
	}
	for _, e := range p.Endpoints {
		if e.SessionType == confinfo.SessionFocus && len(e.Media) == 0 { // a focus dialog
			continue
		}
		_, _ = f.conference.SetSpeaking(time.Now(), user, e.ID, speaking)
		if speaking {
			return
		}
	}
}

// digit takes a key of a caller. A telephone may send the same key both ways: the way of the first one counts.
func (f *Focus) digit(l *leg, digit string, how way) {
	if f.legs[l.id] != l || l.digits != "" && l.digits != how {
		return
	}
	l.digits = how
	if p := f.pins[l]; p != nil {
		p.digit(f, l, digit)
		return
	}
	f.pressed(l, digit)
}
