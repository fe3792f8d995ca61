//go:build interop

package interop

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	reasonLine = regexp.MustCompile(`(?m)^Reason: .*$`)
	cseqLine   = regexp.MustCompile(`CSeq: (\d+)`)
)

func reasonIn(messages string) string { return reasonLine.FindString(messages) }

// renumbered adds to the CSeq of steps that were made for an earlier place.
func renumbered(steps []string, add int) []string {
	for i, step := range steps {
		steps[i] = cseqLine.ReplaceAllStringFunc(step, func(line string) string {
			n, _ := strconv.Atoi(cseqLine.FindStringSubmatch(line)[1])
			return "CSeq: " + strconv.Itoa(n+add)
		})
	}
	return steps
}

// answeredWith is answered, and the SDP has a line like that.
func answeredWith(pattern string) string {
	return strings.Replace(answered, `rtd="true"/>`, `rtd="true"><action><ereg regexp="`+pattern+`" search_in="msg" check_it="true" assign_to="1"/></action></recv>
<Reference variables="1"/>`, 1)
}

func TestSIPpSignalling(t *testing.T) {
	s := serves(t, "--digest", "md5") // SIPp reads the first challenge only
	s.hasUser("alice", "correct horse battery")
	open := s.makes(`{"admissionPolicy": "anonymous"}`)
	closed := s.makes(`{"admissionPolicy": "openAuthenticated"}`)
	offer := speaking("auto_media_port", "sendrecv")
	authentic := func(invite string) string {
		return strings.Replace(strings.Replace(invite, "CSeq: 1 ", "CSeq: 2 ", 1), "Max-Forwards", "[authentication username=alice]\nMax-Forwards", 1)
	}
	for name, story := range map[string]struct {
		calls calls
		steps []string
	}{
		"basic":          {calls{to: open.ID}, []string{inviting(offer), answered, acking(1, ""), pause(time.Second), bye(2)}},
		"basic over TCP": {calls{to: open.ID, tcp: true}, []string{inviting(offer), answered, acking(1, ""), pause(time.Second), bye(2)}},
		"late offer":     {calls{to: open.ID}, []string{inviting(""), answeredWith("m=audio [1-9]"), acking(1, offer), pause(time.Second), bye(2)}},
		"hold and resume": {calls{to: open.ID}, []string{inviting(offer), answeredWith("a=sendrecv"), acking(1, ""), pause(500 * time.Millisecond),
			again(2, speaking("auto_media_port", "sendonly")), answeredWith("a=recvonly"), acking(2, ""), pause(500 * time.Millisecond),
			again(3, speaking("auto_media_port", "inactive")), answeredWith("a=inactive"), acking(3, ""), pause(500 * time.Millisecond),
			again(4, offer), answeredWith("a=sendrecv"), acking(4, ""), pause(500 * time.Millisecond), bye(5)}},
		"re-INVITE without an offer": {calls{to: open.ID}, []string{inviting(offer), answered, acking(1, ""), pause(500 * time.Millisecond),
			again(2, ""), answeredWith("m=audio [1-9]"), acking(2, offer), pause(500 * time.Millisecond), bye(3)}},
		"UPDATE": {calls{to: open.ID}, []string{inviting(offer), answered, acking(1, ""), pause(500 * time.Millisecond),
			request("UPDATE", 2, "[peer_tag_param]", speaking("auto_media_port", "sendonly")), answeredWith("a=recvonly"), bye(3)}},
		"OPTIONS":            {calls{to: open.ID}, []string{request("OPTIONS", 1, "", ""), answeredWith("Allow: .*INVITE")}},
		"unknown conference": {calls{to: "99999999"}, []string{inviting(offer), refused(404, "SIP/2.0 404")}},
		"unknown method":     {calls{to: open.ID}, []string{request("JUGGLE", 1, "", ""), wants(405)}},
		"PUBLISH of nothing": {calls{to: open.ID}, []string{request("PUBLISH", 1, "", ""), wants(489)}},
		"right password": {calls{to: closed.ID, password: "correct horse battery"},
			[]string{inviting(offer), challenged(), authentic(inviting(offer)), answered, acking(2, ""), pause(time.Second), bye(3)}},
		"wrong password": {calls{to: closed.ID, password: "wrong"},
			[]string{inviting(offer), challenged(), authentic(inviting(offer)), refusedAgain(401)}},
		"no password":   {calls{to: closed.ID}, []string{inviting(offer), refused(401, "WWW-Authenticate: Digest")}},
		"malformed SDP": {calls{to: open.ID}, []string{inviting("v=0\nthis is no session description\n"), refused(400, "SIP/2.0 400")}},
		"no codec of ours": {calls{to: open.ID}, []string{inviting(strings.NewReplacer("AVP 0 101", "AVP 18", "a=rtpmap:0 PCMU/8000\n", "a=rtpmap:18 G729/8000\n",
			"a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\n", "").Replace(offer)), refused(488, "Warning: 305")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.with(t)
			call := s.sipp(t, story.calls, story.steps...)
			call.wantsSuccess(30 * time.Second)
			if n := call.statistics()["Retransmissions(C)"]; n != "0" {
				t.Errorf("%s retransmissions, want 0", n)
			}
			s.wantsParticipants(open.ID, 0, 5*time.Second)
		})
	}
}

// challenged takes the 401 with the challenge that [authentication] answers.
func challenged() string {
	return strings.Replace(refused(401, "WWW-Authenticate: Digest"), `response="401"`, `response="401" auth="true"`, 1)
}

// refusedAgain is the end of a second INVITE.
func refusedAgain(status int) string {
	return strings.Replace(refused(status, "SIP/2.0"), "CSeq: 1 ", "CSeq: 2 ", 1)
}
