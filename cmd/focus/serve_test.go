package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/phone"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/pcm"
	"github.com/seed-f3cefc8c/focus/pkg/sdp"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// server is `focus serve` as a process of its own, on loopback, in a folder of its own.
type server struct {
	t        *testing.T
	dir      string // where it was started; bin/focus is there
	command  *exec.Cmd
	greeting string
	log      *bytes.Buffer // once it has ended
	ports    []string      // SIP, SIPS, HTTPS
}

// newServer makes the folder; start starts.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), ports: freePorts(t, 3)}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.in("bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, s.in("bin/focus")); err != nil { // TestMain is focus under that name
		t.Fatal(err)
	}
	return s
}

func (s *server) in(path string) string { return filepath.Join(s.dir, path) }

// start returns when the server has greeted.
func (s *server) start() {
	s.t.Helper()
	s.log = &bytes.Buffer{}
	s.command = exec.Command(s.in("bin/focus"), "serve", "--sip", "127.0.0.1:"+s.ports[0], "--sips", "127.0.0.1:"+s.ports[1],
		"--https", "127.0.0.1:"+s.ports[2], "--media-ip", "127.0.0.1")
	s.command.Dir, s.command.Stderr = s.dir, s.log
	out, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	began := time.Now()
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.command.Process.Kill() })
	s.greeting = ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		s.greeting += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "Ctrl-C ends the server") {
			s.t.Logf("greeting after %v", time.Since(began).Round(time.Millisecond))
			return
		}
	}
	s.command.Wait()
	s.t.Fatalf("it ended: %s", s.log)
}

// stop sends Ctrl-C and wants a good end.
func (s *server) stop() {
	s.t.Helper()
	began := time.Now()
	s.command.Process.Signal(os.Interrupt)
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("it ended with %v: %s", err, s.log)
	}
	if took := time.Since(began); took > 5*time.Second {
		s.t.Errorf("it took %v to end", took)
	}
}

// shell runs a script in the server's folder, as somebody who pastes it.
func (s *server) shell(script string) string {
	s.t.Helper()
	command := exec.Command("sh", "-eu", "-c", script)
	command.Dir = s.dir
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		s.t.Fatalf("%s\n%v", script, err)
	}
	return string(out)
}

// curl is the line of the greeting.
func (s *server) curl() string {
	s.t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		s.t.Skip("no curl")
	}
	_, line, _ := strings.Cut(s.greeting, "  curl")
	line, _, ok := strings.Cut(line, "\n\n")
	if !ok {
		s.t.Fatalf("no curl line in %s", s.greeting)
	}
	return "curl -sS" + line
}

// calls dials the URI of the greeting.
func (s *server) calls(name string) *phone.Phone {
	s.t.Helper()
	_, uri, _ := strings.Cut(s.greeting, "Then dial ")
	uri, _, _ = strings.Cut(uri, ",")
	return s.dials(phone.Config{Target: uri, Identity: "sip:" + name + "@127.0.0.1", Network: phone.System(nil)})
}

// callsByTLS dials the same over TLS, and trusts who signed the server's certificate.
func (s *server) callsByTLS(name string) *phone.Phone {
	s.t.Helper()
	roots, err := trust(s.in("data/ca.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.dials(phone.Config{
		Target: "sip:meeting@127.0.0.1", Identity: "sip:" + name + "@127.0.0.1", Network: phone.System(&tls.Config{RootCAs: roots}),
		Transport: "tls", Server: "127.0.0.1:" + s.ports[1],
	})
}

func (s *server) dials(config phone.Config) *phone.Phone {
	s.t.Helper()
	config.Codecs, config.Address = mcu.Codecs()[:1:1], netip.MustParseAddr("127.0.0.1")
	p, err := phone.Dial(s.t.Context(), config)
	if err != nil {
		s.t.Fatalf("%s dials %s: %v", config.Identity, config.Target, err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a killed server answers no BYE
		defer cancel()
		p.HangUp(ctx)
	})
	return p
}

