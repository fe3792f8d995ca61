package sip

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// RefusedError is what is wrong with a request, and the status that it must be refused with.
type RefusedError struct {
	Code int
	Text string
}

func (e *RefusedError) Error() string { return e.Text }

// Replaced is the dialog that an INVITE wants to take the place of (RFC 3891); nil when it has no Replaces header. Whether the sender may do so is for
// the caller to decide: "A UA ... MUST NOT replace ... unless it is authorized" (§3, §8). The error is a *[RefusedError].
func (ua *UserAgent) Replaced(req *Request) (*Dialog, error) {
	d, earlyOnly, err := ua.named(req, "Replaces")
	if err != nil || d == nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.s.State == Confirmed && earlyOnly:
		// "If the flag is present, the UA rejects the request with a 486 Busy response."
		return nil, &RefusedError{486, "the dialog to be replaced is not early any more"}
	case d.s.State == Early && !d.s.Caller:
		// "If the Replaces header field matches an early dialog that was not initiated by this UA, it returns a 481".
		return nil, &RefusedError{481, "the dialog to be replaced is early, and of the other side"}
	}
	return d, nil
}

// Joined is the dialog whose conversation an INVITE wants to take part in (RFC 3911); nil when it has no Join header.
func (ua *UserAgent) Joined(req *Request) (*Dialog, error) {
	d, _, err := ua.named(req, "Join")
	if err != nil || d == nil {
		return nil, err
	}
	if d.State() == Early && !d.Snapshot().Caller {
		return nil, &RefusedError{481, "the dialog to be joined is early, and of the other side"}
	}
	return d, nil
}

// named finds the dialog that Replaces or Join names. "the UA matches the to-tag and from-tag parameters ... as if they were tags present in an incoming
// request. In other words, the to-tag parameter is compared to the local tag, and the from-tag parameter is compared to the remote tag" (RFC 3891 §3).
func (ua *UserAgent) named(req *Request, header string) (d *Dialog, earlyOnly bool, err error) {
	id, earlyOnly, ok, err := readDialogName(req, header)
	if err != nil || !ok {
		return nil, false, err
	}
	d, found := ua.dialogs.get(id)
	if !found && id.RemoteTag == "0" { // "A tag value of zero ... matches both ... zero and null": a peer of RFC 2543 has none
		id.RemoteTag = ""
		d, found = ua.dialogs.get(id)
	}
	switch {
	case found && d.Snapshot().Session:
		return d, earlyOnly, nil
	case !found && ua.ended.has(id, time.Now()):
		// "If the Replaces header field matches a dialog that has already terminated, ... SHOULD decline the request with a 603 Declined response."
		return nil, false, &RefusedError{603, "that dialog is over"}
	}
	// "If no match is found, the UAS rejects the INVITE and returns a 481", also when it "matches a dialog which was not created with an INVITE".
	return nil, false, &RefusedError{481, "no such dialog"}
}

// readDialogName reads `Call-ID;to-tag=…;from-tag=…;early-only` of a request. "If more than one Replaces header field is present in an INVITE, or if a
// Replaces header field is present in a request other than INVITE, the UAS MUST reject the request with a 400 Bad Request"; both a Replaces and a
// Join are wrong too (RFC 3911 §4).
func readDialogName(req *Request, header string) (id DialogID, earlyOnly, ok bool, err error) {
	values, other := HeaderValues(req, header), HeaderValue(req, "Join")
	if header == "Join" {
		other = HeaderValue(req, "Replaces")
	}
	switch {
	case len(values) == 0:
		return DialogID{}, false, false, nil
	case len(values) > 1 || req.Method != INVITE || other != "":
		return DialogID{}, false, false, &RefusedError{400, fmt.Sprintf("%s where it must not be", header)}
	}
	if id, earlyOnly, ok = parseDialogName(values[0]); !ok {
		return DialogID{}, false, false, &RefusedError{400, fmt.Sprintf("%s names no dialog", header)}
	}
	return id, earlyOnly, true, nil
}

func parseDialogName(text string) (id DialogID, earlyOnly, ok bool) {
	fields := strings.Split(text, ";")
	id.CallID = strings.TrimSpace(fields[0])
	seen := map[string]bool{}
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		switch name {
		case "to-tag":
			id.LocalTag = value
		case "from-tag":
			id.RemoteTag = value
		case "early-only":
			earlyOnly = true
		}
		if (name == "to-tag" || name == "from-tag") && (seen[name] || value == "") {
			return DialogID{}, false, false
		}
		seen[name] = true
	}
	return id, earlyOnly, id.CallID != "" && id.LocalTag != "" && id.RemoteTag != ""
}

// ReplacesHeader names a dialog to the side that has its other end; the tags are turned round for it.
func ReplacesHeader(id DialogID, earlyOnly bool) Header {
	value := fmt.Sprintf("%s;to-tag=%s;from-tag=%s", id.CallID, id.RemoteTag, id.LocalTag)
	if earlyOnly {
		value += ";early-only"
	}
	return NewHeader("Replaces", value)
}

// JoinHeader does the same for Join.
func JoinHeader(id DialogID) Header {
	return NewHeader("Join", ReplacesHeader(id, false).Value())
}

// Handler is who is told what happens in the dialog.
func (d *Dialog) Handler() DialogHandler { return d.handler }

// ended remembers the calls that are over, for a while and not too many of them.
type ended struct {
	mu    sync.Mutex
	until map[DialogID]time.Time
	order []DialogID
}

const (
	maxEnded  = 1024
	endedTime = 32 * time.Second
)

func (e *ended) add(id DialogID, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until == nil {
		e.until = map[DialogID]time.Time{}
	}
	for len(e.order) > 0 && (len(e.order) >= maxEnded || now.After(e.until[e.order[0]])) {
		delete(e.until, e.order[0])
		e.order = e.order[1:]
	}
	if _, known := e.until[id]; !known {
		e.order = append(e.order, id)
	}
	e.until[id] = now.Add(endedTime)
}

func (e *ended) has(id DialogID, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, known := e.until[id]
	return known && now.Before(until)
}
