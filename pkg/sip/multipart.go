package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// ErrMultipart: a body says that it has parts, and they cannot be found.
var ErrMultipart = errors.New("malformed multipart body")

// Part is a body, or one part of it.
type Part struct {
	Type        string // media type in lower case, without parameters
	Disposition string // of Content-Disposition, in lower case, without parameters: "session"; "" when there is none
	Body        []byte
}

// Bounds of a multipart body; what is beyond them is malformed.
const (
	maxParts     = 16
	maxPartDepth = 3
)

// Parts takes a body apart: one part when it is not multipart, none when there is no body. "An implementation that supports multipart message bodies MUST
// be able to [treat] nested" ones (RFC 5621 §4.2): the parts of all levels come in the order in which they stand. Parts in another encoding than that
// of the message are left out: "the binary encoding is the default" in SIP, and nothing else is needed (RFC 3261 §27.5).
func Parts(m Message) ([]Part, error) {
	if len(m.Body()) == 0 {
		return nil, nil
	}
	head := textproto.MIMEHeader{
		"Content-Type": {HeaderValue(m, "Content-Type")}, "Content-Disposition": {HeaderValue(m, "Content-Disposition")},
	}
	return appendParts(nil, head, m.Body(), 1)
}

func appendParts(parts []Part, head textproto.MIMEHeader, body []byte, depth int) ([]Part, error) {
	mediaType, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if !strings.HasPrefix(mediaType, "multipart/") {
		mediaType, _, _ = strings.Cut(head.Get("Content-Type"), ";")
		disposition, _, _ := strings.Cut(head.Get("Content-Disposition"), ";")
		return append(parts, Part{plainToken(mediaType), plainToken(disposition), body}), nil
	}
	if err != nil || params["boundary"] == "" || depth > maxPartDepth {
		return nil, fmt.Errorf("%w: boundary or depth", ErrMultipart)
	}
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil || len(parts) >= maxParts {
			return nil, fmt.Errorf("%w: part %d", ErrMultipart, len(parts)+1)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("%w: part %d is not finished", ErrMultipart, len(parts)+1)
		}
		if !isPlainEncoding(part.Header.Get("Content-Transfer-Encoding")) {
			continue
		}
		if parts, err = appendParts(parts, part.Header, text, depth+1); err != nil {
			return nil, err
		}
	}
}

func plainToken(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func isPlainEncoding(name string) bool {
	return isOneOf(plainToken(name), []string{"", "binary", "8bit", "7bit"})
}

// BodyOf is the part of a media type that should be used. ok is false when there is none. Of several, all but the last are for others: "the best
// choice is the LAST part of a type supported by the recipient" (RFC 2046 §5.1.4).
func BodyOf(m Message, mediaType string) (body []byte, ok bool, err error) {
	parts, err := Parts(m)
	for _, p := range parts {
		if p.Type == mediaType {
			body, ok = p.Body, true
		}
	}
	return body, ok, err
}
