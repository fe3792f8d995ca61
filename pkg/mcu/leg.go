package mcu

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/codec"
	"github.com/seed-f3cefc8c/focus/pkg/codec/opus"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/mixer"
	"github.com/seed-f3cefc8c/focus/pkg/recorder"
	"github.com/seed-f3cefc8c/focus/pkg/rtp"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/srtp"
)

// Leg is one endpoint's media: its place, a transport, a stream each way, and a place in a mix. It is built by the goroutine
// of the command that wants it; from link to close its state belongs to the clock.
type Leg struct {
	user, endpoint, name, language string
	conference                     *Conference
	log                            *slog.Logger
	hosts                          []netip.Addr // where its signalling comes from: packets from there are justified
	signalling                     string       // how it comes: a value of confinfo.Signalling…; empty: not said

	certificate *srtp.Certificate
	browser     bool // offers to it are for WebRTC

	negotiation sync.Mutex // one offer/answer exchange at a time (RFC 3264 §4)
	session     *sdp.Session

	place
	ice       *sdp.ICE // what our descriptions say of it; guarded by negotiation
	transport *media.Transport
	stream    *media.AudioStream
	sender    *media.AudioSender
	voice     voice

	mixer   *mixer.Mixer // the conference's, or the leg's own while it waits outside
	member  *mixer.Member
	format  mixer.Format
	encoder codec.Encoder // the leg's own, for what only this leg hears
	loss    int           // per cent that what the leg hears is armed against

	admitted   bool
	direction  sdp.Direction // as negotiated, seen from here
	protection string        // as the roster says it
	shakes     bool          // its keys are made by DTLS
	sends      string        // the codec in which the client is expected to send
	muted      bool          // media-ingress-filter block
	deaf       bool          // media-egress-filter block
	gain       float64       // dB
	speaking   bool          // as last told
	failed     error         // a panic ended it
	playback   *playback     // what is spoken to this leg alone

	began, told time.Time // its quality: since when, and when the focus was last told

	track         *recorder.Track
	storesPackets bool // Opus is recorded as it came
	unstored      int  // frames of speech without a packet to store
	tapped        bool // this frame was decoded already
}

// build makes a leg with its sockets and streams; nothing is linked to it yet.
func (c *Conference) build(user *confinfo.User, endpoint *confinfo.Endpoint, now time.Time) (*Leg, error) {
	certificate, err := c.server.dtls.Certificate(now)
	if err != nil {
		return nil, fmt.Errorf("media of %s: %w", user.Entity, err)
	}
	place, err := c.server.place(endpoint)
	if err != nil {
		return nil, fmt.Errorf("media of %s: %w", user.Entity, err)
	}
	l := &Leg{
		certificate: certificate, browser: endpoint.WebRTC,
		user: user.Entity, endpoint: endpoint.Entity, name: user.DisplayText, language: endpoint.Language, conference: c,
		log:   c.log.With("user", user.Entity, "endpoint", endpoint.Entity),
		hosts: signallingHosts(endpoint.URI), signalling: endpoint.Signalling,
		session:  sdp.NewSession(random() >> 2), // RFC 3264 §5: below 2^62
		place:    place,
		admitted: endpoint.Admitted == nil || *endpoint.Admitted,
		began:    now, told: now,
	}
	if l.language == "" {
		l.language = c.language
	}
	l.preset(endpoint.Media)
	l.voice.leg = l
	l.sender = media.NewAudioSender(l.rtp, uint32(random()))
	l.stream = media.NewAudioStream(media.AudioStreamConfig{LocalSSRC: l.sender.SSRC(), Digit: l.digit})
	l.transport = media.NewTransport(media.TransportConfig{
		RTP: l.rtp, RTCP: l.rtcp, Seat: l.seat, Pool: c.clock.pool, Stream: l.stream, Sender: l.sender, CNAME: l.cname(),
		Own: c.server.ports.Own,
	}, now)
	return l, nil
}

