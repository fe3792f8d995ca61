package sip_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestALineBreakIsNotSent: what an application puts into a message may come from a stranger. In a header it becomes a space; where it cannot be
// told from the rest, the message is not sent.
func TestALineBreakIsNotSent(t *testing.T) {
	const evil = "x\r\nX-Evil: 1"
	inWorld(t, func(t *testing.T, w *world) {
		var errs []error
		w.agent("192.0.2.1", sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
			res := sip.NewResponse(tx.Request(), 200, evil)
			errs = append(errs, tx.Respond(res))
			res = sip.NewResponse(tx.Request(), 200, "")
			res.AppendHeader(&sip.ContactHeader{DisplayName: evil, Address: mustURI(t, "sip:conf@192.0.2.1")})
			errs = append(errs, tx.Respond(res))
			errs = append(errs, tx.Reply(200, sip.NewHeader("Subject", evil)))
		})})
		phone := w.agent("192.0.2.2", sip.Config{})
		res, err := phone.Do(t.Context(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1")))
		if err != nil || sip.HeaderValue(res, "X-Evil") != "" || !strings.Contains(sip.HeaderValue(res, "Subject"), "X-Evil") {
			t.Errorf("%v, %v", res, err)
		}
		synctest.Wait()
		if len(errs) != 3 || !errors.Is(errs[0], sip.ErrLineBreak) || !errors.Is(errs[1], sip.ErrLineBreak) || errs[2] != nil {
			t.Errorf("errors %v", errs)
		}
		t.Log("# requests")
		for name, change := range map[string]func(req *sip.Request){
			"the Request-URI": func(req *sip.Request) { req.Recipient.User = evil },
			"the method":      func(req *sip.Request) { req.Method = "OPTIONS " + evil },
			"a name":          func(req *sip.Request) { req.AppendHeader(&sip.FromHeader{DisplayName: evil, Address: req.Recipient}) },
			"an end":          func(req *sip.Request) { id := sip.CallIDHeader("x\r\n\r\n"); req.AppendHeader(&id) },
		} {
			req := sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.1"))
			change(req)
			if _, err := phone.Do(t.Context(), req); !errors.Is(err, sip.ErrLineBreak) {
				t.Errorf("a line break in %s: %v", name, err)
			}
		}
	})
}
