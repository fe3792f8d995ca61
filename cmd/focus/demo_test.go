package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/internal/demo"
)

// freePort is one that nobody listens on, neither by UDP nor by TCP.
func freePort(t *testing.T) int {
	t.Helper()
	for range 50 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		port := listener.Addr().(*net.TCPAddr).Port
		if packets, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			packets.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("two people talk for 25 seconds")
	}
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	ctx, stop := context.WithCancel(t.Context())
	served, log := make(chan int, 1), &lockedBuffer{}
	go func() {
		served <- run(ctx, []string{
			"serve", "--data", data, "--media-ip", "127.0.0.1", "--log-level", "warn", "--sips", "off",
			"--sip", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "--https", fmt.Sprintf("127.0.0.1:%d", freePort(t)),
		}, &streams{out: t.Output(), err: io.MultiWriter(t.Output(), log)})
	}()
	defer func() {
		stop()
		if code := <-served; code != exitDone {
			t.Errorf("the server exits with %d", code)
		}
	}()
	waitForFile(t, filepath.Join(data, cliToken))

	var out bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--json", "--data", data}, &streams{out: &out, err: t.Output()}); code != exitDone {
		if log.has("the machine is too busy") {
			t.Skip("this machine has no time for audio now: the server skipped some of it, and said so")
		}
		t.Fatalf("exit code %d\n%s", code, out.String())
	}
	var result demo.Result
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	if !result.Heard || result.Recording == nil || len(result.Recording.Files) != 3 {
		t.Errorf("result %s", out.String())
	}
	if _, err := os.Stat(result.Recording.Picture); err != nil {
		t.Error(err)
	}
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) has(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.text.String(), text)
}

// waitForFile waits for the last thing that a start leaves behind.
func waitForFile(t *testing.T, name string) {
	t.Helper()
	look, patience := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if _, err := os.Stat(name); err == nil {
				return
			}
		case <-patience:
			t.Fatalf("%s is not there", name)
		}
	}
}
