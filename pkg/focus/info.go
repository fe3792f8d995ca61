package focus

import (
	"context"
	"errors"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var (
	errOtherConference = errors.New("the command is for another conference than the dialog")
	errFactoryCommand  = errors.New("the command is for the focus factory")
	errTooManyCommands = errors.New("too many commands are not answered yet")
)

const (
	// patience is how long an INFO waits for the command before it is answered with 202.
	patience = 500 * time.Millisecond
	// maxWorking is how many commands of one dialog may be unanswered.
	maxWorking = 16
)

// info is a command in a focus dialog. It is answered with 200 and the response; with 202 when an MCU works for longer, and then the response comes
// in an INFO of ours. The dialog goes on, whatever the command was.
func (m *member) info(tx *sip.ServerTransaction) {
	if len(tx.Request().Body()) == 0 { // asks whether the dialog is there (RFC 2976 §2.2)
		_ = tx.Reply(200)
		return
	}
	request, err := m.readCommand(tx.Request())
	if err == nil && m.working.Add(1) > maxWorking {
		m.working.Add(-1)
		err = &documentError{request, errTooManyCommands}
	}
	if err != nil {
		m.refuse(tx, err)
		return
	}
	done := make(chan result, 1)
	m.focus.server.run("serving INFO", func(ctx context.Context) { done <- m.carryOut(ctx, request) })
	m.await(tx, done)
}

// result is what came of a command.
type result struct {
	response *c3p.Response
	err      error
}

// readCommand reads a command that must be about the conference of the dialog.
func (m *member) readCommand(req *sip.Request) (*c3p.Request, error) {
	s := m.focus.server
	request, named, err := s.readC3P(req, m.visitor, m.to)
	if err != nil {
		return nil, err
	}
	switch {
	case len(named) == 0:
		err = errFactoryCommand
	case request.MCU != "" && !m.isMCU(request.MCU):
		err = errWrongMCU
	default:
		err = s.allOf(named, m.to)
	}
	if err != nil {
		return nil, &documentError{request, err}
	}
	return request, nil
}

// allOf says whether keys name the conference of an address, and no other.
func (s *Server) allOf(named []c3p.ConferenceKeys, to conference.Address) error {
	for _, keys := range named {
		id, err := s.idOf(keys)
		if err != nil {
			return err
		}
		a, err := conference.ParseURI(keys.Entity)
		if id != to.ID || keys.Entity != "" && err == nil && !sameOrganizer(a.Organizer, to.Organizer) {
			return errOtherConference
		}
	}
	return nil
}

// isMCU: mscp:mcuUri is that of an MCU of the dialog's conference.
func (m *member) isMCU(uri string) bool {
	a, err := conference.ParseURI(uri)
	return err == nil && a.Kind == conference.KindMCU && a.ID == m.to.ID && m.focus.server.ours(a.Domain, nil)
}

// maxWorkTime bounds a command by INFO: longer than a telephone rings.
const maxWorkTime = 90 * time.Second

func (m *member) carryOut(ctx context.Context, request *c3p.Request) (r result) {
	defer m.working.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, maxWorkTime)
	defer cancel()
	r.response, r.err = m.focus.server.carryOut(ctx, &c3p.Call{Principal: principalOf(m.visitor.caller), Request: request})
	return r
}

func (m *member) await(tx *sip.ServerTransaction, done <-chan result) {
	s := m.focus.server
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.err != nil {
			m.refuse(tx, r.err)
			return
		}
		_ = answerC3P(tx, r.response)
	case <-timer.C:
		_ = tx.Reply(202)
		s.run("answering INFO later", func(ctx context.Context) { m.tellLater(ctx, done) })
	case <-s.ctx.Done():
		_ = tx.Reply(503)
	}
}

// tellLater sends the response when it is there.
func (m *member) tellLater(ctx context.Context, done <-chan result) {
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		return
	}
	var refused *documentError
	if errors.As(r.err, &refused) {
		r.response = refused.request.Failure(m.focus.server.wireError(refused.err))
	}
	if r.response == nil {
		return
	}
	// SIPE does not answer it: that says nothing about the dialog.
	if _, err := m.dialog.Try(ctx, sip.INFO, c3p.MediaType, r.response.AppendXML(nil)); err != nil {
		m.focus.log.Debug("the response of a command", "user", m.user, "err", err)
	}
}

// refuse answers with a status, ms-diagnostics and, where the command is known, the document that says code="failure".
func (m *member) refuse(tx *sip.ServerTransaction, err error) {
	s := m.focus.server
	code, headers := s.refusal(err)
	s.log.Info("command refused", "by", m.user, "method", tx.Request().Method, "status", code, "err", err)
	if code == 415 {
		headers = []sip.Header{acceptC3P(), s.warning(errC3PMediaType.Error())}
	}
	res := sip.NewResponse(tx.Request(), infoStatus(code), "")
	for _, h := range headers {
		res.AppendHeader(h)
	}
	s.attach(res, err)
	_ = tx.Respond(res)
}

// infoStatus keeps the dialog alive: what a 404, 408, 480, 481 or 501 says of a request, it says of the dialog too (RFC 5057 §5.1). "603: command
// failed for good" ([MS-CONFBAS], response codes of INFO) stands for them.
func infoStatus(code int) int {
	switch code {
	case 400, 403, 413, 415, 488, 503:
		return code
	}
	return 603
}
