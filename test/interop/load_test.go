//go:build interop

package interop

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSIPpLoad is 200 calls at 20 a second, all up at once and talking, and nothing left of them at the server when they have ended.
func TestSIPpLoad(t *testing.T) {
	const total = 200
	steps := func(speech string, length time.Duration) []string {
		return []string{inviting(speaking("rtpstream_audio_port", "sendrecv")), answered, acking(1, ""),
			does("rtp_stream", speech+",-1,0"), pause(length), does("rtp_stream", "pause"), bye(2)}
	}
	speech := rawSpeech(t)

	t.Log("# one call, to see what a server holds that has been called")
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	s.sipp(t, calls{to: room.ID}, steps(speech, time.Second)...).wantsSuccess(20 * time.Second)
	s.wantsParticipants(room.ID, 0, 5*time.Second)
	passes(time.Second) // its sockets are closed off the clock
	idle := s.burden()

	t.Log("# 200 calls at 20 a second, each 15 s long")
	load := s.sipp(t, calls{to: room.ID, rate: 20, total: total, longest: time.Minute, number: 1}, steps(speech, 15*time.Second)...)
	s.wantsParticipants(room.ID, total, 14*time.Second)
	busy := s.burden()
	load.wantsSuccess(60 * time.Second)
	s.wantsParticipants(room.ID, 0, 5*time.Second)

	figures := load.statistics()
	t.Logf("successful %s, failed %s, retransmissions %s, out of call %s, answer %s", figures["SuccessfulCall(C)"], figures["FailedCall(C)"],
		figures["Retransmissions(C)"], figures["OutOfCallMsgs(C)"], answerTimes(t, load.dir))
	for column, want := range map[string]string{"SuccessfulCall(C)": strconv.Itoa(total), "FailedCall(C)": "0", "Retransmissions(C)": "0"} {
		if figures[column] != want {
			t.Errorf("%s is %q, want %s", column, figures[column], want)
		}
	}

	t.Log("# nothing is left of them")
	after := s.settles()
	t.Logf("held: idle %+v, 200 calls %+v, after them %+v", idle, busy, after)
	if after.Descriptors > idle.Descriptors {
		t.Errorf("%d descriptors after the calls, want %d", after.Descriptors, idle.Descriptors)
	}
	s.wantsNoMoreGoroutinesThan(t, 1)
}

// settles waits for as long as a transaction may linger (RFC 3261 timers H and J, 32 s) and returns what the server holds then.
func (s *server) settles() burden {
	passes(34 * time.Second)
	return s.burden()
}

// wantsNoMoreGoroutinesThan ends the server and compares its goroutines with those of a server that has served so many calls.
func (s *server) wantsNoMoreGoroutinesThan(t *testing.T, served int) {
	t.Helper()
	after := s.goroutines()
	fresh := serves(t)
	room := fresh.makes(`{"admissionPolicy": "anonymous"}`)
	for range served {
		fresh.sipp(t, calls{to: room.ID}, inviting(speaking("auto_media_port", "sendrecv")), answered, acking(1, ""), pause(time.Second), bye(2)).
			wantsSuccess(20 * time.Second)
	}
	fresh.wantsParticipants(room.ID, 0, 5*time.Second)
	fresh.settles()
	before := fresh.goroutines()
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if more := after[name] - before[name]; more > 0 && !strings.HasPrefix(name, "runtime") {
			t.Errorf("%d more goroutines created by %s than after a single call", more, name)
		}
	}
	t.Logf("goroutines: %d after 200 calls, %d after one", sum(after), sum(before))
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// rawSpeech is µ-law of 8 kHz without a header, as SIPp streams it.
func rawSpeech(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	raw := filepath.Join(dir, "speech.ul")
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-i", aliceSays.speaks(t, dir, "8000", "1"), "-f", "mulaw", raw)
	return raw
}

// answerTimes reads from SIPp's response times how long INVITE to 200 took.
func answerTimes(t *testing.T, dir string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*_rtt.csv"))
	if len(files) == 0 {
		return "times unknown"
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var ms []float64
	for line := range strings.Lines(string(text)) {
		if columns := strings.Split(line, ";"); len(columns) > 1 {
			if v, err := strconv.ParseFloat(columns[1], 64); err == nil {
				ms = append(ms, v)
			}
		}
	}
	if len(ms) == 0 {
		return "times unknown"
	}
	slices.Sort(ms)
	show := func(q float64) string { return strconv.FormatFloat(ms[int(q*float64(len(ms)-1))], 'f', 1, 64) }
	return "in ms: median " + show(0.5) + ", p95 " + show(0.95) + ", most " + show(1)
}
