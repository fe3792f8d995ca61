package b2bua

import (
	"errors"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const mediaTypeSDP = "application/sdp"

// What can be wrong with a message, whatever the MCU says.
var (
	ErrMediaType = errors.New("body is not a session description") // 415
	ErrNoAnswer  = errors.New("no answer in the ACK")
)

// descriptionOf reads the session description of a message, the best of several in a multipart body; nil when it has no body.
func descriptionOf(m sip.Message, what Type) (*Description, error) {
	if len(m.Body()) == 0 {
		return nil, nil
	}
	body, ok, err := sip.BodyOf(m, mediaTypeSDP)
	if err != nil || !ok {
		return nil, ErrMediaType
	}
	return &Description{what, string(body)}, nil
}

// body is what is sent of a description: nothing when it is empty.
func (d Description) body() (contentType string, body []byte) {
	if d.Text == "" {
		return "", nil
	}
	return mediaTypeSDP, []byte(d.Text)
}

// acceptHeader says what bodies we read (RFC 3261 §21.4.13).
func acceptHeader() sip.Header { return sip.NewHeader("Accept", mediaTypeSDP) }
