package sip

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrSessionExpired is the cause of a dialog's end when nobody has refreshed its session (RFC 4028 §10).
var ErrSessionExpired = errors.New("session timer expired")

// SessionRefresher is a [DialogHandler] that can refresh a session by re-INVITE, for peers that do not allow UPDATE.
type SessionRefresher interface {
	// RefreshSession sends a re-INVITE with [Dialog.Invite] or [Dialog.InviteWithoutOffer] that leaves the session as it is.
	RefreshSession(ctx context.Context, d *Dialog) error
}

// leastMinSE: "The absolute minimum for the Min-SE header field is 90 seconds" (RFC 4028 §5).
const leastMinSE = 90 * time.Second

// sessionTerms is what two sides have agreed on: how long a session lives without a refresh, and who refreshes it. Interval 0 is for ever.
type sessionTerms struct {
	interval  time.Duration
	refresher string // "uac" or "uas" of the request that is being answered; "" in a request leaves it to the UAS
}

// parseSessionExpires reads `1800;refresher=uac`.
func parseSessionExpires(m Message) (terms sessionTerms, ok bool) {
	text, params, _ := strings.Cut(HeaderValue(m, "Session-Expires"), ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil || seconds == 0 {
		return sessionTerms{}, false
	}
	terms.interval = time.Duration(seconds) * time.Second
	for _, param := range strings.Split(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		if value = strings.ToLower(strings.TrimSpace(value)); strings.EqualFold(strings.TrimSpace(name), "refresher") && (value == "uac" || value == "uas") {
			terms.refresher = value
		}
	}
	return terms, true
}

// minSE reads Min-SE: "the default value is 90 seconds".
func minSE(m Message) time.Duration {
	text, _, _ := strings.Cut(HeaderValue(m, "Min-SE"), ";")
	seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil {
		return leastMinSE
	}
	return max(leastMinSE, time.Duration(seconds)*time.Second)
}

func (t sessionTerms) header() Header {
	value := strconv.Itoa(int(t.interval / time.Second))
	if t.refresher != "" {
		value += ";refresher=" + t.refresher
	}
	return NewHeader("Session-Expires", value)
}

func minSEHeader(d time.Duration) Header {
	return NewHeader("Min-SE", strconv.Itoa(int(d/time.Second)))
}

// tooBrief: "If an incoming request contains a Supported header field with a value 'timer' and a Session Expires header field, the UAS MAY reject the
// INVITE request with a 422 (Session Interval Too Small) response if the session interval in the Session-Expires header field is smaller than the
// minimum interval defined by the UAS' local policy" (RFC 4028 §9).
func (ua *UserAgent) tooBrief(req *Request) bool {
	if req.Method != INVITE && req.Method != UPDATE || !ua.supports("timer") || !knowsTimer(req) {
		return false
	}
	terms, ok := parseSessionExpires(req)
	return ok && terms.interval < ua.cfg.MinSE
}

func knowsTimer(m Message) bool {
	return HasOption(m, "Supported", "timer") || HasOption(m, "Require", "timer")
}

// answerSession decides about the session timer of a request that will be accepted, by the table of RFC 4028 §9:
//
//	UAC supports it   refresher in request   in response
//	no                none or uas            uas
//	yes               none                   uac or uas: the side that does it already, else the UAC, who asked
//	yes               uac, uas               the same
//
// A peer that supports it and does not ask for it gets one that we refresh; a peer that does not know it gets none.
func (ua *UserAgent) answerSession(req *Request, weRefresh bool) sessionTerms {
	if !ua.supports("timer") {
		return sessionTerms{}
	}
	knows := knowsTimer(req)
	terms, asked := parseSessionExpires(req)
	switch {
	case !asked && (!knows || ua.cfg.SessionExpires < 0):
		return sessionTerms{}
	case !asked:
		return sessionTerms{max(ua.cfg.SessionExpires, minSE(req)), "uas"}
	}
	// "the UAS MAY reduce its value ... The UAS MUST NOT set the value ... to a value smaller than the Min-SE" of the request.
	if wish := max(ua.cfg.SessionExpires, minSE(req)); ua.cfg.SessionExpires > 0 && wish < terms.interval {
		terms.interval = wish
	}
	switch {
	case !knows || terms.refresher == "" && weRefresh:
		terms.refresher = "uas"
	case terms.refresher == "":
		terms.refresher = "uac"
	}
	return terms
}

// answerHeaders: "If the refresher parameter in the Session-Expires header field in the 2xx response has a value of 'uac', the UAS MUST place a Require
// header field into the response with the value 'timer'" (RFC 4028 §9).
func (t sessionTerms) answerHeaders() []Header {
	switch {
	case t.interval == 0:
		return nil
	case t.refresher == "uac":
		return []Header{t.header(), NewHeader("Require", "timer")}
	}
	return []Header{t.header()}
}

// carriesSession tells if requests of a method start or refresh the session (RFC 4028 §7, §9): an UPDATE of an early dialog does not.
func (d *Dialog) carriesSession(method Method) bool {
	return d.s.Session && (method == INVITE || method == UPDATE && d.s.State == Confirmed)
}

// startSession counts the interval anew; 0 ends the counting. Called with mu held.
func (d *Dialog) startSession(interval time.Duration, weRefresh bool) {
	stop(d.alarm)
	d.alarm = nil
	d.s.SessionInterval, d.s.Refresher, d.s.SessionEnd = interval, weRefresh, time.Time{}
	if interval == 0 || d.s.State == Terminated {
		return
	}
	// "it is RECOMMENDED that this refresh be sent once half the session interval has elapsed" and a side that does not see one "SHOULD send a BYE
	// to terminate the session, slightly before the session expiration. The minimum of 32 seconds and one third of the session interval is
	// RECOMMENDED" (RFC 4028 §10).
	d.s.SessionEnd = time.Now().Add(interval - min(32*time.Second, interval/3))
	if weRefresh {
		d.setAlarm(interval / 2)
		return
	}
	d.setAlarm(time.Until(d.s.SessionEnd))
}

func (d *Dialog) setAlarm(in time.Duration) {
	d.alarm = time.AfterFunc(max(in, 0), func() { d.ua.spawn(d.onAlarm) })
}

// onAlarm refreshes the session, or gives it up.
func (d *Dialog) onAlarm() {
	d.mu.Lock()
	left, refresh, over := time.Until(d.s.SessionEnd), d.s.Refresher, d.s.State == Terminated || d.s.SessionInterval == 0
	end := d.s.SessionEnd
	d.mu.Unlock()
	switch {
	case over:
	case left > 0 && refresh:
		d.refreshSession(end)
	case left <= 0:
		ctx, cancel := context.WithTimeout(d.ua.ctx, d.ua.cfg.Timers.giveUp()+time.Second)
		defer cancel()
		d.bye(ctx, ErrSessionExpired, ReasonHeader("SIP", 408, "session timer expired"))
	}
}

// refreshSession: "the UAC MAY use either INVITE or UPDATE for sending session refresh requests ... it is RECOMMENDED that UPDATE is used" without an
// offer (RFC 4028 §7.4). A refusal does not end the session before its time: it is tried again, at half of what is left.
func (d *Dialog) refreshSession(end time.Time) {
	ctx, cancel := context.WithDeadline(d.ctx, end)
	defer cancel()
	if err := d.refreshOnce(ctx); err != nil {
		d.ua.log.Debug("session not refreshed", "err", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.s.State != Terminated && d.s.SessionEnd.Equal(end) { // no 2xx has set it anew
		left := time.Until(end)
		if left/2 > 5*time.Second {
			left /= 2
		}
		d.setAlarm(left)
	}
}

func (d *Dialog) refreshOnce(ctx context.Context) error {
	refresher, ok := d.handler.(SessionRefresher)
	d.mu.Lock()
	byUpdate := d.s.TakesUpdate || !ok
	d.mu.Unlock()
	if !byUpdate {
		return refresher.RefreshSession(ctx, d)
	}
	res, err := d.Update(ctx, "", nil)
	if err == nil && res.StatusCode >= 300 {
		err = &StatusError{res.StatusCode, res.Reason, res}
	}
	return err
}

// sessionHeaders are those of an INVITE or UPDATE of ours in the dialog: "In a session refresh request sent within a dialog with an active session
// timer, the Session-Expires header field SHOULD be present ... it SHOULD be equal to the maximum of the Min-SE header field ... and the current
// session interval", with the refresher as it is (RFC 4028 §7.4). Called with mu held.
func (d *Dialog) sessionHeaders(method Method) (headers []Header) {
	if !d.carriesSession(method) || d.s.SessionInterval == 0 {
		return nil
	}
	terms := sessionTerms{max(d.s.SessionInterval, d.s.MinSE), "uas"}
	if d.s.Refresher {
		terms.refresher = "uac"
	}
	if headers = append(headers, terms.header()); d.s.MinSE > leastMinSE {
		headers = append(headers, minSEHeader(d.s.MinSE))
	}
	return headers
}

// learnSession takes what a 2xx to our INVITE or UPDATE says: "If the 2xx response did not contain a Session-Expires header field, there is no session
// expiration" (RFC 4028 §7.2). Called with mu held.
func (d *Dialog) learnSession(res *Response) {
	if !d.carriesSession(res.CSeq().MethodName) || !d.ua.supports("timer") {
		return
	}
	terms, _ := parseSessionExpires(res)
	d.startSession(terms.interval, terms.refresher != "uas")
}

// raiseSession makes of a 422 what the next try says: "the UAC MAY retry the request ... with the value of Min-SE" (RFC 4028 §7.3). False when it
// names nothing that is longer than what we had.
func (d *Dialog) raiseSession(res *Response) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	least := minSE(res)
	if res.StatusCode != 422 || d.s.SessionInterval == 0 || least <= max(d.s.MinSE, leastMinSE) || least > maxMinSE {
		return false
	}
	d.s.MinSE = least
	return true
}

// maxMinSE is the longest session that we let a 422 ask for.
const maxMinSE = 24 * time.Hour

// raiseInvite does the same for the first INVITE: a new request with the next CSeq.
func raiseInvite(req *Request, res *Response) (again *Request, ok bool) {
	terms, proposed := parseSessionExpires(req)
	least := minSE(res)
	if res.StatusCode != 422 || !proposed || least <= minSE(req) && least <= terms.interval || least > maxMinSE {
		return nil, false
	}
	again = nextTry(req)
	terms.interval = max(terms.interval, least)
	SetHeader(again, "Session-Expires", terms.header().Value())
	SetHeader(again, "Min-SE", minSEHeader(least).Value())
	return again, true
}

// proposal are the session timer headers of a first INVITE.
func (ua *UserAgent) proposal() []Header {
	if !ua.supports("timer") || ua.cfg.SessionExpires < 0 {
		return nil
	}
	headers := []Header{sessionTerms{interval: ua.cfg.SessionExpires}.header()}
	if ua.cfg.MinSE > leastMinSE {
		headers = append(headers, minSEHeader(ua.cfg.MinSE))
	}
	return headers
}
