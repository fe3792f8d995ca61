package hostile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

const loopback = "127.0.0.1"

// server is bin/focus as a process of its own.
type server struct {
	t                *testing.T
	dir              string
	sip, sips, https string // HOST:PORT
	token            string
	clients          map[string]*http.Client // by the address they call from
	command          *exec.Cmd
	log              bytes.Buffer // complete once it has ended
}

// serve builds bin/focus and starts it on loopback, with more flags if need be; with the race detector if the tests have it.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), sip: freePort(t), sips: freePort(t), https: freePort(t), clients: map[string]*http.Client{}}
	build := exec.Command("go", append([]string{"build", "-o", s.in("focus")}, append(race(), "../../cmd/focus")...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building focus: %v\n%s", err, out)
	}
	s.start(flags...)
	return s
}

// start starts what serve has built, and waits until it serves.
func (s *server) start(flags ...string) {
	s.t.Helper()
	s.command = exec.Command(s.in("focus"), append([]string{"serve", "--data", s.in("data"), "--sip", s.sip, "--sips", s.sips, "--https", s.https,
		"--media-ip", loopback, "--log-format", "json"}, flags...)...)
	s.command.Stderr = &s.log
	out, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.command.Process.Kill() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ctrl-C ends the server") {
			s.token = strings.TrimSpace(string(s.read("data/cli.token")))
			return
		}
	}
	s.command.Wait()
	s.t.Fatalf("it ended: %s", s.log.String())
}

// kill ends it as a power failure would, if only for this process.
func (s *server) kill() {
	s.t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.command.Wait()
	for _, client := range s.clients {
		client.CloseIdleConnections()
	}
}

// race is the flag that the tests were built with.
func race() []string {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" && setting.Value == "true" {
			return []string{"-race"}
		}
	}
	return nil
}

func (s *server) in(path string) string { return filepath.Join(s.dir, path) }

func (s *server) read(path string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(s.in(path))
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// freePort is a port of loopback that is free for UDP and TCP now.
func freePort(t *testing.T) string {
	t.Helper()
	for range 50 {
		listener, err := net.Listen("tcp", loopback+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // those that are found not to be free for both stay taken meanwhile
		if conn, err := net.ListenPacket("udp", listener.Addr().String()); err == nil {
			conn.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

func (s *server) sipAddr() netip.AddrPort { return netip.MustParseAddrPort(s.sip) }

// memory is the resident set of the server, in MB.
func (s *server) memory() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		s.t.Skip(err)
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(line)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return kilobytes / 1024
}

// costs runs an attack and wants the server's memory to grow by no more than most, in MB; twice that with the race detector, which keeps
// books on every word.
func (s *server) costs(t *testing.T, most int, attack func()) {
	t.Helper()
	if race() != nil {
		most *= 2
	}
	before, began := s.memory(), time.Now()
	attack()
	after := s.memory()
	t.Logf("%v; the server has %d MB, had %d", time.Since(began).Round(time.Millisecond), after, before)
	if after-before > most {
		t.Errorf("it cost %d MB, want %d at most", after-before, most)
	}
}

// stop sends Ctrl-C and returns the lines of the log.
func (s *server) stop() (lines []map[string]any) {
	s.t.Helper()
	s.command.Process.Signal(os.Interrupt)
	if err := s.command.Wait(); err != nil {
		s.t.Errorf("it ended with %v: %s", err, s.log.String())
	}
	for text := range strings.Lines(s.log.String()) {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			s.t.Errorf("not a line of the log: %s", text)
		}
		lines = append(lines, line)
	}
	return lines
}
