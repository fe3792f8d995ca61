package sip_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// leg is a DialogHandler that writes down what happens, of several dialogs if need be: those do not wait for each other.
type leg struct {
	mu       sync.Mutex
	requests []string
	acks     []string
	errs     []error
	answer   func(d *sip.Dialog, tx *sip.ServerTransaction)
}

func (l *leg) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	l.mu.Lock()
	l.requests = append(l.requests, string(tx.Request().Method))
	l.mu.Unlock()
	if l.answer != nil {
		l.answer(d, tx)
		return
	}
	d.AcceptTx(tx, "", nil)
}

func (l *leg) Acknowledged(d *sip.Dialog, ack *sip.Request, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	l.acks = append(l.acks, string(ack.Body()))
}

// accepts answers each INVITE with 180 and 200.
func accepts(t *testing.T, l *leg, dialogs *[]*sip.Dialog) sip.Handler {
	return sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), l)
		if err != nil {
			t.Error(err)
			return
		}
		l.mu.Lock()
		*dialogs = append(*dialogs, d)
		l.mu.Unlock()
		if err := d.Provisional(180, "", nil); err != nil {
			t.Error(err)
		}
		if err := d.Accept("application/sdp", []byte("v=0\r\n")); err != nil {
			t.Error(err)
		}
	})
}

func TestACallOverEveryTransport(t *testing.T) {
	for _, transport := range []string{"", ";transport=tcp"} {
		t.Run("sip"+transport, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				conf, alice := &leg{}, &leg{}
				var dialogs []*sip.Dialog
				w.agent("192.0.2.1", sip.Config{Handler: accepts(t, conf, &dialogs)})
				phone := w.agent("192.0.2.2", sip.Config{})
				ctx := t.Context()

				t.Log("# alice calls the conference")
				var rang []int
				d, res, err := phone.Invite(ctx, sip.Invitation{
					Target: mustURI(t, "sip:conf@192.0.2.1"+transport), From: mustURI(t, "sip:alice@example.com"), Handler: alice,
					ContentType: "application/sdp", Body: []byte("v=0\r\n"),
					Provisional: func(_ *sip.Dialog, res *sip.Response) { rang = append(rang, res.StatusCode) },
				})
				if err != nil || res.StatusCode != 200 {
					t.Fatalf("answer %v, %v", res, err)
				}
				synctest.Wait()
				if len(rang) != 1 || rang[0] != 180 || len(conf.acks) != 1 {
					t.Errorf("provisional %v, acks %q", rang, conf.acks)
				}

				t.Log("# both sides ask something in the dialog")
				if res, err := d.Request(ctx, sip.INFO, "text/plain", []byte("hello")); err != nil || res.StatusCode != 200 {
					t.Errorf("INFO: %v, %v", res, err)
				}
				if res, err := dialogs[0].Request(ctx, sip.INFO, "", nil); err != nil || res.StatusCode != 200 {
					t.Errorf("INFO: %v, %v", res, err)
				}
				if res, err := dialogs[0].Invite(ctx, "application/sdp", []byte("v=0\r\n")); err != nil || res.StatusCode != 200 {
					t.Errorf("re-INVITE: %v, %v", res, err)
				}
				if err := d.Bye(ctx, sip.ReasonHeader("SIP", 200, "done")); err != nil {
					t.Error(err)
				}
				<-dialogs[0].Done()
				if d.State() != sip.Terminated {
					t.Errorf("state %v after BYE", d.State())
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestNobodyThere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := w.agent("192.0.2.2", sip.Config{})
		_, err := phone.Do(context.Background(), sip.NewRequest(sip.OPTIONS, mustURI(t, "sip:192.0.2.9")))
		if !errors.Is(err, sip.ErrTimeout) {
			t.Errorf("error %v, want ErrTimeout", err)
		}
	})
}
