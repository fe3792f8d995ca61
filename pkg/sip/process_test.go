package sip_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// processVariable tells this test binary to be a server, at that address.
const processVariable = "SIP_TEST_SERVE"

// TestServeInAProcess is no test but the server of the next one. It is told line by line what to do:
//
//	restore HEX   go on with a dialog
//	snapshot      write the dialog and end
//	info          send INFO in the dialog
//	end           end
func TestServeInAProcess(t *testing.T) {
	address := os.Getenv(processVariable)
	if address == "" {
		t.Skip("only as a process of its own")
	}
	dialogs := make(chan *sip.Dialog, 1)
	l := &leg{answer: func(d *sip.Dialog, tx *sip.ServerTransaction) {
		_ = d.AcceptTx(tx, "text/plain", []byte(fmt.Sprint(os.Getpid())))
	}}
	ua := sip.New(sip.Config{Supported: extensions, Handler: sip.HandlerFunc(func(tx *sip.ServerTransaction) {
		d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("conf"), l)
		if err == nil {
			err = d.Accept("application/sdp", []byte("answer"))
		}
		if err != nil {
			fmt.Println("error", err)
		}
		dialogs <- d
	})})
	defer ua.Close()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	go ua.ServeUDP(conn)
	for !ua.Serves(conn.LocalAddr()) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("listening", conn.LocalAddr())
	var d *sip.Dialog
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		verb, argument, _ := strings.Cut(lines.Text(), " ")
		switch verb {
		case "restore":
			data, _ := hex.DecodeString(argument)
			var state sip.DialogState
			err := state.UnmarshalBinary(data)
			if err == nil {
				d, err = ua.RestoreDialog(state, l)
			}
			fmt.Println("restored", err)
		case "snapshot":
			data, err := (<-dialogs).Snapshot().MarshalBinary()
			fmt.Println("snapshot", hex.EncodeToString(data), err)
			os.Exit(0) // without a word to anybody
		case "info":
			res, err := d.Request(t.Context(), sip.INFO, "", nil)
			fmt.Println("info", res != nil && res.IsSuccess(), err)
		case "end":
			return
		}
	}
}

// serving is such a process.
type serving struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func serves(t *testing.T, address string) (p *serving, at string) {
	t.Helper()
	p = &serving{t: t, cmd: exec.Command(os.Args[0], "-test.run=^TestServeInAProcess$")}
	p.cmd.Env = append(os.Environ(), processVariable+"="+address)
	in, err := p.cmd.StdinPipe()
	out, err2 := p.cmd.StdoutPipe()
	if err := errors.Join(err, err2, p.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	p.in, p.lines = in, bufio.NewScanner(out)
	p.lines.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		in.Close()
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p, p.hears("listening")
}

func (p *serving) says(line string) { fmt.Fprintln(p.in, line) }

func (p *serving) hears(verb string) string {
	p.t.Helper()
	for p.lines.Scan() {
		if got, rest, _ := strings.Cut(p.lines.Text(), " "); got == verb {
			return rest
		}
	}
	p.t.Fatalf("the process has not said %q", verb)
	return ""
}

// TestADialogGoesOnInAnotherProcess: one process takes the call and dies, another goes on with what was written.
func TestADialogGoesOnInAnotherProcess(t *testing.T) {
	first, address := serves(t, "127.0.0.1:0")
	phone := sip.New(sip.Config{Supported: extensions})
	defer phone.Close()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go phone.ServeUDP(conn)
	for !phone.Serves(conn.LocalAddr()) {
		time.Sleep(time.Millisecond)
	}
	d, _, err := phone.Invite(t.Context(), sip.Invitation{Target: mustURI(t, "sip:conf@"+address), From: mustURI(t, "sip:alice@example.com"),
		Handler: quiet{}, ContentType: "application/sdp", Body: []byte("offer")})
	if err != nil {
		t.Fatal(err)
	}
	before := ask(t, d)
	if before != fmt.Sprint(first.cmd.Process.Pid) {
		t.Errorf("INFO answered by %s", before)
	}
	first.says("snapshot")
	state, _, _ := strings.Cut(first.hears("snapshot"), " ")
	first.cmd.Wait()

	second, _ := serves(t, address)
	second.says("restore " + state)
	if got := second.hears("restored"); got != "<nil>" {
		t.Fatal(got)
	}
	if now := ask(t, d); now != fmt.Sprint(second.cmd.Process.Pid) {
		t.Errorf("INFO answered by %s, want %d", now, second.cmd.Process.Pid)
	}
	second.says("info")
	if got := second.hears("info"); got != "true <nil>" {
		t.Errorf("INFO of the second process: %s", got)
	}
	if res, err := d.Update(t.Context(), "application/sdp", []byte("offer")); err != nil || !res.IsSuccess() {
		t.Errorf("UPDATE: %v, %v", res, err)
	}
	if res, err := d.Request(t.Context(), sip.BYE, "", nil); err != nil || res.StatusCode != 200 {
		t.Errorf("BYE: %v, %v", res, err)
	}
	if res, err := d.Request(t.Context(), sip.INFO, "", nil); err != nil || res.StatusCode != 481 {
		t.Errorf("INFO after BYE: %v, %v", res, err)
	}
	second.says("end")
}

// ask returns the body of the answer to an INFO.
func ask(t *testing.T, d *sip.Dialog) string {
	t.Helper()
	res, err := d.Request(t.Context(), sip.INFO, "", nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("INFO: %v, %v", res, err)
	}
	return string(res.Body())
}
