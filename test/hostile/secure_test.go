package hostile

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// whileTheyTalk makes an attack, at whose time alice and bob hear each other at least half of the time: this machine may be busy, and the server is
// not to be.
func (w *world) whileTheyTalk(t *testing.T, attack func()) {
	t.Helper()
	began, heard := time.Now(), [2]int64{w.alice.good.Load(), w.bob.good.Load()}
	w.costs(t, 32, attack)
	least := int64(time.Since(began)/blockLength) / 2
	for i, k := range []*talker{w.alice, w.bob} {
		if n := k.good.Load() - heard[i]; n < least {
			t.Errorf("%s hears the other in %d blocks of 100 ms, want %d", k.name, n, least)
		}
	}
}

const (
	strangers     = 20
	strangersSend = 5000 // datagrams, all of them
)

// strangersAtICE send to the port that bob's media come to: checks for nobody and for bob, answers to nothing, handshakes, and what bob has sent.
func (w *world) strangersAtICE(t *testing.T) {
	packets, server, username := w.wire.seen()
	if len(packets) == 0 || username == "" {
		t.Fatalf("%d packets of bob, checks as %q", len(packets), username)
	}
	wrong, random := []byte("not the password of it"), make([]byte, 400)
	_, _ = rand.Read(random)
	datagrams := [][]byte{
		stun(bindingRequest, wrong, attribute{usernameAttribute, []byte("nobody:me")}),
		stun(bindingRequest, wrong, attribute{usernameAttribute, bytes.Repeat([]byte("x"), 400)}),
		stun(bindingRequest, nil),
		stun(bindingRequest, wrong, attribute{usernameAttribute, []byte(username)}),
		stun(bindingRequest, nil, attribute{usernameAttribute, []byte(username)}),
		stun(bindingSuccess, wrong),
		stun(bindingRequest, nil)[:18],
		append([]byte{0, 1, 0xff, 0xff}, random...),
		handshake(1, 40, 40), handshake(11, 1<<24-1, 100), random, packets[0], packets[len(packets)-1],
	}
	var from []*net.UDPConn
	for n := range strangers {
		from = append(from, listen(t, fmt.Sprintf("127.0.0.%d", 70+n%5)))
	}
	w.whileTheyTalk(t, func() {
		pace := time.NewTicker(5 * time.Millisecond)
		defer pace.Stop()
		for n := range strangersSend {
			from[n%strangers].WriteToUDPAddrPort(datagrams[n%len(datagrams)], server)
			if n%25 == 24 {
				<-pace.C
			}
		}
	})
}

// handshake is a record of DTLS with one fragment: of a message of that type and length, so many octets.
func handshake(kind byte, whole, part int) []byte {
	record := []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0}
	record = binary.BigEndian.AppendUint16(record, uint16(12+part))
	record = append(record, kind, byte(whole>>16), byte(whole>>8), byte(whole), 0, 0, 0, 0, 0, byte(part>>16), byte(part>>8), byte(part))
	return append(record, make([]byte, part)...)
}

// forgedPackets come from bob's own address, as those of somebody on the way do: what he has sent already, the same a bit altered, and the
// beginning of another handshake. He knows no key.
func (w *world) forgedPackets(t *testing.T) {
	packets, _, _ := w.wire.seen()
	var datagrams [][]byte
	for n, p := range packets {
		flipped, next := bytes.Clone(p), bytes.Clone(p)
		flipped[2+n%(len(p)-2)] ^= 0x10
		binary.BigEndian.PutUint16(next[2:], binary.BigEndian.Uint16(p[2:])+2*tapped) // as one that is still to come
		datagrams = append(datagrams, p, flipped, next)
	}
	for range 20 {
		datagrams = append(datagrams, handshake(1, 40, 40), handshake(11, 1<<24-1, 100), handshake(20, 12, 12), []byte{22, 0xfe}, []byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40})
	}
	w.whileTheyTalk(t, func() { w.wire.says(datagrams) })
}

