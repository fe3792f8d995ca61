package registrar_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// office is a registrar, and a clock that stories move.
type office struct {
	testing.TB
	*registrar.Registrar
	store *registrar.Memory
	saves int // of the store
	now   time.Time
	flows map[string]bool
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, change ...func(*registrar.Config)) *office {
	t.Helper()
	o := &office{TB: t, store: registrar.NewMemory(), now: start, flows: map[string]bool{"flow-1": true}}
	o.restart(change...)
	return o
}

// restart forgets all that is not in the store.
func (o *office) restart(change ...func(*registrar.Config)) {
	o.Helper()
	cfg := registrar.Config{Domain: "example.com", Store: counting{o.store, &o.saves}, Key: make([]byte, 32), FlowUsable: func(f string) bool { return o.flows[f] }}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if o.Registrar, err = registrar.New(cfg); err != nil {
		o.Fatal(err)
	}
}

type counting struct {
	*registrar.Memory
	saves *int
}

func (c counting) Save(ctx ctx, r registrar.Record) (uint64, error) {
	*c.saves++
	return c.Memory.Save(ctx, r)
}

func (o *office) later(d time.Duration) { o.now = o.now.Add(d) }

var alice = sip.URI{Scheme: "sip", User: "alice", Host: "example.com"}

// register makes a REGISTER; a line is a header.
func register(t testing.TB, cseq uint32, lines ...string) *sip.Request {
	t.Helper()
	req := sip.NewRequest(sip.REGISTER, sip.URI{Scheme: "sip", Host: "example.com"})
	via := sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "UDP", Host: "192.0.2.7", Params: sip.Params{{K: "branch", V: "z9hG4bK1"}}}
	req.AppendHeader(&via)
	callID := sip.CallIDHeader("desk")
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Call-ID" {
			callID = sip.CallIDHeader(value)
			continue
		}
		sip.AddHeader(req, name, value)
	}
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: sip.REGISTER})
	return req
}

var fromDesk = registrar.Arrival{Transport: "TCP", Source: netip.MustParseAddrPort("192.0.2.7:5060"), Flow: "flow-1"}

// tries registers, whatever comes of it.
func (o *office) tries(cseq uint32, lines ...string) (*registrar.Answer, error) {
	o.Helper()
	reg, err := registrar.Read(register(o, cseq, lines...), fromDesk)
	if err != nil {
		return nil, err
	}
	return o.Register(o.Context(), o.now, alice, reg)
}

// takes wants a REGISTER to succeed, and returns the headers of the 200.
func (o *office) takes(cseq uint32, lines ...string) headers {
	o.Helper()
	answer, err := o.tries(cseq, lines...)
	if err != nil {
		o.Fatal(err)
	}
	var all headers
	for _, h := range answer.Headers() {
		all = append(all, h.Name()+": "+h.Value())
	}
	return all
}

type headers []string

// of are the values of a header.
func (h headers) of(name string) (values []string) {
	for _, line := range h {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			values = append(values, value)
		}
	}
	return values
}

// finds are the contacts of a URI, in order.
func (o *office) finds(uri string) (contacts []string) {
	o.Helper()
	parsed, err := sip.ParseURI(uri)
	if err != nil {
		o.Fatal(err)
	}
	bindings, err := o.Lookup(o.Context(), o.now, parsed)
	if err != nil {
		o.Fatal(err)
	}
	for _, b := range bindings {
		contacts = append(contacts, b.Contact)
	}
	return contacts
}
