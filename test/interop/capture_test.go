//go:build interop

package interop

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTshark looks at the packets of a meeting of two with an eye that is not ours.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed: apt-get install tshark")
	}
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous"}`)
	dir := t.TempDir()
	capture := starts(t, "tshark", dir, "tshark", "-q", "-i", "lo", "-w", "call.pcapng", "-f", "udp")
	if !until(10*time.Second, func() bool { return strings.Contains(capture.says(), "Capturing on") || !capture.running() }) || !capture.running() {
		t.Skipf("tshark may not capture here: %s", capture.says())
	}
	passes(time.Second) // it says so a little before it does

	talk := func(length time.Duration) []string {
		return []string{inviting(speaking("rtpstream_audio_port", "sendrecv")), answered, acking(1, ""), does("rtp_stream", rawSpeech(t)+",-1,0"),
			pause(length), does("rtp_stream", "pause"), bye(2)}
	}
	first := s.sipp(t, calls{to: room.ID, number: 1}, talk(14*time.Second)...)
	second := s.sipp(t, calls{to: room.ID, number: 2}, talk(14*time.Second)...)
	first.wantsSuccess(30 * time.Second)
	second.wantsSuccess(30 * time.Second)
	passes(time.Second)
	capture.signals(syscall.SIGINT)
	if !capture.endsWithin(10 * time.Second) {
		t.Fatal("tshark does not end")
	}
	looksAt(t, filepath.Join(dir, "call.pcapng"))
}

// looksAt reads a capture: everything must be well formed, and what the server sent without a gap.
func looksAt(t *testing.T, file string) {
	t.Helper()
	read := func(filter string, fields ...string) (rows [][]string) {
		args := []string{"-r", file, "-d", "udp.port==5060,sip", "-o", "rtp.heuristic_rtp:TRUE", "-o", "rtcp.heuristic_rtcp:TRUE", "-Y", filter, "-T", "fields"}
		for _, field := range fields {
			args = append(args, "-e", field)
		}
		out, err := exec.Command("tshark", args...).Output()
		if err != nil {
			t.Fatalf("tshark -Y %q: %v", filter, err)
		}
		for line := range strings.Lines(string(out)) {
			rows = append(rows, strings.Split(strings.TrimRight(line, "\n"), "\t"))
		}
		return rows
	}
	for _, row := range read("_ws.malformed", "frame.number", "frame.protocols") {
		t.Errorf("malformed packet: %v", row)
	}
	for _, row := range read("_ws.expert.severity == error && udp.srcport != 7001 && udp.srcport != 7002", "frame.number", "frame.protocols", "_ws.expert.message") {
		t.Errorf("an error, says tshark: %v", row)
	}
	ours := "udp.srcport >= 20000 && udp.srcport < 40000"
	packets := read("rtp && "+ours, "rtp.ssrc", "rtp.seq", "rtp.timestamp", "frame.time_relative")
	streams := wantsNoGaps(t, packets)
	reports := map[string]int{}
	for _, row := range read("rtcp && "+ours, "rtcp.pt") {
		for _, kind := range strings.Split(row[0], ",") {
			reports[kind]++
		}
	}
	signalling := read("sip && udp.srcport == 5060", "sip.Status-Code")
	t.Logf("from the server: %d SIP messages, %d RTP packets in %d streams, RTCP %d SR, %d RR, %d SDES, %d BYE",
		len(signalling), len(packets), streams, reports["200"], reports["201"], reports["202"], reports["203"])
	if streams != 2 || len(packets) < 2*600 || reports["200"]+reports["201"] < 2 || len(signalling) < 4 {
		t.Error("that is not the capture of two calls of 14 s with reports")
	}
}

// wantsNoGaps follows each stream of rows of SSRC, sequence number, timestamp and time; it returns how many there are.
func wantsNoGaps(t *testing.T, rows [][]string) int {
	t.Helper()
	last := map[string][]string{}
	worst := 0.0
	for _, row := range rows {
		before, known := last[row[0]]
		last[row[0]] = row
		if !known {
			continue
		}
		if number(row[1]) != float64(uint16(number(before[1]))+1) && number(before[1]) != 65535 {
			t.Errorf("SSRC %s: sequence number %s after %s", row[0], row[1], before[1])
		}
		worst = max(worst, number(row[3])-number(before[3]))
	}
	t.Logf("the longest time between two packets of a stream: %.1f ms", 1000*worst)
	return len(last)
}

func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64)
	return n
}
