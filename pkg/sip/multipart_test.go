package sip

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func withBody(contentType, body string) *Request {
	req := NewRequest(INVITE, URI{Scheme: "sip", User: "a", Host: "example.com"})
	SetBody(req, contentType, []byte(body))
	return req
}

// lines is a text as it stands in a message.
func lines(text ...string) string { return strings.Join(text, "\r\n") }

// TestParts: "multipart/mixed MIME bodies ... nested" (RFC 5621 §4.2).
func TestParts(t *testing.T) {
	alternative := lines("--in", "Content-Type: text/plain", "", "old", "--in", "Content-Type: application/SDP", "Content-Disposition: session; handling=optional",
		"", "v=0", "", "--in--", "")
	for what, row := range map[string]struct {
		contentType, body string
		want              []Part
	}{
		"no body":           {"application/sdp", "", nil},
		"one body":          {"Application/SDP;charset=utf-8", "v=0\r\n", []Part{{"application/sdp", "", []byte("v=0\r\n")}}},
		"no type":           {"", "x", []Part{{"", "", []byte("x")}}},
		"two":               {`multipart/alternative;boundary="in"`, alternative, []Part{{"text/plain", "", []byte("old")}, {"application/sdp", "session", []byte("v=0\r\n")}}},
		"preamble":          {"multipart/mixed; boundary=in", "hello\r\n" + alternative + "bye", []Part{{"text/plain", "", []byte("old")}, {"application/sdp", "session", []byte("v=0\r\n")}}},
		"nested":            {"multipart/mixed;boundary=out", lines("--out", "Content-Type: multipart/alternative;boundary=in", "", alternative+"--out--"), []Part{{"text/plain", "", []byte("old")}, {"application/sdp", "session", []byte("v=0\r\n")}}},
		"another encoding":  {"multipart/mixed;boundary=in", lines("--in", "Content-Type: application/sdp", "Content-Transfer-Encoding: base64", "", "dj0w", "--in--"), nil},
		"an encoding as is": {"multipart/mixed;boundary=in", lines("--in", "Content-Type: a/b", "Content-Transfer-Encoding: 7BIT", "", "c", "--in--"), []Part{{"a/b", "", []byte("c")}}},
	} {
		got, err := Parts(withBody(row.contentType, row.body))
		if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, %s", what, err, diff)
		}
	}
}

func TestPartsThatAreNone(t *testing.T) {
	deep := "x"
	for i := range 5 {
		deep = lines(fmt.Sprintf("--b%d", i), fmt.Sprintf("Content-Type: multipart/mixed;boundary=b%d", i-1), "", deep, fmt.Sprintf("--b%d--", i))
	}
	for what, row := range map[string][2]string{
		"no boundary":         {"multipart/mixed", "--in\r\n\r\nx\r\n--in--"},
		"nothing in it":       {"multipart/mixed;boundary=in", "x"},
		"not finished":        {"multipart/mixed;boundary=in", "--in\r\nContent-Type: a/b\r\n\r\nx"},
		"too deep":            {"multipart/mixed;boundary=b4", deep},
		"too many":            {"multipart/mixed;boundary=in", strings.Repeat("--in\r\nContent-Type: a/b\r\n\r\nx\r\n", 17) + "--in--"},
		"a head that is none": {"multipart/mixed;boundary=in", "--in\r\nContent-Type\r\n\r\nx\r\n--in--"},
	} {
		if got, err := Parts(withBody(row[0], row[1])); !errors.Is(err, ErrMultipart) {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
}

func TestTheLastAlternativeIsTheBest(t *testing.T) {
	body := lines("--x", "Content-Type: application/sdp", "", "old", "--x", "Content-Type: application/sdp", "", "new", "--x--")
	if got, ok, err := BodyOf(withBody("multipart/alternative;boundary=x", body), "application/sdp"); string(got) != "new" || !ok || err != nil {
		t.Errorf("%q, %v, %v", got, ok, err)
	}
	if got, ok, err := BodyOf(withBody("text/plain", "x"), "application/sdp"); got != nil || ok || err != nil {
		t.Errorf("%q, %v, %v", got, ok, err)
	}
}

func FuzzParts(f *testing.F) {
	f.Add("multipart/mixed;boundary=in", "--in\r\nContent-Type: a/b\r\n\r\nx\r\n--in--")
	f.Add(`multipart/alternative;boundary="in"`, "--in\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n--in--")
	f.Add("application/sdp", "v=0")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		req := withBody(contentType, body)
		parts, err := Parts(req)
		if err != nil && !errors.Is(err, ErrMultipart) || len(parts) > maxParts {
			t.Errorf("%d parts, %v", len(parts), err)
		}
		for _, p := range parts {
			if !bytes.Contains(req.Body(), p.Body) {
				t.Errorf("part %q is not in the body", p.Body)
			}
		}
	})
}
