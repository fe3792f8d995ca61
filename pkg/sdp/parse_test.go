package sdp

import (
	"errors"
	"strings"
	"testing"
)

func TestParseReadsWidely(t *testing.T) {
	for _, row := range []struct{ name, in, out string }{
		{"as it should be", session("m=audio 4000 RTP/AVP 0", "a=sendrecv"), ""},
		{"line ends of Unix", strings.ReplaceAll(session("m=audio 4000 RTP/AVP 0"), "\r\n", "\n"), session("m=audio 4000 RTP/AVP 0")},
		{"line ends of old Macs", strings.ReplaceAll(session("m=audio 4000 RTP/AVP 0"), "\r\n", "\r"), session("m=audio 4000 RTP/AVP 0")},
		{"no last line end", strings.TrimSpace(session("m=audio 4000 RTP/AVP 0")), session("m=audio 4000 RTP/AVP 0")},
		{"attributes nobody knows", session("a=x-one", "m=audio 4000 RTP/AVP 0", "a=x-two:three: four"), ""},
		{"media nobody knows", session("m=image 0 udptl t38", "m=message 5060 sip null", "m=x 9 y/z 1"), ""},
		{"connection after time", text("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0"), session("m=audio 4000 RTP/AVP 0")},
		{"no origin, name or time", text("v=0", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0"),
			text("v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0")},
		{"numbers of more than 64 bits", text("v=0", "o=- 99999999999999999999 1 IN IP4 192.0.2.1", "s=-", "t=0 0"),
			text("v=0", "o=- 18446744073709551615 1 IN IP4 192.0.2.1", "s=-", "t=0 0")},
		{"what is not kept", text("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "i=x", "u=http://x", "e=x", "p=1", "c=IN IP4 192.0.2.1", "t=0 0", "r=1 1 1", "k=clear:x",
			"m=audio 4000/2 RTP/AVP 0", "i=x", "k=clear:x"), session("m=audio 4000 RTP/AVP 0")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.out == "" {
				row.out = row.in
			}
			if got := parse(t, row.in).String(); got != row.out {
				t.Errorf("String:\n%s\nwant:\n%s", got, row.out)
			}
		})
	}
}

func TestParseNamesTheLine(t *testing.T) {
	for _, row := range []struct {
		name, in string
		line     int
	}{
		{"nothing", "", 1},
		{"not SDP", "hello", 1},
		{"another version", "v=1\r\n", 1},
		{"comment first", "; a comment\r\nv=0\r\n", 1},
		{"origin in pieces", "v=0\r\no=- 1 1\r\n", 2},
		{"origin without numbers", "v=0\r\no=- x 1 IN IP4 192.0.2.1\r\n", 2},
		{"unknown type", session("m=audio 4000 RTP/AVP 0", "f=x"), 7},
		{"unknown type of the session", "v=0\r\nf=x\r\n", 2},
		{"time below media", session("m=audio 4000 RTP/AVP 0", "t=0 0"), 7},
		{"time of words", "v=0\r\nt=now then\r\n", 2},
		{"port too high", session("m=audio 65536 RTP/AVP 0"), 6},
		{"port below zero", session("m=audio -1 RTP/AVP 0"), 6},
		{"no formats", session("m=audio 4000 RTP/AVP"), 6},
		{"connection without address", "v=0\r\nc=IN IP4\r\n", 2},
		{"attribute without name", session("a=:x"), 6},
		{"no equals sign", session("a"), 6},
		{"a NUL", session("a=x\x00y"), 6},
		{"33 m-lines", session(strings.Repeat("m=audio 0 RTP/AVP 0\r\n", MaxMedia+1)), 6 + MaxMedia},
		{"too many attributes", session(strings.Repeat("a=x\r\n", MaxAttributes+1)), 6 + MaxAttributes},
		{"too many formats", session("m=audio 1 RTP/AVP" + strings.Repeat(" 0", MaxFormats+1)), 6},
		{"too long", "v=0\r\n" + strings.Repeat("a", MaxBytes), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse(row.in)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line != row.line {
				t.Errorf("err = %v, want one of line %d", err, row.line)
			}
		})
	}
}

func TestErrorsDoNotQuoteKeys(t *testing.T) {
	_, err := Parse(session("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:secret\x01"))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("err = %v, want one without the key", err)
	}
}

// checkLines reads all that a line can say.
func checkLines(t *testing.T, d *Description) {
	for _, l := range d.lines() {
		tags := map[int]bool{}
		for _, c := range l.cryptos() {
			if again, err := ParseCrypto(c.value()); err != nil || again != c || tags[c.Tag] {
				t.Fatalf("a crypto line is not what it was, or its tag is there twice")
			}
			tags[c.Tag] = true
		}
		for _, f := range l.fingerprints() {
			if again, ok := ParseFingerprint(f.String()); !ok || again != f {
				t.Fatalf("fingerprint %v is then %v", f, again)
			}
		}
		if ice := l.ice(); ice != nil && (len(ice.Candidates) > MaxCandidates || len(ice.Ufrag) < 4 || len(ice.Pwd) < 22 || len(ice.Ufrag) > 256 || len(ice.Pwd) > 256) {
			t.Fatalf("ICE without bounds: %v", ice)
		}
		if e := l.extensions(); e.AudioLevel > 14 || e.TransportCC > 14 || e.AudioLevel == e.TransportCC && e.AudioLevel != 0 {
			t.Fatalf("extensions %+v", e)
		}
		if r := l.ssrcRange(); r.First > r.Last {
			t.Fatalf("SSRCs %+v", r)
		}
		if s := l.setup(Active); s > HoldConn {
			t.Fatalf("setup %d", s)
		}
		_, _, _ = l.xr(), l.feedback(0, profile{feedback: true}), l.encryption()
	}
}

func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, in string) {
		d, err := Parse(in)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 {
				t.Fatalf("err = %v, want a line", err)
			}
			return
		}
		checkLines(t, d)
		once := d.String()
		if len(once) > MaxBytes {
			return
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("our own writing is refused: %v\n%q", err, once)
		}
		if twice := again.String(); twice != once {
			t.Fatalf("written\n%q\nthen\n%q", once, twice)
		}
	})
}
