package sip_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

var extensions = []string{"100rel", "timer", "replaces", "join"}

// with puts header lines into a message of a story.
func with(text string, lines ...string) string {
	return strings.Replace(text, "Content-Length:", strings.Join(lines, "\n")+"\nContent-Length:", 1)
}

// described gives a message of a story a session description.
func described(text, sdp string) string {
	return strings.Replace(text, "Content-Length: 0\n\n", fmt.Sprintf("Content-Type: application/sdp\nContent-Length: %d\n\n%s", len(sdp), sdp), 1)
}

// body is what comes after the header of a message.
func body(text string) string {
	_, after, _ := strings.Cut(text, "\r\n\r\n")
	return after
}

// rings answers each INVITE with the steps of a story, on a goroutine of its own.
func rings(t *testing.T, l *leg, story func(d *sip.Dialog)) sip.Handler {
	return sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), l)
		if err != nil {
			t.Error(err)
			return
		}
		go story(d)
	})
}

func TestReliableProvisionalUntilPrack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := &leg{}
		var dialog *sip.Dialog
		w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, l, func(d *sip.Dialog) {
			dialog = d
			d.Provisional(183, "application/sdp", []byte("answer"))
			d.Provisional(180, "", nil)
			time.Sleep(2 * time.Second)
			d.Accept("", nil)
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Require: 100rel"), "offer"))

		t.Log(`# "passed to the transaction layer periodically with an interval that starts at T1 seconds and doubles for each retransmission"`)
		time.Sleep(4 * time.Second)
		progress := bob.hears("SIP/2.0 183", 0, 500*ms, 1500*ms, 3500*ms)[0].text
		if header(progress, "Require") != "100rel" || header(progress, "RSeq") == "" || header(progress, "Contact") == "" {
			t.Errorf("183:\n%s", progress)
		}
		t.Log(`# "The UAS MUST NOT send a second reliable provisional response until the first is acknowledged", and no 2xx before the PRACK of a description`)
		bob.hears("SIP/2.0 180")
		bob.hears("SIP/2.0 200")

		t.Log(`# "a PRACK request ... that does not match any unacknowledged reliable provisional response ... 481"`)
		bob.says(inDialog(with(request("PRACK", "2", "2 PRACK"), "RAck: 1 7 INVITE"), progress))
		bob.hears("SIP/2.0 481", 4*time.Second)
		bob.says(inDialog(with(request("PRACK", "3", "3 PRACK"), "RAck: nonsense"), progress))
		bob.hears("SIP/2.0 481", 4*time.Second)

		bob.says(inDialog(with(request("PRACK", "4", "4 PRACK"), "RAck: "+header(progress, "RSeq")+" 1 INVITE"), progress))
		oks := bob.hears("SIP/2.0 200", 4*time.Second, 4*time.Second)
		if header(oks[0].text, "CSeq") != "4 PRACK" || header(oks[1].text, "CSeq") != "1 INVITE" {
			t.Errorf("200 to PRACK, then to INVITE: %v", oks)
		}
		t.Log("# the 180 that waited was overtaken by the final response: it MUST NOT be sent any more")
		bob.hears("SIP/2.0 180")
		bob.says(inDialog(request("ACK", "5", "1 ACK"), progress))
		if dialog.State() != sip.Confirmed || len(l.acks) != 1 {
			t.Errorf("%v, acks %q", dialog.State(), l.acks)
		}
		time.Sleep(time.Minute)
		bob.hears("SIP/2.0 183")
	})
}

func TestReliableProvisionalsInOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, &leg{}, func(d *sip.Dialog) {
			for _, code := range []int{180, 182, 183} {
				d.Provisional(code, "", nil)
			}
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(with(request("INVITE", "1", "1 INVITE"), "Require: 100rel"))
		var before int
		for i, code := range []int{180, 182, 183} {
			got := bob.hears(fmt.Sprintf("SIP/2.0 %d", code), 0)[0].text
			var rseq int
			fmt.Sscan(header(got, "RSeq"), &rseq)
			if i > 0 && rseq != before+1 {
				t.Errorf("RSeq %d after %d", rseq, before)
			}
			before = rseq
			bob.says(inDialog(with(request("PRACK", fmt.Sprint(i+2), fmt.Sprint(i+2)+" PRACK"), fmt.Sprintf("RAck: %d 1 INVITE", rseq)), got))
			bob.hears("SIP/2.0 200", 0)
		}
	})
}

