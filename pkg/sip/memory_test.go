package sip_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// maxDialogMemory is what an established dialog may cost, in octets.
const maxDialogMemory = 8 << 10

// TestMemoryOfADialog: calls with INVITEs as telephones send them, after their transactions are over. With 10,000 of them it is the same, 1.5 KB.
func TestMemoryOfADialog(t *testing.T) {
	const calls = 2_000
	synctest.Test(t, func(t *testing.T) {
		var dialogs []*sip.Dialog
		ua := sip.New(sip.Config{Supported: extensions, MaxTransactions: 2 * calls, MaxDialogs: calls, Exempt: func(sip.Peer) bool { return true },
			Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
				d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), quiet{})
				if err == nil {
					err = d.Accept("application/sdp", []byte(strings.Repeat("a=answer\r\n", 40)))
				}
				if err != nil {
					t.Error(err)
				}
				dialogs = append(dialogs, d)
			})})
		before := heap()
		for i := range calls {
			call := func(method, branch string) string {
				text := strings.Replace(request(method, fmt.Sprint(branch, i), "1 "+method), "Call-ID: story", fmt.Sprintf("Call-ID: %d-1234567890@192.0.2.3", i), 1)
				return with(text, "Supported: timer, replaces", "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO", "User-Agent: Telephone/1.0 (with a long name)")
			}
			ua.Inject([]byte(crlf(described(call("INVITE", "i"), strings.Repeat("a=offer..\n", 60)))))
			synctest.Wait()
			to := dialogs[i].ID().LocalTag
			ua.Inject([]byte(crlf(strings.Replace(call("ACK", "a"), "To: <sip:conf@example.com>", "To: <sip:conf@example.com>;tag="+to, 1))))
		}
		synctest.Wait()
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if s := ua.Stats(); s.Dialogs != calls || s.ServerTransactions != 0 {
			t.Fatalf("%+v", s)
		}
		each := (heap() - before) / calls
		t.Logf("%d octets for each of %d dialogs", each, calls)
		if each > maxDialogMemory {
			t.Errorf("%d octets for a dialog, want at most %d", each, maxDialogMemory)
		}
		runtime.KeepAlive(dialogs)
		ua.Close()
	})
}

func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
