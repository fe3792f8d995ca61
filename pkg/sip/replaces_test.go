package sip_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// TestWhichDialogIsReplaced has the rules of RFC 3891 §3 and RFC 3911 §4.
func TestWhichDialogIsReplaced(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var dialogs []*sip.Dialog
		ua := w.agent("192.0.2.1", sip.Config{Handler: accepts(t, &leg{}, &dialogs)})
		phone := w.agent("192.0.2.2", sip.Config{})
		call := func() *sip.Dialog {
			d, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"),
				Handler: &leg{}, ContentType: "application/sdp", Body: []byte("offer")})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return d
		}
		up, over := call(), call()
		if err := over.Bye(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the other side has ended it too
		name := func(d *sip.Dialog) string { return sip.ReplacesHeader(d.ID(), false).Value() }
		for text, row := range map[string]struct {
			method  sip.Method
			headers []string // name, value
			code    int      // 0: found
		}{
			"found":                  {sip.INVITE, []string{"Replaces", name(up)}, 0},
			"found, to be joined":    {sip.INVITE, []string{"Join", name(up)}, 0},
			"early only":             {sip.INVITE, []string{"Replaces", name(up) + " ; Early-Only"}, 486},
			"over":                   {sip.INVITE, []string{"Replaces", name(over)}, 603},
			"unknown":                {sip.INVITE, []string{"Replaces", "x;to-tag=1;from-tag=2"}, 481},
			"tags the wrong way":     {sip.INVITE, []string{"Replaces", up.ID().CallID + ";to-tag=" + up.ID().LocalTag + ";from-tag=" + up.ID().RemoteTag}, 481},
			"no tag":                 {sip.INVITE, []string{"Replaces", up.ID().CallID + ";to-tag=1"}, 400},
			"a tag twice":            {sip.INVITE, []string{"Replaces", name(up) + ";to-tag=1"}, 400},
			"two of them":            {sip.INVITE, []string{"Replaces", name(up), "Replaces", name(over)}, 400},
			"Join as well":           {sip.INVITE, []string{"Replaces", name(up), "Join", name(up)}, 400},
			"in another request":     {sip.OPTIONS, []string{"Replaces", name(up)}, 400},
			"no Call-ID":             {sip.INVITE, []string{"Join", ";to-tag=1;from-tag=2"}, 400},
			"a tag of RFC 2543":      {sip.INVITE, []string{"Replaces", "x;to-tag=1;from-tag=0"}, 481},
			"nothing of that at all": {sip.INVITE, nil, -1},
		} {
			req := sip.NewRequest(row.method, mustURI(t, "sip:conf@192.0.2.1"))
			for i := 0; i < len(row.headers); i += 2 {
				sip.AddHeader(req, row.headers[i], row.headers[i+1])
			}
			d, err := ua.Replaced(req)
			if len(row.headers) > 0 && row.headers[0] == "Join" {
				d, err = ua.Joined(req)
			}
			var refused *sip.RefusedError
			switch {
			case row.code > 0 && (!errors.As(err, &refused) || refused.Code != row.code):
				t.Errorf("%s: %v, want %d", text, err, row.code)
			case row.code == 0 && (d != dialogs[0] || err != nil):
				t.Errorf("%s: %v, %v", text, d, err)
			case row.code < 0 && (d != nil || err != nil):
				t.Errorf("%s: %v, %v", text, d, err)
			}
		}
		time.Sleep(33 * time.Second)
		req := sip.NewRequest(sip.INVITE, mustURI(t, "sip:conf@192.0.2.1"))
		sip.AddHeader(req, "Replaces", name(over))
		var refused *sip.RefusedError
		if _, err := ua.Replaced(req); !errors.As(err, &refused) || refused.Code != 481 {
			t.Errorf("long over: %v", err)
		}
	})
}