func TestNoPrack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, &leg{}, func(d *sip.Dialog) {
			d.Provisional(183, "application/sdp", []byte("answer"))
			d.Accept("", nil)
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Supported: 100rel"), "offer"))
		t.Log(`# "retransmitted for 64*T1 seconds without reception of a corresponding PRACK, the UAS SHOULD reject the original request with a 5xx"`)
		time.Sleep(32 * time.Second)
		bob.hears("SIP/2.0 183", 0, 500*ms, 1500*ms, 3500*ms, 7500*ms, 15500*ms, 31500*ms)
		bob.hears("SIP/2.0 504", 32*time.Second)
		bob.says(request("ACK", "1", "1 ACK"))
		if n := ua.Stats().Dialogs; n != 0 {
			t.Errorf("%d dialogs left", n)
		}
	})
}

// TestRingingIsNotReliable: who only supports 100rel gets a 180 without the trouble, and a 200 at once.
func TestRingingIsNotReliable(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, &leg{}, func(d *sip.Dialog) {
			d.Provisional(180, "", nil)
			d.Accept("application/sdp", []byte("answer"))
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Supported: 100rel"), "offer"))
		if ringing := bob.hears("SIP/2.0 180", 0)[0].text; header(ringing, "RSeq") != "" {
			t.Errorf("180:\n%s", ringing)
		}
		ok := bob.hears("SIP/2.0 200", 0)[0].text
		if header(ok, "Supported") != "100rel, timer, replaces, join" {
			t.Errorf("Supported: %q", header(ok, "Supported"))
		}
	})
}

// TestCancelWhileWaitingForPrack: the 2xx that waits is never sent.
func TestCancelWhileWaitingForPrack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		ua := w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, &leg{}, func(d *sip.Dialog) {
			d.Provisional(183, "application/sdp", []byte("answer"))
			d.Accept("", nil)
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Require: 100rel"), "offer"))
		progress := bob.hears("SIP/2.0 183", 0)[0].text
		bob.says(request("CANCEL", "1", "1 CANCEL"))
		bob.hears("SIP/2.0 487", 0)
		bob.says(request("ACK", "1", "1 ACK"))
		if oks := bob.hears("SIP/2.0 200", 0); header(oks[0].text, "CSeq") != "1 CANCEL" {
			t.Errorf("200 to %s", header(oks[0].text, "CSeq"))
		}
		bob.says(inDialog(with(request("PRACK", "2", "2 PRACK"), "RAck: "+header(progress, "RSeq")+" 1 INVITE"), progress))
		bob.hears("SIP/2.0 481", 0)
		time.Sleep(time.Minute)
		bob.hears("SIP/2.0 200")
		if n := ua.Stats().Dialogs; n != 0 {
			t.Errorf("%d dialogs left", n)
		}
	})
}

// TestOfferInEveryPlace has the pairs of RFC 6337 §2.2 between two of ours.
func TestOfferInEveryPlace(t *testing.T) {
	for name, row := range map[string]struct {
		invite, progress, ok string // bodies
		prack, ack           string // what they must bring
	}{
		"INVITE and 2xx":          {invite: "offer", ok: "answer"},
		"2xx and ACK":             {ok: "offer", ack: "answer"},
		"INVITE and reliable 183": {invite: "offer", progress: "answer"},
		"reliable 183 and PRACK":  {progress: "offer", prack: "answer"},
		"ringing without either":  {invite: "offer", ok: "answer"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var prack string
				l := &leg{answer: func(d *sip.Dialog, tx *sip.ServerTransaction) {
					if tx.Request().Method == sip.PRACK {
						prack = string(tx.Request().Body())
					}
					d.AcceptTx(tx, "", nil)
				}}
				w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, l, func(d *sip.Dialog) {
					d.Provisional(183, "application/sdp", []byte(row.progress))
					d.Accept("application/sdp", []byte(row.ok))
				})})
				phone := w.agent("192.0.2.2", sip.Config{Supported: extensions})
				d, _, err := phone.Invite(t.Context(), sip.Invitation{
					Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"), Handler: &leg{},
					ContentType: "application/sdp", Body: []byte(row.invite),
					Answer: func(*sip.Response) (string, []byte) { return "application/sdp", []byte("answer") },
				})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if prack != row.prack || len(l.acks) != 1 || l.acks[0] != row.ack {
					t.Errorf("PRACK %q, ACK %q; want %q, %q", prack, l.acks, row.prack, row.ack)
				}
				if res, err := d.Update(t.Context(), "application/sdp", []byte("offer")); err != nil || res.StatusCode != 200 {
					t.Errorf("UPDATE afterwards: %v, %v", res, err)
				}
			})
		})
	}
}

