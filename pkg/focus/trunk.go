package focus

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Trunk is a server that takes calls to the telephone network, or to domains that are reached through it.
type Trunk struct {
	Name     string
	URI      sip.URI  // sip:HOST, without a user part
	Numbers  []string // what telephone numbers that it takes begin with: "+1"; "+" is every global one
	Domains  []string // whose SIP URIs it takes
	CallerID sip.URI  // who calls (From); zero is the conference

	// Credentials answer its 401 or 407; nil: it knows us by our address or certificate.
	Credentials func(realm string) (username, password string, ok bool)
}

var (
	errNumber  = errors.New("not a telephone number that can be called")
	errNoTrunk = errors.New("no trunk takes that number")
)

// maxNumber is how many digits a number may have: a global one has 15 at most (ITU-T E.164 §6.2.1).
const maxNumber = 15

// Check says what is wrong with a trunk of a configuration.
func (t *Trunk) Check() error {
	switch {
	case t.Name == "":
		return errors.New("a trunk without a name")
	case t.URI.Scheme != "sip" && t.URI.Scheme != "sips" || t.URI.Host == "" || t.URI.User != "":
		return fmt.Errorf("trunk %s: its URI is sip:HOST or sips:HOST, with :PORT and ;transport=… where they are needed", t.Name)
	case len(t.Numbers) == 0 && len(t.Domains) == 0:
		return fmt.Errorf("trunk %s takes no calls: say which numbers or domains", t.Name)
	}
	for _, prefix := range t.Numbers {
		if !isDigits(strings.TrimPrefix(prefix, "+")) && prefix != "+" || len(prefix) > maxNumber {
			return fmt.Errorf("trunk %s: %.20q is not the beginning of a number, like +1 or 0", t.Name, prefix)
		}
	}
	if slices.Contains(t.Domains, "") {
		return fmt.Errorf("trunk %s: a domain without a name", t.Name)
	}
	return nil
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// telephone reads a number (RFC 3966): the digits of a global one with its "+"; those of a local one, which names its phone-context (§5.1.5), if
// that is a domain of ours. Other parameters change who is called, so that none is passed over.
func (s *Server) telephone(target sip.URI) (string, error) {
	digits, parameters, _ := strings.Cut(target.String()[len("tel:"):], ";")
	digits = strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(digits)
	local := strings.TrimPrefix(digits, "+")
	if !isDigits(local) || len(local) > maxNumber {
		return "", fmt.Errorf("%w: %.40q", errNumber, target.String())
	}
	if parameters == "" && local != digits {
		return digits, nil
	}
	name, context, _ := strings.Cut(parameters, "=")
	if local != digits || !strings.EqualFold(name, "phone-context") || !s.home(context, nil) {
		return "", fmt.Errorf("%w: %.40q", errNumber, target.String())
	}
	return digits, nil
}

// isNumber says whether a URI is a telephone number: tel:, or a SIP URI of ours that says so (RFC 3261 §19.1.6).
func (s *Server) isNumber(target sip.URI) (sip.URI, bool) {
	if strings.EqualFold(target.Scheme, "tel") {
		return target, true
	}
	kind, _ := target.UriParams.Get("user")
	if !strings.EqualFold(kind, "phone") || !strings.HasPrefix(target.User, "+") || !s.home(target.Host, nil) {
		return target, false
	}
	uri, err := sip.ParseURI("tel:" + target.User)
	return uri, err == nil
}

// byTrunk is the call to a number through the trunk that takes the most of it. What no trunk takes is not called.
func (s *Server) byTrunk(target sip.URI) (*callable, error) {
	number, err := s.telephone(target)
	if err != nil {
		return nil, err
	}
	trunk, longest := (*Trunk)(nil), 0
	for i := range s.config.Trunks {
		for _, prefix := range s.config.Trunks[i].Numbers {
			if strings.HasPrefix(number, prefix) && len(prefix) > longest {
				trunk, longest = &s.config.Trunks[i], len(prefix)
			}
		}
	}
	if trunk == nil {
		return nil, fmt.Errorf("%w: %.40q", errNoTrunk, number)
	}
	inv := trunk.invitation(*trunk.URI.Clone())
	inv.Target.User = number
	inv.Target.UriParams.Add("user", "phone")
	return &callable{User{URI: conference.URI("tel:" + number).UserID()}, [][]sip.Invitation{{inv}}}, nil
}

// byDomain is the call to a SIP URI elsewhere, through the trunk for its domain if there is one.
func (s *Server) byDomain(target sip.URI) *callable {
	inv := sip.Invitation{Target: target}
	for i := range s.config.Trunks {
		if t := &s.config.Trunks[i]; slices.ContainsFunc(t.Domains, func(d string) bool { return strings.EqualFold(d, target.Host) }) {
			route := t.URI.Clone()
			route.UriParams.Add("lr", "")
			inv = t.invitation(target)
			inv.Headers = []sip.Header{sip.NewHeader("Route", "<"+route.String()+">")}
			break
		}
	}
	return &callable{User{URI: conference.URI(target.String()).UserID()}, [][]sip.Invitation{{inv}}}
}

func (t *Trunk) invitation(target sip.URI) sip.Invitation {
	return sip.Invitation{Target: target, From: t.CallerID, Credentials: t.Credentials}
}
