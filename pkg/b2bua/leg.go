package b2bua

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Config is what a leg needs of its owner. The functions are called from the goroutines of the dialog and must not wait for the leg; all
// must be there.
type Config struct {
	Endpoint Endpoint
	Contact  sip.URI    // ours in the dialog
	Params   sip.Params // of our Contact header: isfocus (RFC 4579 §5.1)

	// Refusal says how an error is answered: a code of 300 or more, and headers that say why.
	Refusal func(err error) (code int, headers []sip.Header)
	// Established: the ACK has come, and with it the answer if the offer was ours.
	Established func()
	// Digit is a key that came by INFO: 0-9, *, #, A-D.
	Digit func(digit string, duration time.Duration)
	// Failed: the session cannot go on; end the leg with [Leg.Bye] and that reason.
	Failed func(code int, text string, err error)
	// Event is a SUBSCRIBE or REFER in the dialog.
	Event func(d *sip.Dialog, tx *sip.ServerTransaction)
	// Ended: the dialog of an accepted leg is over, whoever ended it. Called once.
	Ended func(cause error)
}

// Leg is one SIP dialog and its endpoint at the MCU. Its methods may be called from any goroutine.
type Leg struct {
	config  Config
	dialog  *sip.Dialog
	first   *sip.ServerTransaction // the INVITE that made it, until Accept; nil when we called
	answer  Description            // for the 200; an offer when the caller made none
	calling *calling               // of a call of ours; then the dialog is there when that is over

	mu      sync.Mutex
	offered bool // our offer stands in a 2xx whose ACK will bring the answer
	greeted bool // Established was called
}

// New makes the leg of an INVITE that came. Nothing is answered yet: Connect, then Accept, or refuse by tx.
func New(tx *sip.ServerTransaction, config Config) (*Leg, error) {
	l := &Leg{config: config, first: tx}
	dialog, err := tx.UserAgent().NewServerDialog(tx, config.Contact, l)
	if err != nil {
		return nil, fmt.Errorf("answering INVITE: %w", err)
	}
	if config.Params != nil {
		dialog.SetContactParams(config.Params)
	}
	l.dialog = dialog
	return l, nil
}

// Endpoint is the one of the configuration.
func (l *Leg) Endpoint() Endpoint { return l.config.Endpoint }

// watch tells the owner about the end of the dialog.
func (l *Leg) watch() {
	context.AfterFunc(l.dialog.Context(), func() { l.config.Ended(context.Cause(l.dialog.Context())) })
}

// refuse answers a request of the dialog with what the owner makes of an error.
func (l *Leg) refuse(tx *sip.ServerTransaction, err error) {
	code, headers := l.config.Refusal(err)
	_ = tx.Reply(code, headers...)
}

// setOffered notes whether an answer of the peer is awaited, and says what was noted before.
func (l *Leg) setOffered(offered bool) (before bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, l.offered = l.offered, offered
	return before
}
