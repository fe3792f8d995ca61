package testenv

import (
	"slices"
	"strings"
	"testing/synctest"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Takes takes a call: it rings until PicksUp or Declines, unless Answers says otherwise.
func (p *Phone) Takes(tx *sip.ServerTransaction) {
	p.mu.Lock()
	p.requests = append(p.requests, tx.Request())
	p.mu.Unlock()
	if p.Answers >= 300 {
		_ = tx.Reply(p.Answers)
		return
	}
	d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI(p.Name), p)
	if err != nil {
		p.w.Error(err)
		return
	}
	p.mu.Lock()
	p.dialog = d
	p.mu.Unlock()
	_ = d.Provisional(180, "", nil)
	if p.Answers == 200 {
		_ = d.Accept("application/sdp", []byte(p.SDP("sendrecv")))
	}
}

// IsAt registers the phone as that user's.
func (p *Phone) IsAt(user string) {
	p.w.Helper()
	p.User = user
	p.Registers("sip:"+user+"@"+Domain, "Contact: <sip:"+p.Name+"@"+p.Host+">")
	p.WantsStatus(200)
}

// PicksUp answers the call that rings.
func (p *Phone) PicksUp() {
	p.w.Helper()
	if err := p.dialog.Accept("application/sdp", []byte(p.SDP("sendrecv")), p.Headers...); err != nil {
		p.w.Errorf("%s picks up: %v", p.Name, err)
	}
	synctest.Wait()
}

// Declines refuses the call that rings.
func (p *Phone) Declines(status int) {
	p.w.Helper()
	if err := p.dialog.Reject(status); err != nil {
		p.w.Errorf("%s declines: %v", p.Name, err)
	}
	synctest.Wait()
}

// Rings says whether a call waits to be answered.
func (p *Phone) Rings() bool {
	synctest.Wait()
	return p.dialog != nil && p.dialog.State() == sip.Early
}

// Refers sends a REFER in the call and wants that answer.
func (p *Phone) Refers(to string, status int, headers ...sip.Header) {
	p.w.Helper()
	res, err := p.dialog.Request(p.w.Context(), sip.REFER, "", nil, append(headers, sip.NewHeader("Refer-To", to))...)
	if err != nil || res.StatusCode != status {
		p.w.Fatalf("%s refers to %s: %v, %v; want %d", p.Name, to, res, err, status)
	}
	synctest.Wait()
}

// WantsNews compares the bodies of the NOTIFYs that came, and forgets them.
func (p *Phone) WantsNews(want ...string) {
	p.w.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var got []string
	p.requests = slices.DeleteFunc(p.requests, func(req *sip.Request) bool {
		if req.Method == sip.NOTIFY {
			got = append(got, strings.TrimSpace(string(req.Body())))
		}
		return req.Method == sip.NOTIFY
	})
	if !slices.Equal(got, want) {
		p.w.Errorf("%s is told %q, want %q", p.Name, got, want)
	}
}

// RefersOutside sends a REFER outside of calls, with credentials, and does not want to be told what comes of it. It returns the status.
func (p *Phone) RefersOutside(uri, to string) int {
	p.w.Helper()
	target, err := sip.ParseURI(uri)
	if err != nil {
		p.w.Fatal(err)
	}
	req := sip.NewRequest(sip.REFER, target)
	for name, value := range map[string]string{
		"Route": "<sip:" + Address + ";lr>", "From": "<" + p.From + ">;tag=" + sip.NewTag(), "To": "<" + uri + ">", "Contact": "<sip:" + p.Name + "@" + p.Host + ">",
		"Refer-To": to, "Refer-Sub": "false", "Supported": "norefersub", "Call-ID": sip.NewCallID(), "CSeq": "1 REFER",
	} {
		sip.AddHeader(req, name, value)
	}
	res, err := p.UA.Do(p.w.Context(), req)
	if err == nil && res.StatusCode == 401 {
		if req, err = sip.Authorize(req, res, p.User, p.Pass); err == nil {
			res, err = p.UA.Do(p.w.Context(), req)
		}
	}
	if err != nil {
		p.w.Fatalf("%s refers to %s: %v", p.Name, to, err)
	}
	synctest.Wait()
	return res.StatusCode
}