func (s *server) wantsOut(why string, p *phone.Phone) {
	s.t.Helper()
	select {
	case <-p.Done():
	case <-time.After(5 * time.Second):
		s.t.Errorf("still in the call: %s", why)
	}
}

func TestFromTheGreetingToCtrlC(t *testing.T) {
	s := newServer(t)
	s.start()
	if !strings.Contains(s.greeting, "The administrator is admin with the password ") {
		t.Errorf("no password in %s", s.greeting)
	}

	t.Log("# somebody pastes the curl line and dials")
	if made := s.shell(s.curl()); !strings.Contains(made, `"uri":"sip:meeting@127.0.0.1:`) {
		t.Fatalf("curl: %s", made)
	}
	alice, bob, carol := s.calls("alice"), s.calls("bob"), s.callsByTLS("carol")
	if alice.Protection() != "" || carol.Protection() != "AEAD_AES_128_GCM" {
		t.Errorf("media of who calls by UDP has %q, of who calls by TLS %q", alice.Protection(), carol.Protection())
	}
	s.shell("bin/focus conference record meeting start")
	<-alice.Say(16000, pcm.Tone(16000, 440, time.Second, -12))
	roster := s.shell("bin/focus conference show meeting")
	if strings.Count(roster, "connected") != 3 || !strings.Contains(roster, "recording     started") {
		t.Errorf("roster:\n%s", roster)
	}

	t.Log("# Ctrl-C: all are hung up on, the recording is closed")
	s.stop()
	s.wantsOut("the server is gone", alice)
	s.wantsOut("the server is gone", bob)
	s.wantsOut("the server is gone", carol)
	manifests, _ := filepath.Glob(s.in("data/recordings/meeting/*/manifest.json"))
	parts, _ := filepath.Glob(s.in("data/recordings/meeting/*/*.part"))
	if len(manifests) != 1 || len(parts) != 0 {
		t.Errorf("manifests %v, unfinished files %v", manifests, parts)
	}

	t.Log("# the next start knows the conference, and shows no password")
	s.start()
	if strings.Contains(s.greeting, "password") {
		t.Errorf("greeting of the second start: %s", s.greeting)
	}
	s.calls("dave")
	t.Log("# and how the calls of the first one sounded")
	list := s.shell("bin/focus call list --conference meeting")
	if strings.Count(list, "\n") != 4 || !strings.Contains(list, "sip:carol@") || !strings.Contains(list, "AEAD_AES_128_GCM (SDES)") {
		t.Errorf("calls:\n%s", list)
	}
	newest := strings.Fields(strings.Split(list, "\n")[1])
	if shown := s.shell("bin/focus call show '" + newest[len(newest)-1] + "'"); !strings.HasPrefix(shown, "VQSessionReport") {
		t.Errorf("call show: %s", shown)
	}

	t.Log("# and so does the one after kill -9")
	s.shell("bin/focus conference new --id afterall")
	s.command.Process.Signal(syscall.SIGKILL)
	s.command.Wait()
	s.start()
	if list := s.shell("bin/focus conference list"); !strings.Contains(list, "afterall") || !strings.Contains(list, "meeting") {
		t.Errorf("after kill -9:\n%s", list)
	}
	s.stop()
}

