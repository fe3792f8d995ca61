package sip

import (
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// inviteOfAPhone is 1,230 octets of INVITE with a session as telephones send it.
const inviteOfAPhone = `INVITE sip:12345678@conference.example.com;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.33:5060;rport;branch=z9hG4bK-524287-1---7c5ee1d8a7f84a21
Max-Forwards: 70
Contact: <sip:alice@192.0.2.33:5060;ob>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"
To: <sip:12345678@conference.example.com;user=phone>
From: "Alice Liddell" <sip:alice@example.com>;tag=5c7cf70b
Call-ID: 89245OWIzMTg4NzUzMzYxNTQ5ZDU4ODY0ZTIzNzQ4NjU2YjM
CSeq: 1 INVITE
Session-Expires: 1800
Min-SE: 120
Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK
Accept-Language: en, de;q=0.7
Supported: replaces, norefersub, extended-refer, timer, outbound, path, X-cisco-serviceuri
User-Agent: Wonderphone 5.6.2 (rv2.10.20.5-linux64)
Allow-Events: presence, kpml, talk, dialog
Content-Type: application/sdp
Content-Length: 364

v=0
o=- 3849521002 3849521002 IN IP4 192.0.2.33
s=call
c=IN IP4 192.0.2.33
t=0 0
m=audio 4002 RTP/AVP 96 9 8 0 101 97
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1; maxplaybackrate=48000
a=rtpmap:9 G722/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=rtpmap:97 CN/16000
a=rtcp:4003
a=sendrecv
`

// BenchmarkParseInvite is the scanner, the parser and the strict pass.
func BenchmarkParseInvite(b *testing.B) {
	ua := New(Config{})
	defer ua.Close()
	data := []byte(strings.ReplaceAll(inviteOfAPhone, "\n", "\r\n"))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ua.parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParserAlone is sipgo's share of it.
func BenchmarkParserAlone(b *testing.B) {
	data := []byte(strings.ReplaceAll(inviteOfAPhone, "\n", "\r\n"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sipgo.ParseMessage(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestInviteOfAPhone(t *testing.T) {
	text := strings.ReplaceAll(inviteOfAPhone, "\n", "\r\n")
	if _, body, _ := strings.Cut(text, "\r\n\r\n"); len(text) != 1230 || len(body) != 364 {
		t.Errorf("%d octets, %d of them the body", len(text), len(body))
	}
}
