package hostile

import (
	"fmt"
	"strings"
)

// ourMessage is a message of our own: the cases of RFC 4475 that are not in the shared folder, and more.
type ourMessage struct {
	expected
	text string // lines end in LF; the body is separated by an empty line
}

// wire has CRLF, and Content-Length where the text has LENGTH.
func (m ourMessage) wire() string {
	text := strings.ReplaceAll(strings.TrimLeft(m.text, "\n"), "\n", "\r\n")
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	head = strings.ReplaceAll(head, "torture", fmt.Sprintf("torture%x", m.name)) // branch, tag and Call-ID of its own
	return strings.Replace(head, "LENGTH", fmt.Sprint(len(body)), 1) + "\r\n\r\n" + body
}

const session = `
v=0
o=alice 1 1 IN IP4 192.0.2.5
s=-
c=IN IP4 192.0.2.5
t=0 0
m=audio 49217 RTP/AVP 0
`

// options is an OPTIONS with lines of the case in it; a line replaces the one of its name.
func options(lines ...string) string { return message("OPTIONS sip:example.com SIP/2.0", lines...) }

func message(start string, lines ...string) string {
	method, _, _ := strings.Cut(start, " ")
	head := []string{
		"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKtorture", "Max-Forwards: 70", "From: <sip:alice@example.com>;tag=torture", "To: <sip:bob@example.com>",
		"Call-ID: torture", "CSeq: 7 " + method, "Contact: <sip:alice@192.0.2.9>", "Content-Length: 0",
	}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		replaced := false
		for i := range head {
			if !replaced && strings.HasPrefix(head[i], name+":") {
				head[i], replaced = line, true
			}
		}
		if !replaced {
			head = append(head, line)
		}
	}
	text := start + "\n"
	for _, line := range head {
		if !strings.HasSuffix(line, ": -") { // taken away
			text += line + "\n"
		}
	}
	return text + "\n"
}

func row(name string, codes ...string) expected {
	if len(codes) == 0 {
		codes = nothing
	}
	return expected{name: name, udp: codes}
}

func valid(name string) expected { return expected{name: name, udp: served} }

func lost(name, code string) expected { return expected{name: name, udp: one(code), closes: true} }

