package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/mcu"
	"github.com/seed-f3cefc8c/focus/pkg/media"
	"github.com/seed-f3cefc8c/focus/pkg/prompt"
)

// mcuChild is the argument that makes this program the MCU that another one of it measures.
const mcuChild = "mcu-child"

// How packets pass the kernel: as --media-io has it.
const (
	ringIO  = "auto"
	plainIO = "plain"
)

// line is one message between the two, either way, as JSON on a line.
type line struct {
	C3P     string `json:",omitempty"` // a document
	Profile string `json:",omitempty"` // file to write a CPU profile to, until the next line with Stop
	Stop    bool   `json:",omitempty"`
	Error   string `json:",omitempty"`
	Allocs  uint64 `json:",omitempty"` // objects allocated so far; in the answer to an empty line
}

// serveMCU runs an MCU on the operating system's network until in ends.
func serveMCU(in io.Reader, out io.Writer, data string, ring bool) error {
	prompts, err := prompt.Load("")
	if err != nil {
		return err
	}
	server, err := mcu.New(mcu.Config{
		Network: media.UDP{Ring: ring}, Address: netip.MustParseAddr("127.0.0.1"), Ports: [2]uint16{20000, 39999},
		ICE:    mcu.ICE{Mode: mcu.ICELite, Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}},
		Codecs: mcu.Codecs(), Prompts: prompts, Recordings: filepath.Join(data, "recordings"),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, deaf{})
	if err != nil {
		return err
	}
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var l line
		if err := requests.Decode(&l); err != nil {
			return server.Close()
		}
		if err := answers.Encode(obey(server, l)); err != nil {
			return err
		}
	}
}

// deaf wants no news.
type deaf struct{}

func (deaf) NotifyC3P(context.Context, *c3p.Notification) error { return nil }

func obey(server *mcu.Server, l line) (answer line) {
	var err error
	switch {
	case l.C3P != "":
		answer.C3P, err = command(server, l.C3P)
	case l.Profile != "":
		err = startProfile(l.Profile)
	case l.Stop:
		pprof.StopCPUProfile()
	default:
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats) // it stops the world: only who asks for it pays for it
		answer.Allocs = stats.Mallocs
	}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func startProfile(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f) // the file stays open until the process ends
}

func command(server *mcu.Server, document string) (string, error) {
	request, err := c3p.ParseRequest([]byte(document))
	if err != nil {
		return "", err
	}
	response, err := server.ServeC3P(context.Background(), &c3p.Call{Principal: c3p.Principal{Role: c3p.RoleFocus}, Request: request})
	if err != nil {
		return "", err
	}
	return string(response.AppendXML(nil)), nil
}

// mcuProcess is an MCU in a process of its own, commanded as a focus would: system without SIP and HTTPS.
type mcuProcess struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	data    string

	mu     sync.Mutex
	number int

	callers map[string][]string // by conference
}

func startMCU() (system, error) { return startMCUWith(ringIO) }

func startMCUWith(io string) (system, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "focus-bench-")
	if err != nil {
		return nil, err
	}
	m := &mcuProcess{process: exec.Command(self, mcuChild, data, io), data: data, callers: map[string][]string{}}
	m.process.Stderr = os.Stderr
	if m.in, err = m.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := m.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	m.out = json.NewDecoder(out)
	return m, m.process.Start()
}

func (m *mcuProcess) PID() int { return m.process.Process.Pid }

func (m *mcuProcess) Close() error {
	_ = m.in.Close()
	return errors.Join(m.process.Wait(), os.RemoveAll(m.data))
}

// ask sends one line and waits for the answer to it.
func (m *mcuProcess) ask(l line) (answer line, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := json.NewEncoder(m.in).Encode(l); err != nil {
		return line{}, err
	}
	if err := m.out.Decode(&answer); err != nil {
		return line{}, fmt.Errorf("MCU process: %w", err)
	}
	if answer.Error != "" {
		return line{}, errors.New(answer.Error)
	}
	return answer, nil
}

func (m *mcuProcess) c3p(conference string, command c3p.Command) (c3p.Command, error) {
	m.mu.Lock()
	m.number++
	request := &c3p.Request{RequestID: strconv.Itoa(m.number), From: conference, To: conference, Command: command}
	m.mu.Unlock()
	answer, err := m.ask(line{C3P: string(request.AppendXML(nil))})
	if err != nil {
		return nil, err
	}
	response, err := c3p.ParseResponse([]byte(answer.C3P))
	if err != nil {
		return nil, err
	}
	return response.Body, response.Err()
}

func (m *mcuProcess) Conference(context.Context) (string, error) {
	m.mu.Lock()
	m.number++
	id := fmt.Sprintf("BENCH%05d", m.number)
	m.mu.Unlock()
	entity := "sip:bench@127.0.0.1;gruu;opaque=app:conf:focus:id:" + id
	_, err := m.c3p(entity, &c3p.AddConference{Conference: &confinfo.Document{
		Entity: entity, Description: &confinfo.Description{ConferenceID: id},
	}})
	if err != nil {
		return "", err
	}
	_, err = m.c3p(entity, &c3p.ModifyConferenceAnnouncements{Keys: c3p.ConferenceKeys{Entity: entity}})
	return entity, err
}

func (m *mcuProcess) Call(_ context.Context, conference, caller, offer string) (string, error) {
	body, err := m.c3p(conference, &c3p.AddUser{Keys: c3p.ConferenceKeys{Entity: conference}, User: &confinfo.User{
		Entity: userOf(caller), DisplayText: caller,
		Endpoints: []confinfo.Endpoint{{Entity: endpointOf(caller), Signalling: confinfo.SignallingLocal, SDP: &confinfo.SDP{Type: confinfo.SDPOffer, Text: offer}}},
	}})
	if err != nil {
		return "", err
	}
	added, ok := body.(*c3p.AddUser)
	if !ok || added.User == nil || len(added.User.Endpoints) != 1 || added.User.Endpoints[0].SDP == nil {
		return "", errors.New("addUser was answered without a session description")
	}
	m.callers[conference] = append(m.callers[conference], caller)
	return added.User.Endpoints[0].SDP.Text, nil
}

func userOf(caller string) string { return "sip:" + caller + "@127.0.0.1" }

func endpointOf(caller string) string { return "{" + caller + "}" }

func (m *mcuProcess) Mute(_ context.Context, conference string) error {
	for _, caller := range m.callers[conference] {
		_, err := m.c3p(conference, &c3p.ModifyEndpointMedia{
			Keys:  c3p.MediaKeys{Conference: conference, User: userOf(caller), Endpoint: endpointOf(caller), Media: "1"},
			Media: &confinfo.Media{ID: "1", IngressFilter: confinfo.Block},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mcuProcess) Record(_ context.Context, conference string) error {
	_, err := m.c3p(conference, &c3p.StartRecording{Keys: c3p.ConferenceKeys{Entity: conference}, Format: c3p.FormatOgg})
	return err
}

func (m *mcuProcess) Profile(file string) (func() error, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if _, err := m.ask(line{Profile: file}); err != nil {
		return nil, err
	}
	return func() error { _, err := m.ask(line{Stop: true}); return err }, nil
}

func (m *mcuProcess) Allocations() uint64 {
	answer, err := m.ask(line{})
	if err != nil {
		return 0
	}
	return answer.Allocs
}