// preset takes the filters with which a leg begins, so that who joins muted is never heard. Nothing of it is linked yet.
func (l *Leg) preset(media []confinfo.Media) {
	for i := range media {
		if m := &media[i]; m.ID == audioMedia {
			l.muted, l.deaf = m.IngressFilter == confinfo.Block, m.EgressFilter == confinfo.Block
		}
	}
}

// random is unpredictable: strangers must guess neither SSRCs nor session ids.
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// cname is stable for an endpoint and tells nothing about it (RFC 7022 §4.2).
func (l *Leg) cname() string {
	sum := sha256.Sum256([]byte(l.conference.entity + "\n" + l.endpoint))
	return hex.EncodeToString(sum[:12])
}

// enter joins the mix the leg belongs to: the conference's, or one of its own in which only prompts are heard.
func (l *Leg) enter() {
	if l.mixer = l.conference.mixer; !l.admitted {
		l.mixer = mixer.New(mixer.Config{})
	}
	l.disarm()
	filter := l.conference.filters[l.user]
	l.member = l.mixer.Add(mixer.MemberConfig{
		Source: &l.voice, Sink: outlet{l}, Format: l.format, Encoder: l.encoder, ID: l.user, Filter: filter,
	})
	if !l.member.SetFilter(filter) { // too many have one: hearing nobody is better than hearing whom one must not
		l.log.Warn("too many media filters: the leg hears nobody")
		l.deaf = true
	}
	l.control()
	if l.admitted {
		l.conference.announce(toneJoined)
		l.startTrack()
	}
}

// leave takes the leg out of its mix, if it is in one.
func (l *Leg) leave() {
	if l.member == nil {
		return
	}
	l.stopPlayback(c3p.OutcomeInterrupted)
	l.mixer.Remove(l.member)
	if !l.admitted {
		l.mixer.Close()
		return
	}
	l.stopTrack("left")
	l.conference.announce(toneLeft)
}

// admit lets a leg that waited outside into the conference's mix.
func (l *Leg) admit() {
	if l.admitted {
		return
	}
	l.admitted = true
	if l.member == nil { // its answer is still to come
		return
	}
	l.stopPlayback(c3p.OutcomeInterrupted)
	l.mixer.Remove(l.member)
	l.mixer.Close()
	l.enter()
}

// take is apply for a leg that is linked; the first answer also brings it into the mix.
func (l *Leg) take(n *negotiated) {
	l.apply(n)
	if l.member == nil {
		l.enter()
	}
}

// apply puts what was negotiated into effect.
func (l *Leg) apply(n *negotiated) {
	l.direction, l.sends = n.audio.Direction, expected(n.audio)
	if err := l.protect(n); err != nil {
		l.failed = err
		return
	}
	l.transport.Expect(n.audio.Remote, n.audio.RemoteRTCP, l.hosts)
	l.transport.SetControl(controlOf(n.audio))
	l.stream.SetFormats(formats(n.audio))
	l.storesPackets = n.audio.Send.Codec == opus.Opus
	l.sender.SetFormat(n.audio.Send.PayloadType, n.audio.Send.Codec.ClockRate)
	l.sender.SetSilenced(!l.direction.Sends())
	if l.encode(n); l.member != nil {
		l.control()
	}
}

// encode changes what is sent to the leg. The same format keeps its encoder, and the listener hears no seam.
func (l *Leg) encode(n *negotiated) {
	old := l.encoder
	if old != nil && l.format == n.format {
		n.encoder.Close()
		return
	}
	l.format, l.encoder = n.format, n.encoder
	l.disarm()
	if l.member != nil {
		l.member.SetFormat(n.format, n.encoder)
	}
	if old != nil {
		old.Close()
	}
}

// control tells the mixer what the leg may say and hear.
func (l *Leg) control() {
	l.member.SetMuted(l.muted || !l.direction.Receives())
	l.member.SetDeaf(l.deaf || !l.direction.Sends())
	l.member.SetGain(l.gain)
}

