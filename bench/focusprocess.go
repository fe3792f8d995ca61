package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const (
	startTime = 15 * time.Second // for a server to answer
	stopTime  = 15 * time.Second // for it to say goodbye to everybody
	callTime  = 20 * time.Second // for one call to be answered, or one request
)

// focusProcess is the whole server: conferences are made over HTTPS, and calls are placed by SIP over UDP.
type focusProcess struct {
	process *exec.Cmd
	data    string
	sip     string // HOST:PORT
	sips    string // the same, of TLS
	url     string
	token   string
	http    *http.Client
	phones  *sip.UserAgent
	number  atomic.Int64
}

// buildFocus makes the server that is measured, and returns where it is.
func buildFocus(folder string) (program string, err error) {
	program = filepath.Join(folder, "focus")
	build := exec.Command("go", "build", "-o", program, "./cmd/focus")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the server (run from the top of the repository): %w", err)
	}
	return program, nil
}

// startFocus starts the program with a data folder of its own, and waits until it answers. More flags may be given.
func startFocus(program string, flags ...string) (*focusProcess, error) {
	data, err := os.MkdirTemp("", "focus-bench-")
	if err != nil {
		return nil, err
	}
	f := &focusProcess{data: data}
	if err := f.start(program, flags); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (f *focusProcess) start(program string, flags []string) error {
	var err error
	if f.sip, err = freeAddress(); err != nil {
		return err
	}
	httpsAddr, err := freeAddress()
	if err != nil {
		return err
	}
	if f.sips, err = freeAddress(); err != nil {
		return err
	}
	f.url = "https://" + httpsAddr
	f.process = exec.Command(program, append([]string{"serve", "--data", f.data, "--domain", "127.0.0.1", "--sip", f.sip, "--sips", f.sips,
		"--https", httpsAddr, "--media-ip", "127.0.0.1", "--media-ports", "20000-39999", "--log-level", "error"}, flags...)...)
	f.process.Stderr = os.Stderr
	if err := f.process.Start(); err != nil {
		f.process = nil
		return err
	}
	if err := f.connect(); err != nil {
		return err
	}
	return f.openPhones()
}

// freeAddress is one that nobody listens on, neither by TCP nor by UDP.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	conn, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return l.Addr().String(), nil
}

// connect waits until the server is ready for somebody with its own token.
func (f *focusProcess) connect() (err error) {
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = f.trust(); err != nil {
			continue
		}
		if err = f.ask(context.Background(), http.MethodGet, "/readyz", "", nil, nil); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the server does not answer: %w", err)
}

// trust reads what the server leaves for those on its host.
func (f *focusProcess) trust() error {
	token, err := os.ReadFile(filepath.Join(f.data, "cli.token"))
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(filepath.Join(f.data, "ca.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return errors.New("ca.pem holds no certificate")
	}
	f.token = strings.TrimSpace(string(token))
	f.http = &http.Client{Timeout: callTime, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	return nil
}

// openPhones is the SIP side of all callers: one user agent with one socket, as a gateway has.
func (f *focusProcess) openPhones() error {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.phones = sip.New(sip.Config{Name: "focus-bench", Handler: nobody{}, MaxTransactions: 1 << 16, MaxDialogs: 1 << 16})
	return f.phones.ListenUDP(conn)
}

// nobody takes no calls.
type nobody struct{}

func (nobody) ServeSIP(tx *sip.ServerTransaction) { _ = tx.Reply(480) }

// ServeDialog says yes: the server may hang up.
func (nobody) ServeDialog(_ *sip.Dialog, tx *sip.ServerTransaction) { _ = tx.Reply(200) }

func (nobody) Acknowledged(*sip.Dialog, *sip.Request, error) {}

func (f *focusProcess) PID() int { return f.process.Process.Pid }

// Close stops the server as Ctrl-C does, with its calls up.
func (f *focusProcess) Close() error {
	var err error
	if f.process != nil {
		_ = f.process.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(stopTime, func() { _ = f.process.Process.Kill() })
		err = f.process.Wait()
		kill.Stop()
	}
	if f.phones != nil {
		err = errors.Join(err, f.phones.Close())
	}
	return errors.Join(err, os.RemoveAll(f.data))
}

// ask makes one request and reads its JSON, if that is wanted.
func (f *focusProcess) ask(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, f.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+f.token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := f.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = text
	} else if into != nil {
		return json.Unmarshal(text, into)
	}
	return nil
}

// post sends JSON.
func (f *focusProcess) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return f.ask(ctx, http.MethodPost, path, "application/json", text, into)
}

// Conference makes one that anybody may call. Its name is its id.
func (f *focusProcess) Conference(ctx context.Context) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := f.post(ctx, "/v1/conferences", map[string]string{"admissionPolicy": "anonymous"}, &made)
	return made.ID, err
}

func (f *focusProcess) Call(ctx context.Context, conference, caller, offer string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	target, err := sip.ParseURI("sip:" + conference + "@" + f.sip)
	if err != nil {
		return "", err
	}
	from, err := sip.ParseURI("sip:" + caller + "@127.0.0.1")
	if err != nil {
		return "", err
	}
	_, answer, err := f.phones.Invite(ctx, sip.Invitation{
		Target: target, From: from, FromName: caller, ContentType: "application/sdp", Body: []byte(offer), Handler: nobody{},
	})
	if err != nil {
		return "", err
	}
	return string(answer.Body()), nil
}

// Mute silences everybody in a conference, as its presenter would.
func (f *focusProcess) Mute(ctx context.Context, conference string) error {
	var made struct {
		FocusURI string `json:"focusUri"`
	}
	if err := f.ask(ctx, http.MethodGet, "/v1/conferences/"+conference, "", nil, &made); err != nil {
		return err
	}
	var roster struct {
		Participants []struct {
			URI string `json:"uri"`
		} `json:"participants"`
	}
	if err := f.ask(ctx, http.MethodGet, "/v1/conferences/"+conference+"/participants", "", nil, &roster); err != nil {
		return err
	}
	for _, p := range roster.Participants {
		if err := f.mute(ctx, made.FocusURI, p.URI); err != nil {
			return err
		}
	}
	return nil
}

func (f *focusProcess) mute(ctx context.Context, entity, user string) error {
	request := &c3p.Request{RequestID: strconv.FormatInt(f.number.Add(1), 10), From: "sip:admin@127.0.0.1", To: entity, Command: &c3p.ModifyEndpointMedia{
		Keys:  c3p.MediaKeys{Conference: entity, User: user, Endpoint: "(null)", Media: "1"},
		Media: &confinfo.Media{ID: "1", IngressFilter: confinfo.Block},
	}}
	var text []byte
	if err := f.ask(ctx, http.MethodPost, "/c3p", c3p.MediaType, request.AppendXML(nil), &text); err != nil {
		return err
	}
	response, err := c3p.ParseResponse(text)
	if err != nil {
		return err
	}
	return response.Err()
}

func (f *focusProcess) Record(ctx context.Context, conference string) error {
	return f.post(ctx, "/v1/conferences/"+conference+"/recording", map[string]string{"action": "start"}, nil)
}

// Profile is for the MCU alone: the program has no door for it.
func (f *focusProcess) Profile(string) (func() error, error) {
	return nil, errors.New("profiles are taken of the MCU alone: add --mcu")
}

// Allocations are not told.
func (f *focusProcess) Allocations() uint64 { return 0 }
