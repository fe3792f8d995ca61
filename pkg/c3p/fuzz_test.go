package c3p_test

import (
	"net/netip"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// FuzzParseRequest: what was read is the same after it was written and read again, and everything that names a command can be
// answered.
func FuzzParseRequest(f *testing.F) {
	for name := range requests {
		f.Add(file(f, name, "request"))
	}
	f.Add([]byte(open + `<makeTea/>` + shut))
	f.Fuzz(func(t *testing.T, data []byte) {
		request, err := c3p.ParseRequest(data)
		if request == nil {
			return
		}
		if err != nil {
			answer, parseErr := c3p.ParseResponse(request.Failure(err).AppendXML(nil))
			if parseErr != nil || answer.Code != c3p.Failure {
				t.Fatalf("answering %v: %v, %v", err, answer, parseErr)
			}
			return
		}
		out := request.AppendXML(nil)
		again, err := c3p.ParseRequest(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if diff := cmp.Diff(request, again); diff != "" {
			t.Fatalf("%s\n%s", out, diff)
		}
		if err := etree.NewDocument().ReadFromBytes(out); err != nil {
			t.Fatalf("etree: %v", err)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	for name := range responses {
		f.Add(file(f, name, "response"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		response, err := c3p.ParseResponse(data)
		if err != nil {
			return
		}
		out := response.AppendXML(nil)
		if again, err := c3p.ParseResponse(out); err != nil || again.Code != response.Code {
			t.Fatalf("%s: %v", out, err)
		}
	})
}

func FuzzParseNotification(f *testing.F) {
	for _, n := range notifications {
		f.Add(n.AppendXML(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := c3p.ParseNotification(data)
		if err != nil {
			return
		}
		out := n.AppendXML(nil)
		again, err := c3p.ParseNotification(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if diff := cmp.Diff(n, again, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Fatalf("%s\n%s", out, diff)
		}
	})
}
