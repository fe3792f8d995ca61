package phone

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Incoming is a phone that has registered and waits for a call, which it answers at once. It takes one; whoever calls then gets 486.
type Incoming struct {
	phone *Phone
	taken atomic.Bool
	up    chan struct{} // closed once the call is answered
}

// Register registers Identity, by UDP, and returns when the server has confirmed it. Target is not used.
func Register(ctx context.Context, config Config) (*Incoming, error) {
	config.Target = config.Identity
	p := newPhone(config)
	i := &Incoming{phone: p, up: make(chan struct{})}
	if err := i.register(ctx); err != nil {
		p.abandon()
		return nil, fmt.Errorf("registering %s: %w", config.Identity, err)
	}
	return i, nil
}

func (i *Incoming) register(ctx context.Context) error {
	p := i.phone
	aor, err := sip.ParseURI(p.config.Identity)
	if err != nil {
		return err
	}
	if _, err := p.start(ctx, aor, i); err != nil {
		return err
	}
	local, err := p.listen()
	if err != nil {
		return err
	}
	return p.bind(ctx, aor, "<sip:"+aor.User+"@"+local.String()+">")
}

// bind sends REGISTER, with credentials if they are asked for.
func (p *Phone) bind(ctx context.Context, aor sip.URI, contact string) error {
	req := sip.NewRequest(sip.REGISTER, sip.URI{Scheme: "sip", Host: aor.Host, Port: aor.Port})
	req.AppendHeader(&sip.FromHeader{Address: aor, Params: sip.Params{{K: "tag", V: sip.NewTag()}}})
	req.AppendHeader(&sip.ToHeader{Address: aor})
	sip.AddHeader(req, "Contact", contact)
	res, err := p.ua.Do(ctx, req)
	if err == nil && res.StatusCode == 401 && p.config.Credentials != nil {
		name, password, _ := p.config.Credentials("")
		if req, err = sip.Authorize(req, res, name, password); err == nil {
			res, err = p.ua.Do(ctx, req)
		}
	}
	if err == nil && !res.IsSuccess() {
		err = &sip.StatusError{Code: res.StatusCode, Reason: res.Reason, Response: res}
	}
	return err
}

// ServeSIP answers the call.
func (i *Incoming) ServeSIP(tx *sip.ServerTransaction) {
	switch {
	case tx.Request().Method != sip.INVITE:
		_ = tx.Reply(405, sip.NewHeader("Allow", allow))
	case i.taken.Swap(true):
		_ = tx.Reply(486)
	default:
		if err := i.answer(tx); err != nil {
			i.taken.Store(false)
			_ = tx.Reply(refusal(err))
		}
	}
}

func (i *Incoming) answer(tx *sip.ServerTransaction) error {
	p := i.phone
	dialog, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("phone"), p)
	if err != nil {
		return err
	}
	var body []byte
	if offer := tx.Request().Body(); len(offer) > 0 {
		body, err = p.answer(offer)
	} else {
		body = p.offer()
	}
	if err != nil {
		return err
	}
	p.talk(dialog)
	close(i.up)
	return dialog.Accept(mediaType, body)
}

// Phone waits until somebody has called. The Incoming is its phone from then on.
func (i *Incoming) Phone(ctx context.Context) (*Phone, error) {
	select {
	case <-i.up:
		return i.phone, nil
	case <-ctx.Done():
		return nil, errors.Join(errors.New("nobody has called"), context.Cause(ctx))
	}
}

// Close frees a phone that nobody has called, and hangs up the call if there is one.
func (i *Incoming) Close(ctx context.Context) error {
	if i.taken.Swap(true) {
		p, err := i.Phone(ctx)
		if err != nil {
			return err
		}
		return p.HangUp(ctx)
	}
	i.phone.abandon()
	return nil
}
