package sip_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/internal/testdata"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// outcome is what the README of the RFC 4475 messages expects of a server whose handler answers 200. Files that are not here are only sent.
var outcome = map[string]string{
	"badinv01.dat": "400", "badvers.dat": "505", "bext01.dat": "420", "clerr.dat": "400", "mismatch01.dat": "400", "ncl.dat": "400", "quotbal.dat": "400",
	"lwsruri.dat": "400", "noreason.dat": "", "scalarlg.dat": "", "novelsc.dat": "416", "unkscm.dat": "416",
	"cparam01.dat": "200", "cparam02.dat": "200", "dblreq.dat": "200", "intmeth.dat": "200", "inv2543.dat": "200", "semiuri.dat": "200",
	"longreq.dat": "200", "esc01.dat": "200", "transports.dat": "200", "wsinv.dat": "481", "regescrt.dat": "200",
}

func TestTortureMessages(t *testing.T) {
	dir := testdata.Dir(t, "sip-torture-rfc4475")
	files, _ := filepath.Glob(filepath.Join(dir, "*.dat"))
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			inWorld(t, func(t *testing.T, w *world) {
				ua := w.agent("192.0.2.1", sip.Config{Handler: reply(200)})
				got := ""
				answer, served := ua.Inject(data), ua.Stats()
				synctest.Wait()
				if len(answer) == 0 {
					answer = ua.LastAnswer()
				}
				if fields := strings.Fields(string(answer)); len(fields) > 1 {
					got = fields[1]
				}
				if want, ok := outcome[filepath.Base(file)]; ok && got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
				if served.Panics != 0 {
					t.Error("panic")
				}
				t.Log("# the next message is served")
				ua.Inject([]byte(crlf(request("OPTIONS", "next", "1 OPTIONS"))))
				synctest.Wait()
				if !bytes.HasPrefix(ua.LastAnswer(), []byte("SIP/2.0 200")) {
					t.Errorf("afterwards: %s", ua.LastAnswer())
				}
			})
		})
	}
}

func FuzzMessage(f *testing.F) {
	for _, method := range []string{"INVITE", "ACK", "CANCEL", "BYE", "INFO"} {
		f.Add([]byte(crlf(request(method, "1", "1 "+method))))
	}
	f.Add([]byte(crlf(strings.Replace(request("INVITE", "", "1 INVITE"), "sip:conf", "soap.beep://x", 1))))
	f.Add([]byte(crlf("SIP/2.0 200 OK\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\nFrom: <sip:a@b>\nTo: <sip:a@b>\nCall-ID: 1\nCSeq: 1 INVITE\n\n")))
	ua := sip.New(sip.Config{MaxTransactions: 100, MaxDialogs: 100, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), &leg{})
		if err != nil {
			tx.Reply(400)
			return
		}
		d.Provisional(180, "", nil)
		d.Reject(486)
	})})
	quiet := sip.New(sip.Config{}) // has no request whose answer could come late, and be taken for that to a response
	f.Cleanup(func() { ua.Close(); quiet.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.HasPrefix(data, []byte("SIP/2.0 ")) {
			if answer := quiet.Inject(data); len(answer) > 0 {
				t.Fatalf("a response was answered by %q", answer)
			}
			return
		}
		answer := ua.Inject(data)
		if ua.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if len(answer) > 0 && !bytes.HasPrefix(answer, []byte("SIP/2.0 ")) {
			t.Fatalf("answer %q", answer)
		}
	})
}