// beforeKeys: trudy's call is to have a handshake, of which she says nothing; she and strangers send media.
func (w *world) beforeKeys(t *testing.T) {
	c := w.caller(t, "trudy", "127.0.0.61", "meeting")
	c.wants(c.invites("application/sdp", strings.Replace(c.offer(), "RTP/AVP 0 101", "UDP/TLS/RTP/SAVP 0 101", 1)+
		"a=rtcp-mux\r\na=setup:active\r\na=fingerprint:sha-256 "+strings.TrimSuffix(strings.Repeat("AB:", 32), ":")+"\r\n"), 200)
	stranger := listen(t, "127.0.0.62")
	w.whileTheyTalk(t, func() {
		for range 25 {
			stranger.WriteToUDPAddrPort(c.packet(), c.media)
			stranger.WriteToUDPAddrPort(handshake(1, 40, 40), c.media)
			c.rtp.WriteToUDPAddrPort(handshake(11, 1<<24-1, 100), c.media)
			if n := c.hears(20 * time.Millisecond); n > 0 {
				t.Errorf("trudy hears %d packets without keys", n)
			}
		}
	})
	c.hangsUp()
}

// beyondQuota: one user asks for 20 relays, and has 16 in the end; with a wrong password for another one; to speak with somebody who is none of us; and
// all that without a relay.
func (w *world) beyondQuota(t *testing.T) {
	status, answer := w.post(loopback, "/v1/turn", "application/json", strings.NewReader(`{"user": "mallory"}`))
	var given struct {
		ICEServers []struct{ Username, Credential string }
	}
	if err := json.Unmarshal([]byte(answer), &given); status != http.StatusOK || err != nil || len(given.ICEServers) != 1 {
		t.Fatalf("%d %s", status, answer)
	}
	user, password := given.ICEServers[0].Username, given.ICEServers[0].Credential
	overUDP := attribute{transportAttribute, []byte{17, 0, 0, 0}}
	w.whileTheyTalk(t, func() {
		codes, elsewhere := map[int]int{}, attribute{peerAttribute, []byte{0, 1, 0, 0, 0x21 ^ 10, 0x12, 0xa4, 0x42 ^ 1}} // 10.0.0.1
		for n := range 20 {
			r := w.relayed(t, user, password)
			codes[r.asks(allocateRequest, overUDP)]++
			if n > 0 {
				continue
			}
			if code := r.asks(createPermissionRequest, elsewhere); code != 403 {
				t.Errorf("a permission for a stranger is answered %d, want 403", code)
			}
		}
		if codes[0] != 16 || codes[486] != 4 {
			t.Errorf("20 relays are answered %v; want 16 and four times 486", codes)
		}
		if code := w.relayed(t, user, password+"x").asks(allocateRequest, overUDP); code != 401 {
			t.Errorf("a wrong password is answered %d, want 401", code)
		}
		if code := w.relayed(t, user, password).asks(createPermissionRequest, elsewhere); code != 437 {
			t.Errorf("a permission without a relay is answered %d, want 437", code)
		}
	})
}

// wantsSecureLog: all of that was counted by its reason.
func (w *world) wantsSecureLog(t *testing.T, lines []map[string]any) {
	t.Helper()
	for _, row := range []struct {
		message, user, group string
		reasons              []string
	}{
		{"media of a leg ended", "sip:bob@", "dropped", []string{"srtp_replayed", "srtp_bad_tag"}},
		{"media of a leg ended", "sip:trudy@", "dropped", []string{"before_keys", "stranger"}},
		{"the port of callers with ICE is closed", "", "dropped",
			[]string{"strangers", "stun_malformed", "stun_unknown", "stun_unauthenticated", "stun_unanswerable"}},
		{"DTLS ended", "", "dropped", []string{"malformed", "oversized", "second", "late"}},
		{"TURN ended", "", "refused", []string{"wrong", "overQuota", "forbidden", "mismatched"}},
	} {
		counted, _ := find(t, lines, row.message, row.user)[row.group].(map[string]any)
		for _, reason := range row.reasons {
			if n, _ := counted[reason].(float64); n == 0 {
				t.Errorf("%s %s: nothing was %s as %s: %v", row.message, row.user, row.group, reason, counted)
			}
		}
	}
}
