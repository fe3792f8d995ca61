package sdp

import "errors"

// Session is our side of one session over all its offers and answers: the o= line, the m-lines and what the payload type
// numbers stand for. It belongs to one goroutine.
type Session struct {
	id      uint64
	last    *Description // ours of the last offer and answer that both sides hold to
	said    *Description // what we said last, agreed or not
	index   int          // m-line of the audio; -1 before there is one
	numbers numbers
	offered *Description // our offer that waits for its answer
	audio   *Stream      // what is agreed, which does not change; nil before
}

// ErrNoOffer is returned by Complete when no offer of ours waits for an answer.
var ErrNoOffer = errors.New("no offer waits for an answer")

// NewSession starts a session with this <sess-id>: unlike all others of this host (RFC 8866 section 5.2), and "representable
// with a 64 bit signed integer" (RFC 3264 section 5).
func NewSession(id uint64) *Session {
	return &Session{id: id, index: -1, numbers: numbers{}}
}

// Local is our side of what is agreed; nil before the first answer or completed offer.
func (s *Session) Local() *Description { return s.last }

// ICERestarts says whether an offer begins ICE anew: its answer needs a new user fragment and password (RFC 8839 section
// 4.4.1.1.1).
func (s *Session) ICERestarts(offer *Description) bool {
	return s.audio != nil && s.audio.RemoteICE.restarted(offer.ICE())
}

// Answer answers an offer like the function Answer. SDES keys in use stay, unless the peer has changed its own or local.Rekey is
// set; so does our role in a DTLS association that goes on. After an error the session is what it was before (RFC 3264 section
// 8).
func (s *Session) Answer(offer *Description, local Local, caps Capabilities) (*Description, *Negotiated, error) {
	local.SessionID = s.id
	answer, agreed, err := answerAfter(offer, local, caps, s.audio)
	if err != nil {
		return nil, nil, err
	}
	s.index, s.audio = agreed.Audio.Index, agreed.Audio
	s.numbers.learn(offer.lines()[s.index].formats(caps.Codecs))
	s.last, s.offered = s.count(answer), nil
	return s.last, agreed, nil
}

// Offer makes a first or a further offer. A further one keeps the kind of protection, SDES keys unless local.Rekey is set, and
// our role in a DTLS association. It stands until Complete, Withdraw, or an offer of the peer's that we answer.
func (s *Session) Offer(local Local, caps Capabilities) *Description {
	local.SessionID = s.id
	var before []line
	if s.last != nil {
		before = s.last.lines()
	}
	s.offered = s.count(proposal{local: local, caps: caps, known: s.numbers, before: before, index: s.index, past: s.audio}.offer())
	return s.offered
}

// Withdraw forgets the offer that waits: it was refused, or never answered.
func (s *Session) Withdraw() { s.offered = nil }

// Complete reads the answer to our last offer. After an error the session is what it was before the offer.
func (s *Session) Complete(answer *Description, caps Capabilities) (*Negotiated, error) {
	offer := s.offered
	if offer == nil {
		return nil, ErrNoOffer
	}
	s.offered = nil
	agreed, err := completeAfter(offer, answer, caps, s.audio)
	if err != nil {
		return nil, err
	}
	s.last, s.index, s.audio = offer, agreed.Audio.Index, agreed.Audio
	return agreed, nil
}

// count gives a description its version. RFC 3264 section 8: "the version in the origin field MUST increment by one from the
// previous SDP. If the version in the origin line does not increment, the SDP MUST be identical to the SDP with that version
// number."
func (s *Session) count(d *Description) *Description {
	version := uint64(1)
	if s.said != nil {
		version = s.said.Version()
	}
	d.session.Origin.SessionVersion = version
	if s.said != nil && d.String() != s.said.String() {
		d.session.Origin.SessionVersion++
	}
	s.said = d
	return d
}
