//go:build interop

package interop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is bin/focus with a data folder of its own.
type server struct {
	*process
	dir    string // where it was started; its data are in data/
	args   []string
	where  *nook  // nil: on the public side
	public string // how it is reached: host, or that of the 1:1 NAT before it
	client *http.Client
	token  string
}

// serves starts a server and waits until it is ready.
func serves(t *testing.T, args ...string) *server {
	t.Helper()
	return servesAt(t, nil, host, args...)
}

// servesAt starts a server elsewhere, which is reached at that address.
func servesAt(t *testing.T, where *nook, public string, args ...string) *server {
	t.Helper()
	s := &server{dir: t.TempDir(), args: args, where: where, public: public}
	s.starts(t)
	return s
}

// starts runs the server, for the first time or once more on the same data.
func (s *server) starts(t *testing.T) {
	t.Helper()
	began := time.Now()
	bound := s.where.address()
	args := []string{"serve", "--data", "data", "--domain", s.public, "--sip", bound + ":5060", "--sips", bound + ":5061",
		"--https", ":8443", "--media-ip", bound}
	s.process = startsWith(t, "focus", s.dir, s.where.moves, focusBinary(), append(args, s.args...)...)
	if !until(10*time.Second, func() bool { return !s.running() || s.trusts() && s.ready() }) || !s.running() {
		t.Fatalf("the server is not ready after %v", time.Since(began))
	}
	t.Logf("the server was ready after %v", time.Since(began).Round(10*time.Millisecond))
}

// trusts reads the files by which a client on the same host talks to the server; false while they are not there yet.
func (s *server) trusts() bool {
	authority, err := os.ReadFile(s.path("ca.pem"))
	if err != nil {
		return false
	}
	token, err := os.ReadFile(s.path("cli.token"))
	if err != nil {
		return false
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	s.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	s.token = strings.TrimSpace(string(token))
	return true
}

func (s *server) ready() bool {
	response, err := s.client.Get("https://" + s.public + ":8443/readyz")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (s *server) sip() string { return s.public + ":5060" }

// path is that of a file under the data folder.
func (s *server) path(name ...string) string {
	return filepath.Join(append([]string{s.dir, "data"}, name...)...)
}

// with is the same server, whose failures are those of a part of the test.
func (s *server) with(t *testing.T) *server {
	part, process := *s, *s.process
	process.t, part.process = t, &process
	return &part
}

// kills is kill -9.
func (s *server) kills() {
	s.signals(syscall.SIGKILL)
	<-s.done
}

// asks makes a request of the administrator and reads the answer into result.
func (s *server) asks(method, path, body string, want int, result any) {
	s.t.Helper()
	request, err := http.NewRequest(method, "https://"+s.public+":8443"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		s.t.Fatalf("%s %s %s: %s %s %v, want %d", method, path, body, response.Status, text, err, want)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(text, result); err != nil {
		s.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}

// meeting is a conference as the server tells it.
type meeting struct {
	ID, URI, Recording string
	Active             bool
	Participants       int
}

// makes a conference.
func (s *server) makes(body string) (m meeting) {
	s.t.Helper()
	s.asks("POST", "/v1/conferences", body, http.StatusCreated, &m)
	return m
}

// shows a conference as it is now.
func (s *server) shows(id string) (m meeting) {
	s.t.Helper()
	s.asks("GET", "/v1/conferences/"+id, "", http.StatusOK, &m)
	return m
}

// records starts, pauses, resumes or stops the recording.
func (s *server) records(id, action string) {
	s.t.Helper()
	s.asks("POST", "/v1/conferences/"+id+"/recording", `{"action": "`+action+`"}`, http.StatusOK, nil)
}

// hasUser adds a user who can log in by SIP.
func (s *server) hasUser(name, password string) {
	s.t.Helper()
	s.asks("POST", "/v1/users", `{"name": "`+name+`", "password": "`+password+`"}`, http.StatusCreated, nil)
}

// wantsParticipants waits until so many are in the conference.
func (s *server) wantsParticipants(id string, want int, within time.Duration) {
	s.t.Helper()
	if got := -1; !until(within, func() bool { got = s.shows(id).Participants; return got == want }) {
		s.t.Errorf("%d participants, want %d", got, want)
	}
}

// burden is what the process holds.
type burden struct{ Descriptors, Threads, MemoryKB int }

func (s *server) burden() (b burden) {
	s.t.Helper()
	proc := "/proc/" + strconv.Itoa(s.pid())
	open, err := os.ReadDir(proc + "/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		s.t.Fatal(err)
	}
	field := func(name string) int {
		found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`).FindSubmatch(status)
		if found == nil {
			return 0
		}
		n, _ := strconv.Atoi(string(found[1]))
		return n
	}
	return burden{Descriptors: len(open), Threads: field("Threads"), MemoryKB: field("VmRSS")}
}

// goroutines ends the server with SIGQUIT, upon which the Go runtime prints every goroutine, and counts them by what created them.
func (s *server) goroutines() map[string]int {
	s.t.Helper()
	s.signals(syscall.SIGQUIT)
	if !s.endsWithin(10 * time.Second) {
		s.t.Fatal("SIGQUIT does not end the server")
	}
	text, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	return byCreator(text)
}

var (
	creator   = regexp.MustCompile(`(?m)^created by (\S+) in goroutine`)
	goroutine = regexp.MustCompile(`(?m)^goroutine \d+ `)
)

func byCreator(trace []byte) map[string]int {
	count := map[string]int{}
	for stack := range bytes.SplitSeq(trace, []byte("\n\n")) {
		if !goroutine.Match(stack) {
			continue
		}
		name := "runtime"
		if found := creator.FindSubmatch(stack); found != nil {
			name = string(found[1])
		}
		count[name]++
	}
	return count
}
