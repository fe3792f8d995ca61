package phone

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const (
	mediaType = "application/sdp"
	allow     = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"
)

func (p *Phone) capabilities() sdp.Capabilities {
	return sdp.Capabilities{
		Codecs: p.config.Codecs, ComfortNoise: true, RTCPMux: p.config.RTCPMux, SDES: p.config.protects(), DTLS: p.config.DTLS != nil, Policy: p.config.Encryption,
	}
}

func (p *Phone) local() sdp.Local {
	local := p.line.local()
	local.Direction, local.Crypto, local.Rekey = p.direction, p.config.freshKeys(), p.rekey
	p.line.announce(&local)
	return local
}

func (p *Phone) offer() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.line.ice.begin(false) // fails when the phone is closed: then nobody asks
	return []byte(p.session.Offer(p.local(), p.capabilities()).String())
}

// complete reads the answer to our offer.
func (p *Phone) complete(body []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer, err := sdp.Parse(string(body))
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	agreed, err := p.session.Complete(answer, p.capabilities())
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if err := p.line.ice.start(agreed.Audio, true); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return p.apply(agreed.Audio, false)
}

// answer answers the peer's offer.
func (p *Phone) answer(body []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	offer, err := sdp.Parse(string(body))
	if err != nil {
		return nil, fmt.Errorf("offer: %w", err)
	}
	if err := p.line.ice.begin(p.session.ICERestarts(offer)); err != nil {
		return nil, err
	}
	answer, agreed, err := p.session.Answer(offer, p.local(), p.capabilities())
	if err == nil {
		err = p.line.ice.start(agreed.Audio, false)
	}
	if err != nil {
		return nil, fmt.Errorf("offer: %w", err)
	}
	return []byte(answer.String()), p.apply(agreed.Audio, true)
}

// apply puts what was agreed into effect. Called with mu held.
func (p *Phone) apply(audio *sdp.Stream, answered bool) error {
	keys, err := keysOf(audio, answered)
	if err != nil {
		return err
	}
	mouth, err := newMouth(audio)
	if err != nil {
		return err
	}
	if audio.Security != sdp.DTLS { // a handshake says it itself, and is not made again by every offer
		p.protection.Store(audio.LocalCrypto.Suite)
	}
	p.codec.Store(audio.Send.Codec.Name)
	if !p.running {
		p.line.apply(audio, mouth, keys)
	} else if !p.ask(func() { p.line.apply(audio, mouth, keys) }) {
		mouth.close()
	}
	return nil
}

// ServeDialog answers the peer's requests.
func (p *Phone) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	switch tx.Request().Method {
	case sip.INVITE, sip.UPDATE:
		p.serveOffer(d, tx)
	case sip.BYE, sip.INFO:
		_ = tx.Reply(200)
	case sip.OPTIONS:
		_ = tx.Reply(200, sip.NewHeader("Allow", allow), sip.NewHeader("Accept", mediaType))
	default:
		_ = tx.Reply(405, sip.NewHeader("Allow", allow))
	}
}

func (p *Phone) serveOffer(d *sip.Dialog, tx *sip.ServerTransaction) {
	body := tx.Request().Body()
	switch {
	case len(body) > 0:
		answer, err := p.answer(body)
		if err != nil {
			_ = tx.Reply(refusal(err))
			return
		}
		_ = d.AcceptTx(tx, mediaType, answer)
	case tx.Request().Method == sip.INVITE: // "an offer in the first reliable non-failure message" (RFC 3261 §13.2.1)
		_ = d.AcceptTx(tx, mediaType, p.offer())
	default:
		_ = d.AcceptTx(tx, "", nil)
	}
}

func refusal(err error) int {
	var syntax *sdp.SyntaxError
	if errors.As(err, &syntax) {
		return 400
	}
	return 488
}

// Acknowledged reads the answer that an ACK brings to an offer of ours.
func (p *Phone) Acknowledged(d *sip.Dialog, ack *sip.Request, err error) {
	switch {
	case err != nil:
		go d.Bye(context.Background()) // it waits for an answer, and this must not
	case len(ack.Body()) > 0:
		_ = p.complete(ack.Body()) // there is nobody to tell: the session stays as it was
	}
}

// Rekey offers a new key of ours.
func (p *Phone) Rekey(ctx context.Context) error {
	p.setRekey(true)
	defer p.setRekey(false)
	return p.reinvite(ctx, sdp.SendRecv)
}

func (p *Phone) setRekey(rekey bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rekey = rekey
}

// Hold stops the sound both ways; Resume brings it back.
func (p *Phone) Hold(ctx context.Context) error   { return p.reinvite(ctx, sdp.Inactive) }
func (p *Phone) Resume(ctx context.Context) error { return p.reinvite(ctx, sdp.SendRecv) }

func (p *Phone) reinvite(ctx context.Context, direction sdp.Direction) error {
	p.mu.Lock()
	p.direction = direction
	p.mu.Unlock()
	res, err := p.dialog.Invite(ctx, mediaType, p.offer())
	if err == nil && !res.IsSuccess() {
		err = &sip.StatusError{Code: res.StatusCode, Reason: res.Reason, Response: res}
	}
	if err != nil {
		p.mu.Lock()
		p.session.Withdraw()
		p.mu.Unlock()
		return fmt.Errorf("offering %s: %w", direction, err)
	}
	return p.complete(res.Body())
}
