//go:build interop

package interop

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/test/interop/ear"
)

// TestBaresipPIN is a conference with a PIN: who has not typed it hears nobody, who has hears the others.
func TestBaresipPIN(t *testing.T) {
	s := serves(t)
	room := s.makes(`{"admissionPolicy": "anonymous", "pin": "4711"}`)
	alice := phoneOf(t, aliceSays, phoneConfig{codec: "PCMU/8000/1", transport: "udp", number: 1})
	bob := phoneOf(t, bobSays, phoneConfig{codec: "opus/48000/2", transport: "udp", number: 2})

	t.Log("# alice types the PIN and is in")
	alice.dials("sip:" + room.ID + "@" + s.sip())
	s.wantsParticipants(room.ID, 0, time.Second)
	alice.presses("4711#")
	s.wantsParticipants(room.ID, 1, 3*time.Second)

	t.Log("# bob listens to the prompt for five seconds before he types, and then waits: a pause ends the PIN too")
	bob.dials("sip:" + room.ID + "@" + s.sip())
	passes(5 * time.Second)
	s.wantsParticipants(room.ID, 1, time.Second)
	typed := time.Now()
	bob.presses("4711")
	s.wantsParticipants(room.ID, 2, 8*time.Second)
	passes(12 * time.Second)
	whole := bob.heard()
	after := time.Since(typed)
	bob.hangsUp()
	alice.hangsUp()

	speech := aliceSays.sound(t, alice.dir)
	before := whole.Until(whole.Duration() - after)
	t.Logf("at the prompt bob hears %.1f dB for %v", before.Level(), before.Duration())
	if before.Level() < -50 {
		t.Error("nobody has asked bob for the PIN")
	}
	wantsPieces(t, "bob at the prompt", before, speech, 0, 0)
	wantsPieces(t, "bob with the PIN", whole, speech, 3, len(speech))
}

// wantsPieces counts the pieces of speech that are plainly in a recording which holds a part of it.
func wantsPieces(t *testing.T, name string, recording, speech ear.Sound, least, most int) {
	t.Helper()
	found, plain := ear.Find(recording, speech), 0
	for _, match := range found {
		if match.Correlation > heardAbove {
			plain++
		}
	}
	t.Logf("%s hears %d pieces: %v", name, plain, found)
	if plain < least || plain > most {
		t.Errorf("%s hears %d pieces, want %d to %d", name, plain, least, most)
	}
}

// digits are the ways in which SIPp types: RFC 4733 from captures, each digit once in a call since its timestamp is always the same, and
// the two bodies of INFO. (What play_dtmf of SIPp 3.6 sends is no RFC 4733: a payload type of its own, a new timestamp in every packet.)
var digits = map[string]func(digits string) []string{
	"telephone-event captured": func(digits string) (steps []string) {
		for _, d := range digits {
			steps = append(steps, does("play_pcap_audio", "/usr/share/sip-tester/dtmf_2833_"+pcapName(d)+".pcap"), pause(400*time.Millisecond))
		}
		return steps
	},
	"INFO dtmf-relay": func(digits string) (steps []string) {
		for i, d := range digits {
			steps = append(steps, info(2+i, "application/dtmf-relay", fmt.Sprintf("Signal=%c\nDuration=160\n", d)), pause(100*time.Millisecond))
		}
		return steps
	},
	"INFO dtmf": func(digits string) (steps []string) {
		for i, d := range digits {
			steps = append(steps, info(2+i, "application/dtmf", string(d)), pause(100*time.Millisecond))
		}
		return steps
	},
}

func pcapName(d rune) string {
	switch d {
	case '#':
		return "pound"
	case '*':
		return "star"
	}
	return string(d)
}

// calling is the beginning of a call that sends no speech.
func calling() []string {
	return []string{inviting(speaking("auto_media_port", "sendrecv")), answered, acking(1, ""), pause(time.Second)}
}

func TestSIPpPIN(t *testing.T) {
	s := serves(t)
	number := 0
	for name, typing := range digits {
		number++
		call := calls{number: number}
		t.Run("right by "+name, func(t *testing.T) {
			t.Parallel()
			s := s.with(t)
			room := s.makes(`{"admissionPolicy": "anonymous", "pin": "471208"}`)
			steps := append(append(calling(), typing("471208#")...), pause(4*time.Second), bye(20))
			call.to = room.ID
			phone := s.sipp(t, call, steps...)
			s.wantsParticipants(room.ID, 1, 12*time.Second)
			phone.wantsSuccess(20 * time.Second)
			s.wantsParticipants(room.ID, 0, 5*time.Second)
		})
	}
	for name, tries := range map[string][][]string{
		"INFO dtmf-relay": {digits["INFO dtmf-relay"]("123456#"), {pause(2 * time.Second)}, renumbered(digits["INFO dtmf-relay"]("123457#"), 7),
			{pause(2 * time.Second)}, renumbered(digits["INFO dtmf-relay"]("123458#"), 14)},
		"telephone-event captured": {digits["telephone-event captured"]("123"), {pause(6 * time.Second)}, digits["telephone-event captured"]("456"),
			{pause(6 * time.Second)}, digits["telephone-event captured"]("789")},
	} {
		number++
		call := calls{number: number}
		t.Run("wrong three times by "+name, func(t *testing.T) {
			t.Parallel()
			s := s.with(t)
			room := s.makes(`{"admissionPolicy": "anonymous", "pin": "471208"}`)
			began := time.Now()
			call.to = room.ID
			phone := s.sipp(t, call, append(append(calling(), slices.Concat(tries...)...), hungUp("."))...)
			phone.wantsSuccess(40 * time.Second)
			t.Logf("hung up on after %.1f s, %s", time.Since(began).Seconds(), reasonIn(phone.messages()))
			s.wantsParticipants(room.ID, 0, time.Second)
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		s := s.with(t)
		room := s.makes(`{"admissionPolicy": "anonymous", "pin": "471208"}`)
		began := time.Now()
		call := s.sipp(t, calls{to: room.ID, longest: 90 * time.Second}, append(calling(), hungUp("."))...)
		call.wantsSuccess(90 * time.Second)
		t.Logf("hung up on after %.1f s, %s", time.Since(began).Seconds(), reasonIn(call.messages()))
	})
}
