package registrar

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Answer is what a 200 says.
type Answer struct {
	Bindings []Binding // after the request

	registrar    *Registrar
	aor          sip.URI
	now          time.Time
	registration *Registration
}

// flowTimer is within which time a device on a connection is asked to send something (RFC 5626 §4.4.1, §11.2).
const flowTimer = 120 * time.Second

// Headers of the 200: "The response MUST contain Contact header field values enumerating all current bindings. Each Contact value MUST feature an
// "expires" parameter ... The response SHOULD include a Date header field" (RFC 3261 §10.3).
func (a *Answer) Headers() (headers []sip.Header) {
	for _, b := range a.Bindings {
		headers = append(headers, sip.NewHeader("Contact", a.contact(b)))
	}
	headers = append(headers, sip.NewHeader("Date", a.now.UTC().Format(http.TimeFormat)))
	for _, hop := range a.registration.path { // RFC 3327 §5.3
		headers = append(headers, sip.NewHeader("Path", hop))
	}
	if a.outbound() { // so that the device knows (RFC 5626 §6)
		headers = append(headers, sip.NewHeader("Require", "outbound"))
	}
	if timer := a.FlowTimer(); timer > 0 {
		headers = append(headers, sip.NewHeader("Flow-Timer", strconv.FormatInt(seconds(timer), 10)))
	}
	return headers
}

// Lifetime is how long what the REGISTER made or refreshed will be there; 0 when it removed what it named.
func (a *Answer) Lifetime() (longest time.Duration) {
	for _, b := range a.Bindings {
		if b.CallID == a.registration.callID && b.CSeq == a.registration.cseq {
			longest = max(longest, b.Expires.Sub(a.now))
		}
	}
	return longest
}

// outbound tells if the REGISTER made or refreshed a binding with outbound.
func (a *Answer) outbound() bool {
	return slices.ContainsFunc(a.Bindings, func(b Binding) bool {
		return b.Outbound() && b.CallID == a.registration.callID && b.CSeq == a.registration.cseq
	})
}

// FlowTimer is how long the device may be silent on its connection; 0 when it was told nothing of that.
func (a *Answer) FlowTimer() time.Duration {
	if a.registration.arrival.Transport == "UDP" || len(a.registration.path) > 0 || !a.outbound() { // the flow behind a Path is the proxy's
		return 0
	}
	return flowTimer
}

// contact writes a binding.
func (a *Answer) contact(b Binding) string {
	var s strings.Builder
	fmt.Fprintf(&s, "<%s>;expires=%d", b.Contact, seconds(b.Expires.Sub(a.now)))
	if b.Q != 1000 {
		fmt.Fprintf(&s, ";q=%s", writeQ(b.Q))
	}
	s.WriteString(b.Features)
	if b.Instance == "" {
		return s.String()
	}
	fmt.Fprintf(&s, `;+sip.instance="<%s>"`, b.Instance)
	if b.RegID != 0 {
		fmt.Fprintf(&s, ";reg-id=%d", b.RegID)
	}
	if a.registration.gruu { // for who has said that it understands them (RFC 5627 §5.3)
		pub, temp := public(a.aor, b.Instance), a.registrar.gruus.temporary(a.aor, b.GRUUs)
		fmt.Fprintf(&s, `;pub-gruu="%s";temp-gruu="%s"`, pub.String(), temp.String())
	} else if a.registration.gruu10 { // draft-ietf-sip-gruu-10 had one, and another name for it
		pub := public(a.aor, b.Instance)
		fmt.Fprintf(&s, `;gruu="%s"`, pub.String())
	}
	return s.String()
}

// seconds rounds up: a device that is told 0 would think that it is out.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func writeQ(q int) string {
	if q == 0 {
		return "0"
	}
	return strings.TrimRight(fmt.Sprintf("0.%03d", q), "0")
}