// TestPrackWithAnOffer: "If the UAC receives an answer in the reliable provisional response, it MAY generate an additional offer in the PRACK. If the
// UAS receives a PRACK with an offer, it MUST place the answer in the 2xx to the PRACK" (RFC 3262 §5). The 2xx of the INVITE waits for that.
func TestPrackWithAnOffer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		release := make(chan struct{})
		l := &leg{answer: func(d *sip.Dialog, tx *sip.ServerTransaction) {
			go func() {
				<-release
				d.AcceptTx(tx, "application/sdp", []byte("second answer"))
			}()
		}}
		w.agent("192.0.2.1", sip.Config{Supported: extensions, Handler: rings(t, l, func(d *sip.Dialog) {
			d.Provisional(183, "application/sdp", []byte("answer"))
			d.Accept("", nil)
		})})
		bob := w.wire("192.0.2.3:5060", "192.0.2.1:5060")
		bob.says(described(with(request("INVITE", "1", "1 INVITE"), "Require: 100rel"), "offer"))
		progress := bob.hears("SIP/2.0 183", 0)[0].text
		rack := "RAck: " + header(progress, "RSeq") + " 1 INVITE"
		bob.says(described(inDialog(with(request("PRACK", "2", "2 PRACK"), rack), progress), "second offer"))
		bob.hears("SIP/2.0 200")
		t.Log(`# an UPDATE meanwhile: "the UAS has received an offer ... to which it has not yet generated an answer ... 500 ... Retry-After"`)
		bob.says(described(inDialog(request("UPDATE", "3", "3 UPDATE"), progress), "third offer"))
		if header(bob.hears("SIP/2.0 500", 0)[0].text, "Retry-After") == "" {
			t.Error("500 without Retry-After")
		}
		close(release)
		oks := bob.hears("SIP/2.0 200", 0, 0)
		if body(oks[0].text) != "second answer" || header(oks[1].text, "CSeq") != "1 INVITE" {
			t.Errorf("%v", oks)
		}
	})
}

// TestClientDiscardsWhatIsOutOfOrder: "its RSeq value is not one higher than the value of the sequence number, that response MUST NOT be acknowledged
// with a PRACK, and MUST NOT be processed further by the UAC" (RFC 3262 §4).
func TestClientDiscardsWhatIsOutOfOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{Supported: extensions})
		conf := w.wire("192.0.2.1:5060", "192.0.2.2:5060")
		var seen []int
		done := make(chan error, 1)
		go func() {
			_, _, err := phone.Invite(t.Context(), sip.Invitation{
				Target: mustURI(t, "sip:conf@192.0.2.1"), From: mustURI(t, "sip:a@example.com"), Handler: &leg{}, Body: []byte("offer"),
				ContentType: "application/sdp", Provisional: func(_ *sip.Dialog, res *sip.Response) { seen = append(seen, res.StatusCode) },
			})
			done <- err
		}()
		invite := conf.hears("INVITE", 0)[0].text
		progress := func(code int, rseq string) {
			conf.says(answerTo(invite, code, "x", "Contact: <sip:conf@192.0.2.1>", "Require: 100rel", "RSeq: "+rseq))
		}
		progress(180, "7")
		progress(183, "9")
		progress(180, "7")
		pracks := conf.hears("PRACK", 0)
		if got := header(pracks[0].text, "RAck"); got != "7 1 INVITE" {
			t.Errorf("RAck %q", got)
		}
		conf.says(answerTo(pracks[0].text, 200, ""))
		progress(182, "8")
		progress(183, "9")
		later := conf.hears("PRACK", 0, 0)
		if got := header(later[1].text, "RAck"); got != "9 1 INVITE" {
			t.Errorf("RAck %q", got)
		}
		conf.says(answerTo(later[0].text, 200, ""))
		conf.says(answerTo(later[1].text, 200, ""))
		conf.says(answerTo(invite, 486, "x"))
		var refused *sip.StatusError
		if err := <-done; !errors.As(err, &refused) || refused.Code != 486 {
			t.Errorf("error %v", err)
		}
		if fmt.Sprint(seen) != "[180 182 183]" {
			t.Errorf("seen %v", seen)
		}
	})
}