func (l *Leg) setMuted(muted bool) {
	if muted == l.muted {
		return
	}
	l.muted = muted
	kind := recorder.Unmuted
	if muted {
		kind = recorder.Muted
	}
	l.track.Event(kind, l.conference.position())
}

// poll takes in what arrived for the leg.
func (l *Leg) poll(b *media.Batch, now time.Time) {
	defer l.rescue("receiving")
	l.transport.Poll(b, now)
	l.arm()
}

// tickAlone mixes for a leg that is outside the conference's mix.
func (l *Leg) tickAlone(now time.Time) {
	if !l.admitted && l.mixer != nil {
		l.mixer.Tick(now)
	}
}

// skip lets time pass for the packets that are sent, when frames came too late to be mixed.
func (l *Leg) skip(frames int) {
	if l.member == nil {
		return
	}
	l.sender.WritePayload(nil, uint32(frames)*l.format.Codec.ClockRate/50)
}

// gone is whether the leg has failed, or has sent nothing for too long.
func (l *Leg) gone(now time.Time) bool {
	since, most := l.silent()
	return l.failed != nil || l.lost() != nil || l.transport.HandshakeFailed() != nil || now.Sub(since) > most
}

// departed is the news of a leg that ended by itself.
func (l *Leg) departed(now time.Time) *confinfo.Document {
	reason := confinfo.ReasonMediaTimeout
	switch {
	case l.failed != nil:
		reason = "error"
	case l.unprotected() != "":
		reason = l.unprotected()
	case l.seat != nil:
		reason = confinfo.ReasonConsentLost
	}
	return &confinfo.Document{Entity: l.conference.entity, State: confinfo.Partial, UsersState: confinfo.Partial, Users: []confinfo.User{{
		Entity: l.user, State: confinfo.Partial, Endpoints: []confinfo.Endpoint{{
			Entity: l.endpoint, State: confinfo.Full, SessionType: confinfo.SessionAudioVideo, Status: confinfo.StatusDisconnected,
			DisconnectionInfo: confinfo.Execution{When: now, Reason: reason},
		}},
	}}}
}

// reportSpeaking tells the focus when somebody begins or stops to speak.
func (l *Leg) reportSpeaking() {
	speaking := l.admitted && l.member != nil && l.member.Speaking()
	if speaking == l.speaking {
		return
	}
	l.speaking = speaking
	kind := recorder.SpeakingStopped
	if speaking {
		kind = recorder.SpeakingStarted
	}
	l.track.Event(kind, l.conference.position())
	l.conference.tell(&c3p.Speaking{Keys: c3p.UserKeys{Conference: l.conference.entity, User: l.user}, Speaking: speaking})
}

// digit reports a key (RFC 4733), which may also end what is spoken to the leg.
func (l *Leg) digit(d rtp.Digit) {
	l.conference.tell(&c3p.Digit{Keys: l.keys(), Digit: string(rune(d.Digit))})
	if l.playback != nil && l.playback.stopOnDigit {
		l.stopPlayback(c3p.OutcomeInterrupted)
	}
}

func (l *Leg) keys() c3p.EndpointKeys {
	return c3p.EndpointKeys{Conference: l.conference.entity, User: l.user, Endpoint: l.endpoint}
}

// end takes the leg out of its mix, says goodbye and frees what it holds. A leg that a panic ended may panic again on the way
// out, which costs no more than what that step would have freed.
func (l *Leg) end(now time.Time) {
	for _, step := range []func(){l.leave, func() { l.endQuality(now) }, func() { l.transport.Bye(now, "") }, l.discard} {
		l.ending(step)
	}
}

func (l *Leg) ending(step func()) {
	defer l.rescue("ending")
	step()
}

// discard frees a leg, also one that was never linked.
func (l *Leg) discard() {
	defer l.free(l.conference.server)
	if l.encoder != nil {
		defer l.encoder.Close()
	}
	l.transport.Close()
	l.stream.Close()
}
