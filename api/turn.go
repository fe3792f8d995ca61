package api

import (
	"net/http"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// TURN is a server through which clients send media that cannot reach the server otherwise.
type TURN struct {
	URLs []string      // of STUN and TURN (RFC 7064, RFC 7065), the best first
	TTL  time.Duration // of credentials, at most
	// Issue makes credentials; an error is about the name of the user.
	Issue func(user string, until time.Time) (username, password string, err error)
}

// TURNRequest says what credentials one wants.
type TURNRequest struct {
	TTL  int    `json:"ttl,omitempty"`  // seconds; as long as the server gives without one
	User string `json:"user,omitempty"` // whom they are for, if that is no user of this server; from administrators
}

// ICEServers can be given to a browser as it is: new RTCPeerConnection(answer).
type ICEServers struct {
	ICEServers []ICEServer `json:"iceServers"`
	TTL        int         `json:"ttl"` // seconds
}

// ICEServer is RTCIceServer of WebRTC.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

const minTTL = 60 * time.Second

func (s *server) getTURN(w http.ResponseWriter, _ *http.Request, who c3p.Principal) {
	s.giveTURN(w, who, &TURNRequest{})
}

func (s *server) postTURN(w http.ResponseWriter, r *http.Request, who c3p.Principal) {
	var wanted TURNRequest
	if refusal := readJSON(w, r, &wanted); refusal != nil {
		refusal.write(w)
		return
	}
	s.giveTURN(w, who, &wanted)
}

func (s *server) giveTURN(w http.ResponseWriter, who c3p.Principal, wanted *TURNRequest) {
	servers, refusal := s.issueTURN(who, wanted, time.Now())
	if refusal != nil {
		refusal.write(w)
		return
	}
	writeJSON(w, http.StatusOK, servers)
}

func (s *server) issueTURN(who c3p.Principal, wanted *TURNRequest, now time.Time) (*ICEServers, *Problem) {
	if s.TURN == nil {
		return nil, problem(http.StatusNotFound, "This server has no TURN: the settings turn and turns are off.")
	}
	ttl := s.TURN.TTL
	if wanted.TTL != 0 {
		ttl = time.Duration(min(wanted.TTL, int(s.TURN.TTL/time.Second))) * time.Second
	}
	if ttl < minTTL {
		return nil, badField("ttl", "ttl is 60 seconds at least.")
	}
	user := nameOf(who)
	if wanted.User != "" {
		if who.Role != c3p.RoleAdministrator {
			return nil, problem(http.StatusForbidden, "Only administrators get credentials for others: leave user out.")
		}
		user = wanted.User
	}
	username, password, err := s.TURN.Issue(user, now.Add(ttl))
	if err != nil {
		return nil, badField("user", sentence(err.Error()))
	}
	return &ICEServers{ICEServers: []ICEServer{{s.TURN.URLs, username, password}}, TTL: int(ttl / time.Second)}, nil
}