var ours = []ourMessage{
	{row("good", "200"), options()},

	// RFC 4475 §3.1.1: valid messages.
	{valid("escnull: %00 in the user"), message("REGISTER sip:example.com SIP/2.0", "To: <sip:null-%00-null@example.com>", "From: <sip:null-%00-null@example.com>;tag=839923423", "Contact: <sip:%00@host5.example.com>")},
	{row("esc02: % where it escapes nothing", "405", "501"), message("RE%47IST%45R sip:registrar.example.com SIP/2.0", `To: "%Z%45" <sip:resource@example.com>`, `From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23`)},
	{row("lwsdisp: no space before <", "200"), options(`From: caller<sip:caller@example.com>;tag=323`)},
	{valid("mpart01: a MESSAGE of several parts"), message("MESSAGE sip:kumiko@example.org SIP/2.0", "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655", "Content-Length: LENGTH") + "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\x00\xff\r\n--7a9cbec02ceef655--\r\n"},
	{row("unreason: a reason in UTF-8"), "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nFrom: <sip:a@b>;tag=1\nTo: <sip:b@c>;tag=2\nCall-ID: unreason\nCSeq: 35 INVITE\nContent-Length: 0\n\n"},
	{row("compact names, colons in the Call-ID", "200"), "OPTIONS sip:example.com SIP/2.0\nv: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\nf: <sip:a@example.com>;tag=1\nt: <sip:b@example.com>\ni: a:b:c@[::1]\nCSEQ:   7\t OPTIONS\nl:0\n\n"},
	{row("two Vias in one line", "200"), options("Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKtorture, SIP / 2.0 / TCP 192.0.2.8 ; branch = z9hG4bK2")},

	// §3.1.2: invalid messages.
	{row("scalar02: numbers beyond their range", "400"), message("REGISTER sip:example.com SIP/2.0", "CSeq: 36893488147419103232 REGISTER", "Max-Forwards: 300", "Expires: 10000000000000000000", "Contact: <sip:user@host129.example.com>;expires=280297596632815")},
	{row("Max-Forwards above 255", "400"), options("Max-Forwards: 256")},
	{row("Max-Forwards that is no number", "400"), options("Max-Forwards: many")},
	{row("CSeq 2**31", "400"), options("CSeq: 2147483648 OPTIONS")},
	{row("CSeq that is negative", "400"), options("CSeq: -1 OPTIONS")},
	{row("baddate: a time zone that is not GMT", "200"), options("Date: Fri, 01 Jan 2010 16:00:00 EST")}, // "could ignore this value completely if it wasn't going to act on the Date"
	{row("badaspec: space inside <>", "400"), options(`To: "Watson, Thomas" < sip:t.watson@example.org >`)},
	{row("badaspec in From", "400"), options(`From: "Bell" <sip:a.g.bell@example.com >;tag=43`)},
	{row("a comma in a name without quotes", "400"), options("From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43")},
	{row("a question mark without <>", "400"), options("Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E")},
	{row("mismatch02: CSeq of another unknown method", "400"), message("NEWMETHOD sip:example.com SIP/2.0", "CSeq: 34 INVITE")},
	{row("bigcode: a response beyond all codes"), "SIP/2.0 4294967301 better not break the receiver\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\nCall-ID: bigcode\nCSeq: 353494 INVITE\nFrom: <sip:user@example.com>;tag=1\nTo: <sip:b@example.org>;tag=2\nContent-Length: 0\n\n"},
	{row("IPv6 without [] in Via", "400"), options("Via: SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bKtorture")},
	{row("a port beyond 65535", "400"), message("OPTIONS sip:example.com:70000 SIP/2.0")},
	{row("no host", "400"), message("OPTIONS sip:alice@ SIP/2.0")},
	{row("an open <", "400"), options("To: <sip:bob@example.com")},
	{row("an open quote in Contact", "400"), options(`Contact: "bob <sip:bob@example.com>`)},
	{row("a tab in the Request-URI", "400"), message("OPTIONS sip:example.com;\tlr SIP/2.0")},
	{row("a method that is no token", "400"), message("OPT(IONS sip:example.com SIP/2.0")},
	{row("a version without minor", "400"), message("OPTIONS sip:example.com SIP/2")},
	{row("sip/2.0 in small letters", "200"), message("OPTIONS sip:example.com sip/2.0")},
	{row("a method in small letters is another", "405", "501"), message("options sip:example.com SIP/2.0")},
	{row("a small method with the CSeq of the large", "400"), message("options sip:example.com SIP/2.0", "CSeq: 7 OPTIONS")},
	{row("a line without colon", "400"), options("Hello")},
	{row("a continuation before the first header", "400"), strings.Replace(options(), "Via:", " folded\nVia:", 1)},
	{row("a bare CR", "400"), options("Subject: a\rb")},
	{row("a header injected behind a bare CR", "400"), options("Call-ID: torture\rX-Evil: 1")},

	// §3.2, §3.3.
	{row("insuf: no From, To and Call-ID", "400"), message("INVITE sip:user@example.com SIP/2.0", "From: -", "To: -", "Call-ID: -")},
	{row("no CSeq", "400"), options("CSeq: -")},
	{row("no Via, no answer"), options("Via: -")},
	{row("multi01: From, To, Call-ID, CSeq twice", "400"), "OPTIONS sip:example.com SIP/2.0\nFrom: <sip:a@example.com>;tag=1\nFrom: <sip:b@example.com>;tag=2\nTo: <sip:c@example.com>\nTo: <sip:d@example.com>\nCall-ID: 1\nCall-ID: 2\nCSeq: 5 OPTIONS\nCSeq: 59 OPTIONS\nVia: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw\nContent-Length: 0\n\n"},
	{row("invut: a body of an unknown type", "401", "404", "415"), message("INVITE sip:user@example.com SIP/2.0", "Content-Type: application/unknownformat", "Content-Length: LENGTH") + "\n<audio>\n <pcmu port=\"443\"/>\n</audio>\n"},
	{row("sdp01: no session is acceptable", "401", "404", "406"), message("INVITE sip:user@example.com SIP/2.0", "Accept: text/nobodyKnowsThis", "Content-Type: application/sdp", "Content-Length: LENGTH") + session},
	{row("invut, to a conference", "415"), message("INVITE sip:meeting@example.com SIP/2.0", "Content-Type: application/unknownformat", "Content-Length: LENGTH") + "\n<audio>\n <pcmu port=\"443\"/>\n</audio>\n"},
	{row("sdp01, to a conference", "406"), message("INVITE sip:meeting@example.com SIP/2.0", "Accept: text/nobodyKnowsThis", "Content-Type: application/sdp", "Content-Length: LENGTH") + session},
	{row("inv2543, to a conference: no branch, tag, Max-Forwards and Contact", "200"), message("INVITE sip:meeting@example.com SIP/2.0", "Via: SIP/2.0/UDP iftgw.example.com", "From: <sip:+13035551111@ift.client.example.net;user=phone>", "To: sip:+16505552222@ss1.example.net;user=phone", "Max-Forwards: -", "Contact: -", "Content-Type: application/sdp", "Content-Length: LENGTH") + session},
	{row("no Contact in a request of today", "400"), message("INVITE sip:meeting@example.com SIP/2.0", "Contact: -", "Content-Type: application/sdp", "Content-Length: LENGTH") + session},
	{lost("mcl01: two lengths that differ", "400"), options("Content-Length: 13", "l: 5") + "There's no way to know how many octets are supposed to be here.\n"},
	{row("two lengths that agree", "400"), options("Content-Length: 5", "l: 5") + "12345"},
	{row("bcast: a response to somebody else"), "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\nCall-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\nCSeq: 35 INVITE\nFrom: <sip:user@example.com>;tag=11141343\nTo: <sip:user@example.edu>;tag=2229\nContent-Length: 0\n\n"},
	{row("zeromf", "200"), options("Max-Forwards: 0")},
	{row("no Max-Forwards counts as 70", "200"), options("Max-Forwards: -")},
	{row("two Max-Forwards", "400"), strings.Replace(options(), "Max-Forwards: 70\n", "Max-Forwards: 70\nMax-Forwards: 70\n", 1)},
	{row("several options required", "420"), options("Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis")},
	{row("tel", "404", "416"), message("OPTIONS tel:+1 SIP/2.0")},
	{row("a scheme of our own", "416"), message("INVITE x-y.z+1:abc SIP/2.0")},
	{row("ACK of nothing"), message("ACK sip:user@example.com SIP/2.0")},
	{row("ACK that cannot be read"), message("ACK sip:user@example.com SIP/2.0", "CSeq: x")},
	{row("CANCEL of nothing", "481"), message("CANCEL sip:user@example.com SIP/2.0")},
	{row("BYE of nothing", "481"), message("BYE sip:user@example.com SIP/2.0", "To: <sip:bob@example.com>;tag=x")},
	{row("BYE without To tag", "481"), message("BYE sip:user@example.com SIP/2.0")},
	{row("PRACK without To tag", "481"), message("PRACK sip:user@example.com SIP/2.0", "RAck: 1 1 INVITE")},
	{row("UPDATE without To tag", "481"), message("UPDATE sip:user@example.com SIP/2.0")},

	// Framing.
	{lost("a length that is no number", "400"), options("Content-Length: five")},
	{lost("a length with a sign", "400"), options("Content-Length: +0")},
	{expected{name: "a length above what we take", udp: one("400"), tcp: one("413"), closes: true}, options("Content-Length: 300000")},
	{row("no length at all", "200"), options("Content-Length: -")},
	{row("octets behind the body", "200"), options() + "these are none of ours\r\n"},
}
