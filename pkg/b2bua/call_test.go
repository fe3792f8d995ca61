package b2bua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

// house has telephones that answer INVITE with a status each, on ports from 6001.
type house struct {
	net   *siptest.Network
	ua    *sip.UserAgent // who calls
	mu    sync.Mutex
	heard []string // what each telephone got
}

func inHouse(t *testing.T, statuses []int, story func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{net: siptest.NewNetwork()}
		for i, status := range statuses {
			h.telephone(t, fmt.Sprintf("192.0.2.2:%d", 6001+i), status)
		}
		h.ua = h.agent(t, "192.0.2.1:5060", sip.Config{})
		story(t, h)
	})
}

func (h *house) agent(t *testing.T, address string, config sip.Config) *sip.UserAgent {
	config.Dial = func(ctx context.Context, _, addr string) (net.Conn, error) {
		return h.net.DialFrom(ctx, "192.0.2.1:0", addr)
	}
	ua := sip.New(config)
	t.Cleanup(func() { ua.Close() })
	conn, err := h.net.ListenPacket(address)
	if err != nil {
		t.Fatal(err)
	}
	go ua.ServeUDP(conn)
	synctest.Wait()
	return ua
}

// telephone answers after a second; 0 rings.
func (h *house) telephone(t *testing.T, address string, status int) {
	h.agent(t, address, sip.Config{Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		h.note(address, tx.Request().Method)
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("x"), &listener{h, address})
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			patience := time.Second
			if status == 0 {
				patience = time.Hour
			}
			select {
			case <-tx.Cancelled():
				h.note(address, sip.CANCEL)
			case <-tx.Done():
			case <-time.After(patience):
				if status == 200 {
					_ = d.Accept(mediaTypeSDP, []byte("v=0\r\n"))
				} else {
					_ = tx.Reply(status)
				}
			}
		}()
	})})
}

func (h *house) note(address string, method sip.Method) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, address[len(address)-1:]+" "+string(method))
}

func (h *house) wants(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.heard)
	if !slices.Equal(h.heard, want) {
		t.Errorf("telephones heard %q, want %q", h.heard, want)
	}
}

type listener struct {
	house   *house
	address string
}

func (l *listener) ServeDialog(d *sip.Dialog, tx *sip.ServerTransaction) {
	l.house.note(l.address, tx.Request().Method)
	_ = d.AcceptTx(tx, "", nil)
}

func (l *listener) Acknowledged(*sip.Dialog, *sip.Request, error) {}

// calls reaches telephones: each list is the ways to one device.
func calls(t *testing.T, devices ...[]string) (all [][]sip.Invitation) {
	t.Helper()
	from, _ := sip.ParseURI("sip:conf@example.com")
	for _, ways := range devices {
		var device []sip.Invitation
		for _, way := range ways {
			target, err := sip.ParseURI("sip:x@192.0.2.2:" + way)
			if err != nil {
				t.Fatal(err)
			}
			device = append(device, sip.Invitation{Target: target, From: from, Handler: &listener{}})
		}
		all = append(all, device)
	}
	return all
}

func TestTheFirstAnswerWinsAndTheOthersAreCancelled(t *testing.T) {
	inHouse(t, []int{0, 200, 486}, func(t *testing.T, h *house) {
		d, res, err := ring(t.Context(), h.ua, calls(t, []string{"6001"}, []string{"6002"}, []string{"6003"}))
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%v, %v", res, err)
		}
		h.wants(t, "1 CANCEL", "1 INVITE", "2 INVITE", "3 INVITE")
		_ = d.Bye(t.Context())
		h.wants(t, "1 CANCEL", "1 INVITE", "2 BYE", "2 INVITE", "3 INVITE")
	})
}

func TestTwoAnswersAtTheSameMoment(t *testing.T) {
	inHouse(t, []int{200, 200}, func(t *testing.T, h *house) {
		if _, _, err := ring(t.Context(), h.ua, calls(t, []string{"6001"}, []string{"6002"})); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := h.ua.Stats().Dialogs; n != 1 {
			t.Errorf("%d calls stand, want one; telephones heard %q", n, h.heard)
		}
	})
}

func TestWaysToOneDeviceOneAfterTheOther(t *testing.T) {
	inHouse(t, []int{430, 200}, func(t *testing.T, h *house) {
		t.Log("# a proxy that has lost the flow, a connection that nobody takes, and one that works")
		_, _, err := ring(t.Context(), h.ua, calls(t, []string{"6001", "7777;transport=tcp", "6002"}))
		if err != nil {
			t.Fatal(err)
		}
		h.wants(t, "1 INVITE", "2 INVITE")
	})
}

func TestWhatIsSaidOfACallThatNobodyTakes(t *testing.T) {
	for _, row := range []struct {
		statuses []int
		want     int
	}{
		{[]int{480, 486}, 486}, {[]int{404, 480}, 404}, {[]int{480, 603}, 603}, {[]int{0, 603}, 603},
	} {
		inHouse(t, row.statuses, func(t *testing.T, h *house) {
			_, _, err := ring(t.Context(), h.ua, calls(t, []string{"6001"}, []string{"6002"}))
			var refused *sip.StatusError
			if !errors.As(err, &refused) || refused.Code != row.want {
				t.Errorf("%v: %v, want %d", row.statuses, err, row.want)
			}
		})
	}
}

func TestNobodyTakesItInTime(t *testing.T) {
	inHouse(t, []int{0}, func(t *testing.T, h *house) {
		late := errors.New("nobody answers")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, late)
		defer cancel()
		if _, _, err := ring(ctx, h.ua, calls(t, []string{"6001"})); !errors.Is(err, late) {
			t.Errorf("%v, want %v", err, late)
		}
		h.wants(t, "1 CANCEL", "1 INVITE")
	})
}
