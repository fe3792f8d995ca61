package locate_test

import (
	"context"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
)

// FuzzRead reads answers of whatever bytes to one question.
func FuzzRead(f *testing.F) {
	question := new(dns.Msg).SetQuestion("a.example.", dns.TypeSRV)
	question.Id = 7
	for _, record := range []string{"a.example. 60 IN SRV 1 2 5060 b.example.", "a.example. 60 IN CNAME b.example.", "a.example. 60 IN CNAME a.example."} {
		m := new(dns.Msg).SetReply(question)
		rr, _ := dns.NewRR(record)
		m.Answer = append(m.Answer, rr)
		wire, _ := m.Pack()
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil {
			return
		}
		records, next, ttl, err := locate.Read(question, m)
		if err != nil && (records != nil || next != "") {
			t.Errorf("records %v, next %q with error %v", records, next, err)
		}
		if ttl < 0 || len(records) > 256 || len(records) > 0 && next != "" {
			t.Errorf("%d records, next %q for %v", len(records), next, ttl)
		}
		for _, rr := range records {
			if rr.Header().Rrtype != dns.TypeSRV {
				t.Errorf("record %v", rr)
			}
		}
	})
}

// wires answers each question with the next of some bytes, made to fit it.
type wires struct{ data []byte }

func (w *wires) Exchange(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
	m := new(dns.Msg).SetReply(q)
	for range 4 {
		if len(w.data) < 8 {
			break
		}
		d := w.data[:8]
		w.data = w.data[8:]
		header := dns.RR_Header{Name: q.Question[0].Name, Rrtype: q.Question[0].Qtype, Class: dns.ClassINET, Ttl: uint32(d[0])}
		if d[1] == 1 {
			header.Rrtype = dns.TypeCNAME
		}
		host := string(d[6:]) + ".example."
		switch header.Rrtype {
		case dns.TypeNAPTR:
			m.Answer = append(m.Answer, &dns.NAPTR{Hdr: header, Order: uint16(d[2]), Preference: uint16(d[3]), Flags: "s",
				Service: []string{"SIP+D2U", "sip+d2t", "SIPS+D2T", "x"}[d[4]%4], Replacement: host})
		case dns.TypeSRV:
			m.Answer = append(m.Answer, &dns.SRV{Hdr: header, Priority: uint16(d[2]), Weight: uint16(d[3]), Port: uint16(d[4]), Target: host})
		case dns.TypeA:
			m.Answer = append(m.Answer, &dns.A{Hdr: header, A: d[2:6]})
		case dns.TypeAAAA:
			m.Answer = append(m.Answer, &dns.AAAA{Hdr: header, AAAA: d[:4]})
		default:
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: header, Target: host})
		}
	}
	return m, nil
}

// oneAtATime keeps the fuzzer's answers in order: A and AAAA are asked for together.
type oneAtATime struct {
	turn chan struct{}
	*wires
}

func (o oneAtATime) Exchange(ctx context.Context, q *dns.Msg) (*dns.Msg, error) {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	return o.wires.Exchange(ctx, q)
}

// FuzzLocate: whatever DNS says, a search ends, with few targets, each of them a host.
func FuzzLocate(f *testing.F) {
	f.Add([]byte("\x3c\x00\x01\x01\x00\x00ab\x3c\x00\x01\x01\x10\x00cd\x3c\x00\xcb\x00\x71\x01ef"), "", false)
	f.Fuzz(func(t *testing.T, data []byte, transport string, secure bool) {
		r := locate.New(locate.Config{DNS: oneAtATime{make(chan struct{}, 1), &wires{data}}})
		start := time.Now()
		targets, err := r.Locate(t.Context(), locate.Query{Target: "a.example", Transport: transport, Secure: secure})
		if (err == nil) != (len(targets) > 0) || len(targets) > 32 || time.Since(start) > 5*time.Second {
			t.Fatalf("%d targets, %v", len(targets), err)
		}
		for _, target := range targets {
			if a := target.Addr.Addr(); a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || target.Addr.Port() == 0 || secure && target.Transport != "TLS" {
				t.Errorf("target %v", target)
			}
		}
	})
}
