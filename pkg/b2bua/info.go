package b2bua

import (
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// What digits come as. Neither has a standard; these are the forms that telephones send.
const (
	mediaTypeDTMFRelay = "application/dtmf-relay" // "Signal=5\r\nDuration=160"
	mediaTypeDTMF      = "application/dtmf"       // "5", or the same as above
)

// info takes digits, and ICE candidates that trickle in. An INFO without a body only asks whether the dialog is there (RFC 2976 §2.2).
func (l *Leg) info(tx *sip.ServerTransaction) {
	if name := sip.HeaderValue(tx.Request(), "Info-Package"); name != "" {
		l.infoPackage(tx, name)
		return
	}
	body := string(tx.Request().Body())
	if body == "" {
		_ = tx.Reply(200)
		return
	}
	if mediaType := sip.ContentType(tx.Request()); mediaType != mediaTypeDTMF && mediaType != mediaTypeDTMFRelay {
		_ = tx.Reply(415, sip.NewHeader("Accept", mediaTypeDTMFRelay+", "+mediaTypeDTMF))
		return
	}
	digit, duration, ok := ParseDTMF(body)
	if !ok {
		_ = tx.Reply(400, sip.WarningHeader(399, "focus", "the body holds no digit"))
		return
	}
	_ = tx.Reply(200)
	l.config.Digit(digit, duration)
}

const (
	maxDTMF         = 256 // bytes
	defaultDuration = 250 * time.Millisecond
	maxDuration     = 10 * time.Second
)

// ParseDTMF reads the body of an INFO with a digit: lines of Signal=… and Duration=… (milliseconds), or the digit alone. Digits may be
// written as the numbers of their events in RFC 4733, 10 for * and 11 for #.
func ParseDTMF(body string) (digit string, duration time.Duration, ok bool) {
	if len(body) > maxDTMF {
		return "", 0, false
	}
	duration = defaultDuration
	for line := range strings.Lines(body) {
		name, value, assigned := strings.Cut(strings.TrimSpace(line), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch {
		case !assigned && digit == "" && name != "":
			digit = name
		case name == "signal":
			digit = value
		case name == "duration":
			if ms, err := strconv.Atoi(value); err == nil && ms > 0 {
				duration = min(time.Duration(ms)*time.Millisecond, maxDuration)
			}
		}
	}
	digit = digitOf(digit)
	return digit, duration, digit != ""
}

// digitOf is one of 0-9, *, #, A-D; "" for what is none.
func digitOf(text string) string {
	const events = "0123456789*#ABCD"
	if event, err := strconv.Atoi(text); err == nil && len(text) == 2 && event < len(events) && event >= 10 {
		return events[event : event+1]
	}
	if text = strings.ToUpper(text); len(text) == 1 && strings.Contains(events, text) {
		return text
	}
	return ""
}
