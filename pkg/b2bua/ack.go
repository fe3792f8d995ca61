package b2bua

import (
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Acknowledged gets the ACK of a 2xx of ours, which brings the answer when the offer was ours. It implements sip.DialogHandler.
func (l *Leg) Acknowledged(d *sip.Dialog, ack *sip.Request, err error) {
	if err != nil {
		l.config.Failed(408, "no ACK", err)
		return
	}
	if l.setOffered(false) {
		if err := l.takeAnswer(d, ack); err != nil {
			l.config.Failed(488, "no agreement on media", err)
			return
		}
	}
	l.greet()
}

func (l *Leg) takeAnswer(d *sip.Dialog, ack *sip.Request) error {
	answer, err := descriptionOf(ack, Answer)
	if err == nil && answer == nil {
		err = ErrNoAnswer
	}
	if err == nil {
		_, err = l.config.Endpoint.Modify(d.Context(), *answer)
	}
	if err != nil {
		return fmt.Errorf("answer in the ACK of %s: %w", d.Remote().Host, err)
	}
	return nil
}

func (l *Leg) greet() {
	l.mu.Lock()
	first := !l.greeted
	l.greeted = true
	l.mu.Unlock()
	if first {
		l.config.Established()
	}
}