func TestBrowsersAreAnswered(t *testing.T) {
	s := newServer(t)
	plain := "127.0.0.1:" + freePorts(t, 1)[0]
	t.Setenv("FOCUS_WS", plain)
	t.Setenv("FOCUS_WS_ORIGINS", "https://app.example.org")
	s.start()
	roots, err := trust(s.in("data/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	secure, err := tls.Dial("tcp", "127.0.0.1:"+s.ports[2], &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	upgradesTo(t, secure, "/ws", "https://app.example.org", "101")
	for origin, want := range map[string]string{"https://app.example.org": "101", "https://evil.example": "403"} {
		conn, err := net.Dial("tcp", plain)
		if err != nil {
			t.Fatal(err)
		}
		upgradesTo(t, conn, "/any", origin, want)
	}
	if !strings.Contains(s.greeting, "wss://127.0.0.1:"+s.ports[2]+"/ws") || !strings.Contains(s.greeting, "ws://"+plain) {
		t.Errorf("greeting %s", s.greeting)
	}
	s.stop()
}

// upgradesTo asks for SIP over WebSocket and leaves the connection open.
func upgradesTo(t *testing.T, conn net.Conn, path, origin, want string) {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n", path, origin)
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+want) {
		t.Errorf("%s: %q, %v; want %s", origin, line, err, want)
	}
}

// TestHangup: SIGHUP makes the server show a new certificate, while a call goes on.
func TestHangup(t *testing.T) {
	const name = "conference.example.com"
	folder := t.TempDir()
	shows := func(from string) {
		copyFile(t, from+"/cert.pem", filepath.Join(folder, "cert.pem"))
		copyFile(t, from+"/key.pem", filepath.Join(folder, "key.pem"))
	}
	first, second := authority(t, name), authority(t, name)
	shows(first)
	t.Setenv("FOCUS_TLS_CERT", filepath.Join(folder, "cert.pem"))
	t.Setenv("FOCUS_TLS_KEY", filepath.Join(folder, "key.pem"))
	s := newServer(t)
	s.start()
	s.shell("bin/focus conference new --id meeting --policy anonymous")
	alice := s.calls("alice")
	dials := func(trusted string) error {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+s.ports[1], trusting(t, trusted, name))
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := dials(first); err != nil {
		t.Errorf("before: %v", err)
	}
	shows(second)
	s.command.Process.Signal(syscall.SIGHUP)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	err := dials(second)
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); <-tick.C {
		err = dials(second)
	}
	if err != nil {
		t.Errorf("after: %v", err)
	}
	if roster := s.shell("bin/focus conference show meeting"); strings.Count(roster, "connected") != 1 {
		t.Errorf("alice's call:\n%s", roster)
	}
	s.stop()
	s.wantsOut("the server is gone", alice)
}

// TestTheREADMEIsTrue runs its examples, but for those that make runs, against a server on other ports.
func TestTheREADMEIsTrue(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.start()
	examples := 0
	for i, block := range strings.Split(string(readme), "```sh\n") {
		if i == 0 {
			continue
		}
		script, _, _ := strings.Cut(block, "```")
		if target, ok := strings.CutPrefix(script, "make "); ok {
			if !strings.Contains(string(makefile), "\n"+strings.TrimSpace(target)+":") {
				t.Errorf("there is no %s", script)
			}
			continue
		}
		examples++
		script = strings.ReplaceAll(script, "localhost:8443", "localhost:"+s.ports[2])
		if strings.Contains(script, sessionOfREADME) {
			s.session(script)
			continue
		}
		s.shell(script)
	}
	if examples < 5 {
		t.Errorf("only %d examples were found", examples)
	}
	s.stop()
}

// Who calls by TLS must encrypt, and is told so; --media-encryption says it otherwise.
func TestTLSWithoutSRTP(t *testing.T) {
	s := newServer(t)
	s.start()
	s.shell("bin/focus conference new --id meeting --policy anonymous")
	roots, err := trust(s.in("data/ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	config := phone.Config{
		Target: "sip:meeting@127.0.0.1", Identity: "sip:carol@127.0.0.1", Network: phone.System(&tls.Config{RootCAs: roots}), Encryption: sdp.None,
		Transport: "tls", Server: "127.0.0.1:" + s.ports[1], Codecs: mcu.Codecs()[:1:1], Address: netip.MustParseAddr("127.0.0.1"),
	}
	_, err = phone.Dial(t.Context(), config)
	var refused *sip.StatusError
	if !errors.As(err, &refused) || refused.Code != 488 {
		t.Fatalf("without SRTP: %v, want 488", err)
	}
	if warning := sip.HeaderValue(refused.Response, "Warning"); !strings.Contains(warning, "turn on SRTP") {
		t.Errorf("Warning: %s", warning)
	}
	s.stop()
	t.Setenv("FOCUS_MEDIA_ENCRYPTION", "preferred")
	s.start()
	if p := s.dials(config); p.Protection() != "" {
		t.Errorf("the media has %s", p.Protection())
	}
	s.stop()
}
