package focus

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/b2bua"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Add makes the leg's endpoint at the MCU. It implements b2bua.Endpoint.
func (l *leg) Add(ctx context.Context, offer *b2bua.Description) (b2bua.Description, error) {
	if err := l.focus.boot(ctx); err != nil {
		return b2bua.Description{}, err
	}
	if l.Cancelled() {
		return b2bua.Description{}, sip.ErrCancelled
	}
	endpoint := confinfo.Endpoint{
		Entity: string(l.id), SessionType: confinfo.SessionAudioVideo, JoiningMethod: confinfo.DialedIn,
		URI: signalling(l.address), Signalling: l.way, WebRTC: l.browser, Language: l.language, SDP: wireSDP(offer),
	}
	if l.called {
		endpoint.JoiningMethod = confinfo.DialedOut
	}
	if l.outside() {
		endpoint.Admitted = new(bool)
	}
	err := l.focus.do(ctx, func() error { endpoint.Media = l.focus.preset(l); return nil })
	if err != nil {
		return b2bua.Description{}, err
	}
	body, err := l.focus.command(ctx, &c3p.AddUser{
		Keys: c3p.ConferenceKeys{Entity: l.focus.uri},
		User: &confinfo.User{Entity: string(l.user), DisplayText: l.name, Hears: l.hears, Endpoints: []confinfo.Endpoint{endpoint}},
	})
	if err != nil {
		l.uncertain(err)
		return b2bua.Description{}, err
	}
	added, ok := body.(*c3p.AddUser)
	if !ok || added.User == nil || len(added.User.Endpoints) != 1 || added.User.Endpoints[0].SDP == nil {
		l.removeAtMCU()
		return b2bua.Description{}, fmt.Errorf("addUser: %w", errAnswer)
	}
	l.media = streamsOf(added.User.Endpoints[0].Media)
	return readSDP(added.User.Endpoints[0].SDP), nil
}

var errAnswer = errors.New("the MCU's answer has no session description")

// uncertain removes what an MCU may have made although no answer came.
func (l *leg) uncertain(err error) {
	var refused *c3p.Error
	if !errors.As(err, &refused) {
		l.removeAtMCU()
	}
}

// Modify takes one step of offer/answer. It implements b2bua.Endpoint.
func (l *leg) Modify(ctx context.Context, in b2bua.Description) (b2bua.Description, error) {
	body, err := l.focus.command(ctx, &c3p.ModifyEndpoint{
		Keys: l.keys(), Endpoint: &confinfo.Endpoint{Entity: string(l.id), URI: l.answeredAt(), SDP: wireSDP(&in)},
	})
	if err != nil {
		return b2bua.Description{}, err
	}
	modified, ok := body.(*c3p.ModifyEndpoint)
	if !ok || modified.Endpoint == nil || modified.Endpoint.SDP == nil && in.Type != b2bua.Answer && in.Type != b2bua.Candidates {
		return b2bua.Description{}, fmt.Errorf("modifyEndpoint: %w", errAnswer)
	}
	l.focus.post(func() { l.focus.mediaChanged(l, streamsOf(modified.Endpoint.Media)) })
	return readSDP(modified.Endpoint.SDP), nil
}

// signalling says to the MCU where the signalling of an endpoint comes from.
func signalling(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return "sip:" + bracketed(address)
}

// answeredAt is where somebody who was called has answered; the MCU knows all others from the beginning.
func (l *leg) answeredAt() string {
	if !l.called {
		return ""
	}
	return signalling(l.Peer().Unmap())
}

// mediaChanged brings the roster up to date after a new agreement.
func (f *Focus) mediaChanged(l *leg, media []conference.MediaStream) {
	l.media = media
	if !l.joined || l.ringing {
		return
	}
	now, status := time.Now(), conference.StatusConnected
	// "Active signaling dialog exists between an endpoint and a focus, but endpoint is "on-hold" for this conference" (RFC 4575 §5.7.3).
	if len(media) > 0 && media[0].Direction == conference.Inactive {
		status = conference.StatusOnHold
	}
	_, err := f.conference.SetMedia(now, l.user, l.id, media)
	if err == nil {
		_, err = f.conference.SetStatus(now, l.user, l.id, status)
	}
	if err != nil {
		f.log.Warn("media of the roster", "user", l.user, "err", err)
	}
}

// admitAtMCU lets the leg into the mix.
func (l *leg) admitAtMCU(ctx context.Context) error {
	admitted := true
	_, err := l.focus.command(ctx, &c3p.ModifyEndpoint{
		Keys: l.keys(), Endpoint: &confinfo.Endpoint{Entity: string(l.id), Admitted: &admitted},
	})
	return err
}

// removeAtMCU ends the endpoint, after what was ordered for it before.
func (l *leg) removeAtMCU() {
	l.orders.add(l.focus.server, func(ctx context.Context) {
		_, err := l.focus.command(ctx, &c3p.ModifyEndpoint{
			Keys: l.keys(), Endpoint: &confinfo.Endpoint{Entity: string(l.id), Status: confinfo.StatusDisconnected},
		})
		if err != nil {
			l.focus.log.Debug("MCU does not remove the endpoint", "user", l.user, "err", err)
		}
	})
}

func (l *leg) keys() c3p.EndpointKeys {
	return c3p.EndpointKeys{Conference: l.focus.uri, User: string(l.user), Endpoint: string(l.id)}
}

func wireSDP(d *b2bua.Description) *confinfo.SDP {
	if d == nil {
		return nil
	}
	return &confinfo.SDP{Type: string(d.Type), Text: d.Text}
}

func readSDP(s *confinfo.SDP) b2bua.Description {
	if s == nil {
		return b2bua.Description{}
	}
	return b2bua.Description{Type: b2bua.Type(s.Type), Text: s.Text}
}

// streamsOf reads what an MCU says of an endpoint's media.
func streamsOf(media []confinfo.Media) (streams []conference.MediaStream) {
	for _, m := range media {
		ssrc, _ := strconv.ParseUint(m.SrcID, 10, 32)
		direction := conference.Direction(m.Status)
		if !direction.Valid() {
			direction = conference.SendRecv
		}
		streams = append(streams, conference.MediaStream{
			ID: conference.MediaID(m.ID), Type: conference.MediaType(m.Type), Label: m.Label, SSRC: uint32(ssrc), Direction: direction,
			Sends: m.Sends, Receives: m.Receives, Protection: m.Protection,
		})
	}
	return streams
}
