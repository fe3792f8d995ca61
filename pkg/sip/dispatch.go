package sip

import (
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// onRequest and onResponse are called on the goroutine that reads the socket. Nothing below them blocks.
func (ua *UserAgent) onRequest(req *Request, from flow) {
	ua.stats.requests.Add(1)
	stamp(req.Via(), from.remote)
	ua.learnAlias(req, from)
	key := serverKeyOf(req)
	switch {
	case req.Method == ACK:
		ua.onAck(req, key)
	case req.Method == CANCEL:
		ua.onCancel(req, from)
	case ua.onRetransmission(key, from):
		ua.stats.retransmissions.Add(1)
	default:
		ua.admit(key, req, from)
	}
}

// onRetransmission repeats the answer. What comes again over a connection is answered there: the first one may be gone.
func (ua *UserAgent) onRetransmission(key serverKey, from flow) bool {
	if machine, ok := ua.servers.get(key); ok {
		machine.onRetransmission(from)
		return true
	}
	e := ua.finished.find(key) // in this order: a transaction is there before it is gone here
	if e != nil && e.wire != nil {
		e.backTo(from).write(e.wire)
	}
	return e != nil
}

// admit opens a server transaction and puts it in line behind the others of its Call-ID.
func (ua *UserAgent) admit(key serverKey, req *Request, from flow) {
	setup, ok := ua.mayStart(req, from)
	if !ok {
		ua.overloaded(req, from)
		return
	}
	tx := newServerTransaction(ua, key, req, from)
	tx.machine.setup = setup
	if !ua.servers.add(key, tx.machine) {
		tx.machine.abort(ErrOverload)
		ua.overloaded(req, from)
		return
	}
	tx.machine.start()
	if !ua.mail.post(string(*req.CallID()), func(next func()) { ua.serve(tx, next) }) {
		tx.machine.abort(ErrOverload)
		ua.overloaded(req, from)
	}
}

// mayStart asks the bounds, unless the request belongs to a dialog that is there. A new call holds a share of what its source may set up at a time.
func (ua *UserAgent) mayStart(req *Request, from flow) (setup func(), ok bool) {
	if ua.dialogOf(req) != nil || ua.exempt(from) {
		return nil, true
	}
	s := sourceOf(from.remote.Addr())
	if !ua.overload.asked.take(time.Now(), s) {
		return nil, false
	}
	if req.Method != INVITE {
		return nil, true
	}
	setup = ua.setups.hold(s)
	return setup, setup != nil
}

// crowded is whether a transaction costs more than it is worth to its source: half of what may be open is.
func (ua *UserAgent) crowded(f flow) bool {
	return ua.servers.len() > ua.cfg.MaxTransactions/2 || ua.setups.crowded(sourceOf(f.remote.Addr()))
}

func (ua *UserAgent) exempt(from flow) bool {
	return ua.cfg.Exempt != nil && ua.cfg.Exempt(from.peer())
}

// dialogOf is the dialog that a request names; nil when there is none.
func (ua *UserAgent) dialogOf(req *Request) *Dialog {
	localTag, ok := tagOf(req.To().Params)
	if !ok {
		return nil
	}
	remoteTag, _ := tagOf(req.From().Params)
	d, _ := ua.dialogs.get(DialogID{req.CallID().Value(), localTag, remoteTag})
	return d
}

func (ua *UserAgent) overloaded(req *Request, from flow) {
	ua.stats.overloaded.Add(1)
	ua.answerStateless(req, from, 503, "")
}

// serve runs the handler. "Handlers run under recover: a panic ends that transaction with 500".
func (ua *UserAgent) serve(tx *ServerTransaction, next func()) {
	tx.onDetach(next)
	defer func() {
		if p := recover(); p != nil {
			ua.panicked("serving "+string(tx.req.Method), p)
			tx.Reply(500)
		}
	}()
	if unknown := ua.unsupported(tx.req); len(unknown) > 0 {
		tx.Reply(420, NewHeader("Unsupported", strings.Join(unknown, ", ")))
		return
	}
	if ua.tooBrief(tx.req) {
		tx.Reply(422, minSEHeader(ua.cfg.MinSE))
		return
	}
	if _, ok := tagOf(tx.req.To().Params); ok {
		ua.serveInDialog(tx)
		return
	}
	if isOneOf(string(tx.req.Method), dialogMethods) {
		tx.Reply(481)
		return
	}
	ua.cfg.Handler.ServeSIP(tx)
}

// dialogMethods are nothing without a dialog, that is without a To tag: RFC 3261 §15.1.2, RFC 3262 §3, RFC 3311 §5.1.
var dialogMethods = []string{"BYE", "PRACK", "UPDATE"}

// unsupported: "If a UAS does not understand an option-tag listed in a Require header field, it MUST respond by generating a response with status
// code 420 (Bad Extension). The UAS MUST add an Unsupported header field, and list in it those options it does not understand" (§8.2.2.3).
func (ua *UserAgent) unsupported(req *Request) (unknown []string) {
	for _, tag := range HeaderValues(req, "Require") {
		if !isOneOf(tag, ua.cfg.Supported) {
			unknown = append(unknown, tag)
		}
	}
	return unknown
}

func (ua *UserAgent) supports(option string) bool { return isOneOf(option, ua.cfg.Supported) }

// addSupported says what the handlers understand: "a Supported header field ... SHOULD be present" in INVITE and its 2xx (RFC 3261 §13.2.1, §13.3.1.4).
func (ua *UserAgent) addSupported(m Message) {
	if len(ua.cfg.Supported) > 0 && HeaderValue(m, "Supported") == "" {
		AddHeader(m, "Supported", strings.Join(ua.cfg.Supported, ", "))
	}
}

func (ua *UserAgent) panicked(what string, value any) {
	ua.stats.panics.Add(1)
	ua.log.Error("panic", "while", what, "value", fmt.Sprint(value), "stack", string(debug.Stack()))
}

// serveInDialog: "If the UAS wishes to reject the request because it does not wish to recreate the dialog, it MUST respond to the request with a
// 481 (Call/Transaction Does Not Exist) status code" (RFC 3261 §12.2.2).
func (ua *UserAgent) serveInDialog(tx *ServerTransaction) {
	if d := ua.dialogOf(tx.req); d != nil {
		d.serve(tx)
		return
	}
	if s := ua.subscriberOf(tx.req); s != nil {
		s.meet(tx)
		return
	}
	tx.Reply(481)
}

// onAck: an ACK belongs to the INVITE transaction if that was refused, else to the dialog. It is never answered.
func (ua *UserAgent) onAck(ack *Request, key serverKey) {
	machine, ok := ua.servers.get(key)
	if ok && machine.onAck() {
		return
	}
	if d := ua.dialogOf(ack); d != nil && d.onAck(ack) {
		return
	}
	if ua.finished.find(key) == nil { // else it has come again, in Confirmed: "Any ACKs received in this state are absorbed"
		ua.stats.unmatched.Add(1)
	}
}

// onCancel: "If the UAS did not find a matching transaction for the CANCEL according to the procedure above, it SHOULD respond to the CANCEL with
// a 481"; otherwise 200 (RFC 3261 §9.2). The 200 needs no transaction of its own: a CANCEL that comes again is answered again.
func (ua *UserAgent) onCancel(cancel *Request, from flow) {
	key := cancelledKey(cancel)
	if machine, ok := ua.servers.get(key); ok {
		ua.answerCancel(cancel, from, machine.tag, machine.isProceeding())
		machine.onCancel()
	} else if e := ua.finished.find(key); e != nil {
		ua.answerCancel(cancel, from, e.tag, false)
	} else {
		ua.stats.unmatched.Add(1)
		ua.answerStateless(cancel, from, 481, "")
	}
}

// answerCancel: "the To tag of the response to the CANCEL and the To tag in the response to the original request SHOULD be the same." Those that
// have no effect are answered as long as they are few.
func (ua *UserAgent) answerCancel(cancel *Request, from flow, tag string, effective bool) {
	if !effective && !ua.mayAnswer(from) {
		return
	}
	res := NewResponse(cancel, 200, "")
	setTag(res, tag)
	ua.finishResponse(res)
	ua.sendStateless(res, cancel, from)
}

// mayAnswer bounds the answers that no transaction gives; what is not answered is counted.
func (ua *UserAgent) mayAnswer(from flow) bool {
	ok := ua.overload.answered.take(time.Now(), sourceOf(from.remote.Addr())) || ua.exempt(from)
	if !ok {
		ua.stats.unanswered.Add(1)
	}
	return ok
}

// answerStateless answers without a transaction. The To tag depends on the request alone, so that a retransmission gets the same answer
// ("the stateless UAS ... MUST generate To header tags for responses in a stateless manner", RFC 3261 §8.2.7).
func (ua *UserAgent) answerStateless(req *Request, from flow, code int, reason string) {
	if req.Method == ACK || req.Via() == nil || req.CSeq() == nil || req.CallID() == nil || req.To() == nil || req.From() == nil {
		return
	}
	if !ua.mayAnswer(from) {
		return
	}
	res := NewResponse(req, code, reason)
	hash := maphash.String(ua.seed, req.CallID().Value()+req.Via().Value()+req.CSeq().Value())
	if _, ok := tagOf(req.To().Params); !ok {
		setTag(res, fmt.Sprintf("%016x", hash))
	}
	if code == 503 {
		SetHeader(res, "Retry-After", strconv.FormatUint(1+hash%10, 10)) // not all at once
	}
	ua.finishResponse(res)
	ua.sendStateless(res, req, from)
}

func (ua *UserAgent) sendStateless(res *Response, req *Request, from flow) {
	if !from.reliable() {
		from.remote = answersTo(req.Via(), from.remote)
	}
	if _, err := from.send(res); err != nil {
		ua.log.Debug("cannot answer", "code", res.StatusCode, "err", err)
	}
}

func (ua *UserAgent) finishResponse(res *Response) {
	if ua.cfg.Name != "" && HeaderValue(res, "Server") == "" {
		SetHeader(res, "Server", ua.cfg.Name)
	}
}

func (ua *UserAgent) onResponse(res *Response) {
	ua.stats.responses.Add(1)
	t, ok := ua.clients.get(clientKeyOf(res))
	if !ok {
		ua.stats.unmatched.Add(1)
		return
	}
	t.onResponse(res)
}

func tagOf(params Params) (string, bool) {
	tag, _ := lookup(params, "tag")
	return tag, tag != ""
}

func setTag(res *Response, tag string) {
	to := res.To()
	to.Params.Remove("tag")
	to.Params.Add("tag", tag)
}
