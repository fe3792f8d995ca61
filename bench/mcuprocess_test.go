package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/pkg/codec/g711"
)

// talk starts an MCU behind pipes, as a process has them, and returns it as a system without a process.
func talk(t *testing.T) *mcuProcess {
	t.Helper()
	inRead, in := io.Pipe()
	out, outWrite := io.Pipe()
	data, done := t.TempDir(), make(chan error)
	go func() { done <- serveMCU(inRead, outWrite, data, true) }()
	t.Cleanup(func() {
		in.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &mcuProcess{in: in, out: json.NewDecoder(out), callers: map[string][]string{}}
}

func TestAnMCUIsCommandedThroughAPipe(t *testing.T) {
	m := talk(t)
	p := mustProgram(t, g711.PCMU)
	conference, err := m.Conference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCaller(0, 0, script{seats: 2}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	offer := c.offer(4001)
	answer, err := m.Call(t.Context(), conference, c.name, offer)
	if err != nil {
		t.Fatal(err)
	}
	agreed, err := completed(offer, answer, p.codec)
	if err != nil || !agreed.Remote.IsValid() || agreed.Remote.Port() < 20000 {
		t.Errorf("audio goes to %+v, %v", agreed, err)
	}
	if err := m.Mute(t.Context(), conference); err != nil {
		t.Error(err)
	}
	if err := m.Record(t.Context(), conference); err != nil {
		t.Error(err)
	}
	if m.Allocations() == 0 {
		t.Error("the MCU has allocated nothing")
	}
}

func TestTheMCURefuses(t *testing.T) {
	m := talk(t)
	if _, err := m.Call(t.Context(), "sip:nobody@127.0.0.1", "caller", "v=0"); err == nil {
		t.Error("a call to a conference that there is not is answered")
	}
	if _, err := m.ask(line{C3P: "<request"}); err == nil || !strings.Contains(err.Error(), "xml") {
		t.Errorf("half a document: %v", err)
	}
}
