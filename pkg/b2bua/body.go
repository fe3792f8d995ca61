package b2bua

import (
	"errors"
	"slices"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const mediaTypeSDP = "application/sdp"

// What can be wrong with a message, whatever the MCU says.
var (
	ErrMediaType = errors.New("body is not a session description") // 415
	ErrNoAnswer  = errors.New("no answer in the ACK")
	ErrPending   = errors.New("an offer of ours is still unanswered") // 491
)

// descriptionOf reads the session description of a message; nil when it has no body.
func descriptionOf(m sip.Message, what Type) (*Description, error) {
	switch {
	case len(m.Body()) == 0:
		return nil, nil
	case sip.ContentType(m) != mediaTypeSDP:
		return nil, ErrMediaType
	}
	return &Description{what, string(m.Body())}, nil
}

// body is what is sent of a description: nothing when it is empty.
func (d Description) body() (contentType string, body []byte) {
	if d.Text == "" {
		return "", nil
	}
	return mediaTypeSDP, []byte(d.Text)
}

// Unsupported are the extensions that a request requires and we do not have: "If a UAS does not understand an option-tag listed in a
// Require header field, it MUST respond by generating a response with status code 420 (Bad Extension)" (RFC 3261 §8.2.2.3).
func Unsupported(req *sip.Request, supported ...string) (missing []string) {
	for _, tag := range sip.HeaderValues(req, "Require") {
		if tag != "" && !slices.Contains(supported, tag) {
			missing = append(missing, tag)
		}
	}
	return missing
}

// UnsupportedHeaders list them in the 420.
func UnsupportedHeaders(missing []string) (headers []sip.Header) {
	for _, tag := range missing {
		headers = append(headers, sip.NewHeader("Unsupported", tag))
	}
	return headers
}

// acceptHeader says what bodies we read (RFC 3261 §21.4.13).
func acceptHeader() sip.Header { return sip.NewHeader("Accept", mediaTypeSDP) }
