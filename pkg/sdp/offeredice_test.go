package sdp

import (
	"strings"
	"testing"
)

func TestWhoseICEWeTakePartIn(t *testing.T) {
	const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n" +
		"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n" +
		"a=candidate:1 1 UDP 2130706431 10.0.0.7 4000 typ host\r\na=candidate:2 1 UDP 1694498815 192.0.2.7 4000 typ srflx raddr 10.0.0.7 rport 4000\r\n"
	for name, row := range map[string]struct {
		text       string
		taken, mux bool
	}{
		"ICE with rtcp-mux":      {offer, true, true},
		"without":                {strings.Replace(offer, "a=rtcp-mux\r\n", "", 1), true, false},
		"no ICE":                 {strings.Replace(offer, "a=ice-pwd", "a=x-pwd", 1), false, false},
		"changed on the way":     {strings.Replace(offer, "c=IN IP4 192.0.2.7", "c=IN IP4 203.0.113.1", 1), false, false},
		"another port":           {strings.Replace(offer, "m=audio 4000", "m=audio 4002", 1), false, false},
		"trickled":               {strings.Replace(offer, "c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0", 1), true, true},
		"no candidates yet":      {strings.ReplaceAll(offer, "a=candidate", "a=x-candidate"), true, true},
		"OCS by its candidates":  {strings.Replace(offer, "UDP 2130706431", "TCP-PASS 2130706431", 1), false, false},
		"OCS by a=encryption":    {offer + "a=encryption:optional\r\n", false, false},
		"OCS 2007":               {offer + "a=candidate:CHjRXcgDxTSYSwzYKwnKBkRXqYKBYaDa 1 PkQhzCbhkUXWBJVJYYkOjw UDP 0.830 192.0.2.40 42032\r\n", true, true},
		"a candidate too short":  {offer + "a=candidate:1 1 UDP\r\n", false, false},
		"no audio that is there": {strings.Replace(offer, "m=audio 4000", "m=audio 0", 1), false, false},
	} {
		d, err := Parse(row.text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ice, mux := d.OfferedICE()
		if (ice != nil) != row.taken || mux != row.mux {
			t.Errorf("%s: taken %v, multiplexed %v; want %v, %v", name, ice != nil, mux, row.taken, row.mux)
		}
	}
}
