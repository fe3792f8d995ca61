package sip

import "testing"

func TestQuotedParametersStayWhatTheyAre(t *testing.T) {
	const contact = `<sip:192.0.2.7:5061;transport=tcp>;methods="INVITE, MESSAGE";proxy=replace;+sip.instance="<urn:uuid:6d883e57-0b1b-536b-8b80-21fe0aa56cd3>"`
	ua := New(Config{Handler: HandlerFunc(func(*ServerTransaction) {})})
	defer ua.Close()
	m, err := ua.parse([]byte("REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1;x=\"y z\"\r\n" +
		"To: <sip:a@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContact: " + contact + "\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := HeaderValue(m, "Contact"); got != contact {
		t.Errorf("Contact %s", got)
	}
	if got := HeaderValue(m, "From"); got != `<sip:a@example.com>;tag=1;x="y z"` {
		t.Errorf("From %s", got)
	}
}
