package sdp

import (
	"errors"
	"fmt"
)

// SyntaxError says which line of a session description cannot be read. It never quotes the line: that may hold a key.
type SyntaxError struct {
	Line   int // from 1
	Detail string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("session description, line %d: %s", e.Line, e.Detail)
}

// ErrAnswer is wrapped by the errors of Complete about an answer that does not fit its offer (RFC 3264 section 6).
var ErrAnswer = errors.New("answer does not fit the offer")

// Warning codes of SIP (RFC 3261 section 20.43) that tell why a description was not acceptable.
const (
	WarnNetworkAddress    = 301
	WarnTransportProtocol = 302
	WarnMediaType         = 304
	WarnMediaFormat       = 305
	WarnMulticast         = 330
)

// NotAcceptableError is a description that can be read and cannot be agreed to: 488 Not Acceptable Here, with this in its
// Warning header.
type NotAcceptableError struct {
	Warning int    // warn-code
	Text    string // warn-text

	Encryption bool // it is about whether, or how, the media is encrypted
	Offered    bool // … and encryption was offered
}

func (e *NotAcceptableError) Error() string {
	return fmt.Sprintf("not acceptable: %d %s", e.Warning, e.Text)
}

// notAcceptable makes the error with the text RFC 3261 section 20.43 gives the code.
func notAcceptable(warning int) *NotAcceptableError {
	return &NotAcceptableError{Warning: warning, Text: map[int]string{
		WarnNetworkAddress:    "Incompatible network address formats",
		WarnTransportProtocol: "Incompatible transport protocol",
		WarnMediaType:         "Media type not available",
		WarnMediaFormat:       "Incompatible media format",
		WarnMulticast:         "Multicast not available",
	}[warning]}
}
