package hostile

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"net"
	"testing"
	"time"
)

// Types of STUN and TURN messages and attributes (RFC 8489 §18, RFC 8656 §17 and §18).
const (
	bindingRequest          = 0x0001
	bindingSuccess          = 0x0101
	allocateRequest         = 0x0003
	createPermissionRequest = 0x0008

	usernameAttribute  = 0x0006
	integrityAttribute = 0x0008
	errorAttribute     = 0x0009
	peerAttribute      = 0x0012
	realmAttribute     = 0x0014
	nonceAttribute     = 0x0015
	transportAttribute = 0x0019
)

const stunCookie = 0x2112A442

// attribute is one of a message.
type attribute struct {
	kind  uint16
	value []byte
}

// stun is a message; with a key it has MESSAGE-INTEGRITY, which covers the header as if nothing came after that.
func stun(kind uint16, key []byte, attributes ...attribute) []byte {
	m := make([]byte, 20)
	binary.BigEndian.PutUint16(m, kind)
	binary.BigEndian.PutUint32(m[4:], stunCookie)
	_, _ = rand.Read(m[8:20])
	for _, a := range attributes {
		m = a.append(m)
	}
	if key != nil {
		binary.BigEndian.PutUint16(m[2:], uint16(len(m)-20+24))
		mac := hmac.New(sha1.New, key)
		mac.Write(m)
		m = attribute{integrityAttribute, mac.Sum(nil)}.append(m)
	}
	binary.BigEndian.PutUint16(m[2:], uint16(len(m)-20))
	return m
}

func (a attribute) append(m []byte) []byte {
	m = binary.BigEndian.AppendUint16(m, a.kind)
	m = binary.BigEndian.AppendUint16(m, uint16(len(a.value)))
	m = append(m, a.value...)
	return append(m, make([]byte, -len(a.value)&3)...)
}

// attributeOf is the value of the first attribute of that kind; nil: there is none.
func attributeOf(m []byte, kind uint16) []byte {
	for at := 20; at+4 <= len(m); {
		size := int(binary.BigEndian.Uint16(m[at+2:]))
		if at+4+size > len(m) {
			return nil
		}
		if binary.BigEndian.Uint16(m[at:]) == kind {
			return m[at+4 : at+4+size]
		}
		at += 4 + (size+3)&^3
	}
	return nil
}

// relayed is a client of TURN over UDP.
type relayed struct {
	t                *testing.T
	conn             *net.UDPConn
	to               *net.UDPAddr
	user, password   string
	realm, nonce, by []byte
}

// relayed has a socket, and with that a five-tuple, of its own.
func (w *world) relayed(t *testing.T, user, password string) *relayed {
	t.Helper()
	to, err := net.ResolveUDPAddr("udp", w.turn)
	if err != nil {
		t.Fatal(err)
	}
	return &relayed{t: t, conn: listen(t, "127.0.0.60"), to: to, user: user, password: password}
}

// asks sends a request, with credentials once it has been asked for them, and returns the code of the answer; 0 is success.
func (r *relayed) asks(kind uint16, attributes ...attribute) int {
	r.t.Helper()
	code, answer := r.asksOnce(kind, attributes...)
	if code != 401 || r.nonce != nil {
		return code
	}
	r.realm, r.nonce = attributeOf(answer, realmAttribute), attributeOf(answer, nonceAttribute)
	key := md5.Sum([]byte(r.user + ":" + string(r.realm) + ":" + r.password))
	r.by = key[:]
	code, _ = r.asksOnce(kind, attributes...)
	return code
}

func (r *relayed) asksOnce(kind uint16, attributes ...attribute) (code int, answer []byte) {
	r.t.Helper()
	if r.nonce != nil {
		attributes = append(attributes, attribute{usernameAttribute, []byte(r.user)}, attribute{realmAttribute, r.realm}, attribute{nonceAttribute, r.nonce})
	}
	request := stun(kind, r.by, attributes...)
	answer = make([]byte, 1500)
	for range 5 {
		r.conn.WriteToUDP(request, r.to)
		r.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := r.conn.Read(answer)
		if err != nil || n < 20 || string(answer[8:20]) != string(request[8:20]) {
			continue
		}
		if e := attributeOf(answer[:n], errorAttribute); len(e) >= 4 {
			return 100*int(e[2]) + int(e[3]), answer[:n]
		}
		return 0, answer[:n]
	}
	r.t.Fatal("TURN does not answer")
	return 0, nil
}
