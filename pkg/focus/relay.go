package focus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// attempt is how long one contact may take to answer a relayed request; the one who asked waits for 32 s (Timer F).
const attempt = 8 * time.Second

// relay passes a request outside of dialogs on to a user, contact after contact until one answers, and its answer back. It is a new request of
// ours with the sender's name in From; only users of this server are relayed for.
func (s *Server) relay(tx *sip.ServerTransaction, who visitor, to sip.URI) error {
	req := tx.Request()
	hops := 70
	if h := req.MaxForwards(); h != nil {
		hops = int(h.Val())
	}
	if hops == 0 {
		return tx.Reply(483)
	}
	found, err := s.ways(tx.Context(), to)
	if err != nil {
		return err
	}
	from, err := sip.ParseURI(string(who.caller.URI))
	if err != nil {
		return fmt.Errorf("address of %s: %w", who.caller.URI, err)
	}
	for _, r := range found {
		res, err := s.pass(tx.Context(), req, r, from, who.name, hops-1)
		if err == nil && !unreached(res) {
			return s.passBack(tx, res)
		}
		s.log.Debug("a contact did not answer", "user", to.User, "contact", r.Target.Host, "err", err)
	}
	return errNotRegistered
}

// unreached: another contact may do better. 430 is a proxy that has lost the flow to the device, which may have another (RFC 5626 §7); a device
// that wants a password of its own has none of ours.
func unreached(res *sip.Response) bool {
	return slices.Contains([]int{401, 407, 408, 430, 480, 503}, res.StatusCode)
}

// asked and answered are the headers that go along.
var (
	asked = []string{"Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Content-Language", "Content-Disposition", "Subject", "Date",
		"Expires", "In-Reply-To", "User-Agent"}
	answered = []string{"Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported", "Content-Encoding", "Content-Language", "Warning",
		"Retry-After", "User-Agent", "Server"}
)

// pass sends a request to one contact and waits for its final answer.
func (s *Server) pass(ctx context.Context, req *sip.Request, r reach, from sip.URI, name string, hops int) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	next := sip.NewRequest(req.Method, r.Target)
	sip.SetHeader(next, "Max-Forwards", fmt.Sprint(hops))
	next.AppendHeader(&sip.FromHeader{DisplayName: name, Address: from, Params: sip.Params{{K: "tag", V: sip.NewTag()}}})
	next.AppendHeader(&sip.ToHeader{Address: req.Recipient})
	for _, h := range r.Headers {
		next.AppendHeader(h)
	}
	copyValues(req, next, asked)
	if body := req.Body(); len(body) > 0 {
		sip.SetBody(next, sip.HeaderValue(req, "Content-Type"), body)
	}
	sip.SetFlow(next, r.Flow)
	return s.ua.Do(ctx, next)
}

func (s *Server) passBack(tx *sip.ServerTransaction, res *sip.Response) error {
	back := sip.NewResponse(tx.Request(), res.StatusCode, res.Reason)
	copyValues(res, back, answered)
	if body := res.Body(); len(body) > 0 {
		sip.SetBody(back, sip.HeaderValue(res, "Content-Type"), body)
	}
	return tx.Respond(back)
}

func copyValues(from, to sip.Message, names []string) {
	for _, name := range names {
		if value := sip.HeaderValue(from, name); value != "" {
			sip.AddHeader(to, name, value)
		}
	}
}

// message passes a MESSAGE on to a user (RFC 3428). The server itself takes none, and conferences are no users.
func (s *Server) message(tx *sip.ServerTransaction) error {
	if tx.Request().Recipient.User == "" {
		return tx.Reply(405, allowHeader())
	}
	who, err := s.authenticate(tx)
	if err != nil {
		return err
	}
	if !who.caller.Authenticated {
		return &challengeError{sip.ErrNoCredentials}
	}
	to, err := s.calledUser(tx)
	if err != nil {
		return err
	}
	return s.relay(tx, who, to)
}

// calledUser is the user, or the device of one, whom the Request-URI names.
func (s *Server) calledUser(tx *sip.ServerTransaction) (sip.URI, error) {
	uri := tx.Request().Recipient
	if isGRUU(uri) && s.home(uri.Host, tx) {
		return uri, nil
	}
	return s.userAddress(tx, uri)
}

func isGRUU(uri sip.URI) bool {
	for _, p := range uri.UriParams {
		if strings.EqualFold(p.K, "gr") {
			return true
		}
	}
	return false
}

var errNotRegistered = errors.New("the user is not reachable")
