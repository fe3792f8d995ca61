package testenv

import (
	"strings"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Registers sends a REGISTER for an address-of-record, with credentials when they are asked for, and returns the answer. A line is a header.
func (p *Phone) Registers(aor string, lines ...string) *sip.Response {
	p.w.Helper()
	to, err := sip.ParseURI(aor)
	if err != nil {
		p.w.Fatal(err)
	}
	target, _ := sip.ParseURI("sip:" + or(p.Server, Address) + p.Transport)
	return p.Sends(sip.REGISTER, target, to, lines...)
}

// Sends sends a request outside of dialogs, with credentials when they are asked for, and returns the answer. A line is a header; one without
// a name is the body.
func (p *Phone) Sends(method sip.Method, target, to sip.URI, lines ...string) *sip.Response {
	p.w.Helper()
	from, err := sip.ParseURI(p.From)
	if err != nil {
		p.w.Fatal(err)
	}
	req := sip.NewRequest(method, target)
	if method != sip.REGISTER {
		sip.AddHeader(req, "Route", "<sip:"+or(p.Server, Address)+";lr"+p.Transport+">")
	}
	req.AppendHeader(&sip.FromHeader{Address: from, Params: sip.Params{{K: "tag", V: sip.NewTag()}}})
	req.AppendHeader(&sip.ToHeader{Address: to})
	for _, line := range lines {
		if name, value, isHeader := strings.Cut(line, ": "); isHeader {
			if name == "Max-Forwards" {
				sip.SetHeader(req, name, value)
				continue
			}
			sip.AddHeader(req, name, value)
		} else {
			sip.SetBody(req, "text/plain", []byte(line))
		}
	}
	return p.exchange(req)
}

// SendsBody is Sends with a body of any kind; a line is a header.
func (p *Phone) SendsBody(method sip.Method, target sip.URI, contentType, body string, lines ...string) *sip.Response {
	p.w.Helper()
	from, err := sip.ParseURI(p.From)
	if err != nil {
		p.w.Fatal(err)
	}
	req := sip.NewRequest(method, target)
	sip.AddHeader(req, "Route", "<sip:"+or(p.Server, Address)+";lr"+p.Transport+">")
	req.AppendHeader(&sip.FromHeader{Address: from, Params: sip.Params{{K: "tag", V: sip.NewTag()}}})
	req.AppendHeader(&sip.ToHeader{Address: target})
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		sip.AddHeader(req, name, value)
	}
	sip.SetBody(req, contentType, []byte(body))
	return p.exchange(req)
}

// exchange sends a request, again with credentials when they are asked for.
func (p *Phone) exchange(req *sip.Request) *sip.Response {
	p.w.Helper()
	p.response, p.err = p.UA.Do(p.w.Context(), req)
	if p.err == nil && p.response.StatusCode == 401 && p.User != "" {
		again, err := sip.Authorize(req, p.response, p.User, p.Pass)
		if err != nil {
			p.w.Fatal(err)
		}
		p.response, p.err = p.UA.Do(p.w.Context(), again)
	}
	if p.err != nil {
		p.w.Fatalf("%s registers: %v", p.Name, p.err)
	}
	synctest.Wait()
	return p.response
}

// WantsStatus compares the last answer's.
func (p *Phone) WantsStatus(code int) {
	p.w.Helper()
	if p.response.StatusCode != code {
		p.w.Errorf("%s: %d %s, want %d", p.Name, p.response.StatusCode, p.response.Reason, code)
	}
}
