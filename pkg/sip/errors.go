package sip

import (
	"errors"
	"fmt"
)

// What can go wrong with a request we sent or an answer we want to send. Callers branch on them with errors.Is.
var (
	ErrTimeout         = errors.New("no answer in time")                  // Timer B or F (RFC 3261 §17.1)
	ErrTransport       = errors.New("cannot be sent")                     // no connection, or it broke
	ErrFlowGone        = fmt.Errorf("%w: the flow is gone", ErrTransport) // of [SetFlow] (RFC 5626 §5.3: 430)
	ErrCancelled       = errors.New("cancelled by the peer")              // CANCEL came before our answer
	ErrTransactionDone = errors.New("transaction already answered")       // a final response has been sent, or nobody waits for one
	ErrDialogDone      = errors.New("dialog is over")                     // BYE, 481 or a refusal ended it
	ErrNoAck           = errors.New("no ACK for the 2xx")                 // 64*T1 passed (RFC 3261 §13.3.1.4)
	ErrPending         = errors.New("another INVITE is in progress")      // RFC 3261 §14.1
	ErrOverload        = errors.New("too many open")                      // a bound of Config was met
	ErrLineBreak       = errors.New("line break in a header")             // nothing was sent: it would have begun a header of its own
	ErrClosed          = errors.New("user agent closed")
)

// StatusError is a final response that refused our request.
type StatusError struct {
	Code     int
	Reason   string
	Response *Response
}

func (e *StatusError) Error() string { return fmt.Sprintf("refused with %d %s", e.Code, e.Reason) }
