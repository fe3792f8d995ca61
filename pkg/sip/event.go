package sip

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Event says what a subscription is about (RFC 6665 §8.2.1): `conference`, `refer;id=93809824`. "The event-type portion of the "Event" header
// field is compared byte-by-byte, and the "id" parameter token (if present) is compared byte-by-byte": two Events are equal with ==.
type Event struct {
	Package string // with its templates: "presence.winfo"
	ID      string // "" when there is none
}

var errEvent = errors.New("no event package")

// ParseEvent reads the value of an Event header. Parameters other than id are the package's and are left out.
func ParseEvent(value string) (Event, error) {
	name, params := splitParams(value)
	if !isToken([]byte(name)) {
		return Event{}, fmt.Errorf("reading Event %.80q: %w", value, errEvent)
	}
	id, _ := lookup(params, "id")
	if id != "" && !isToken([]byte(id)) {
		return Event{}, fmt.Errorf("reading Event %.80q: %w: id", value, errEvent)
	}
	return Event{name, id}, nil
}

// String is the value of an Event header.
func (e Event) String() string {
	if e.ID == "" {
		return e.Package
	}
	return e.Package + ";id=" + e.ID
}

// The states of a subscription (RFC 6665 §4.1.3).
const (
	SubscriptionActive     = "active"
	SubscriptionPending    = "pending" // "the subscription has been received ..., but there is insufficient policy information to grant or deny"
	SubscriptionTerminated = "terminated"
)

// Why a subscription was terminated, and what the subscriber may do then (RFC 6665 §4.1.3). Other values are treated as if there were none.
const (
	Deactivated = "deactivated" // "the subscriber SHOULD retry immediately with a new subscription"
	Probation   = "probation"   // "the client SHOULD retry at some later time", after retry-after
	Rejected    = "rejected"    // "Clients SHOULD NOT attempt to re-subscribe"
	TimedOut    = "timeout"     // it was not refreshed, or it was ended by its subscriber
	GaveUp      = "giveup"      // nobody decided in time
	NoResource  = "noresource"  // "the resource state that was being monitored no longer exists"
	Invariant   = "invariant"   // "the resource state is guaranteed not to change for the foreseeable future"
)

// SubscriptionState is the value of a Subscription-State header (RFC 6665 §8.2.3).
type SubscriptionState struct {
	State      string        // SubscriptionActive …; other values are extensions
	Expires    time.Duration // whole seconds; negative when it is not said
	Reason     string        // of SubscriptionTerminated: Deactivated …
	RetryAfter time.Duration // 0 when it is not said
}

// ParseSubscriptionState reads the value of a Subscription-State header. Numbers that cannot be read count as not said.
func ParseSubscriptionState(value string) (SubscriptionState, error) {
	name, params := splitParams(value)
	if !isToken([]byte(name)) {
		return SubscriptionState{}, fmt.Errorf("reading Subscription-State %.80q: no state", value)
	}
	s := SubscriptionState{State: strings.ToLower(name), Expires: -1}
	if text, ok := lookup(params, "expires"); ok {
		if d, ok := deltaSeconds(text); ok {
			s.Expires = d
		}
	}
	if text, ok := lookup(params, "retry-after"); ok {
		s.RetryAfter, _ = deltaSeconds(text)
	}
	reason, _ := lookup(params, "reason")
	s.Reason = strings.ToLower(reason)
	return s, nil
}

// String is the value of a Subscription-State header: `active;expires=60`, `terminated;reason=probation;retry-after=10`.
func (s SubscriptionState) String() string {
	text := s.State
	if s.Expires >= 0 && s.State != SubscriptionTerminated {
		text += ";expires=" + seconds(s.Expires)
	}
	if s.Reason != "" {
		text += ";reason=" + s.Reason
	}
	if s.RetryAfter > 0 {
		text += ";retry-after=" + seconds(s.RetryAfter)
	}
	return text
}

// Resubscribe says whether a terminated subscription may be made anew, and when.
func (s SubscriptionState) Resubscribe() (after time.Duration, ok bool) {
	switch s.Reason {
	case Rejected, NoResource, Invariant:
		return 0, false
	case Deactivated, TimedOut:
		return 0, true
	}
	return s.RetryAfter, true
}

// splitParams cuts `value;name=value;name="value"`. Semicolons inside of quotes do not count; broken parameters are kept as they are.
func splitParams(text string) (value string, params Params) {
	parts := splitOutsideQuotes(text, ';')
	for _, part := range parts[1:] {
		name, v, _ := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); name != "" {
			params = append(params, Params{{K: name, V: unquoted(strings.TrimSpace(v))}}...)
		}
	}
	return strings.TrimSpace(parts[0]), params
}

func splitOutsideQuotes(text string, separator byte) (parts []string) {
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unquoted undoes quote; a text without quotes stays as it is.
func unquoted(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	var b strings.Builder
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '\\' && i+1 < len(text)-1 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// deltaSeconds reads a number of seconds (RFC 3261 §20.19: up to 2**32-1). What is larger is that.
func deltaSeconds(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseUint(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(text, "-") {
		n, err = math.MaxUint32, nil
	}
	if err != nil {
		return 0, false
	}
	return time.Duration(min(n, math.MaxUint32)) * time.Second, true
}

// seconds writes a duration in whole seconds, rounded up: what is left of a subscription is never 0 while it lives.
func seconds(d time.Duration) string { return strconv.FormatInt(wholeSeconds(d), 10) }

func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// retryAfterOf reads `120 (busy);duration=60` (RFC 3261 §20.33).
func retryAfterOf(m Message) (time.Duration, bool) {
	text, _, _ := strings.Cut(HeaderValue(m, "Retry-After"), ";")
	text, _, _ = strings.Cut(text, "(")
	return deltaSeconds(text)
}

// acceptable chooses the first of our media types that a message accepts. Without Accept that is the first, "the default" of the package
// (RFC 6665 §4.1.2.1). "" is none.
func acceptable(m Message, ours []string) string {
	ranges := HeaderValues(m, "Accept")
	if HeaderValue(m, "Accept") == "" && len(ours) > 0 {
		return ours[0]
	}
	for _, mediaType := range ours {
		for _, r := range ranges {
			name, params := splitParams(r)
			if q, ok := lookup(params, "q"); ok && strings.Trim(q, "0.") == "" {
				continue
			}
			if inRange(mediaType, strings.ToLower(name)) {
				return mediaType
			}
		}
	}
	return ""
}

func inRange(mediaType, mediaRange string) bool {
	bare, _, _ := strings.Cut(mediaType, ";")
	kind, _, _ := strings.Cut(bare, "/")
	return mediaRange == bare || mediaRange == kind+"/*" || mediaRange == "*/*"
}
