package conference_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/conference"
)

func TestSomebodyIsCalledAndDoesNotAnswer(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := conference.New(conference.Record{ID: "12345678", Organizer: "sip:olivia@example.com", AdmissionPolicy: conference.ClosedAuthenticated, Expires: now.Add(time.Hour)})
	user, _, err := c.Join(now, conference.Joining{
		Caller:   conference.Caller{URI: "sip:bob@example.com"},
		Endpoint: conference.Endpoint{ID: "desk", Status: conference.StatusDialingOut, Method: conference.DialedOut},
	})
	if err != nil || c.Len() != 1 || c.Present() != 0 {
		t.Fatalf("%v; %d in the roster, %d present", err, c.Len(), c.Present())
	}
	before := c.Revision()
	if _, err := c.Disconnect(now, user, "desk", conference.Busy, "Busy Here\r\n"); err != nil {
		t.Fatal(err)
	}
	p, _ := c.Participant(user)
	if e := p.Endpoints[0]; e.Status != conference.StatusDisconnected || e.Disconnection != conference.Busy || e.Reason != "Busy Here" || c.Revision() == before {
		t.Errorf("%+v at revision %d", e, c.Revision())
	}
	if _, err := c.Disconnect(now, user, "mobile", conference.Busy, ""); !errors.Is(err, conference.ErrNoSuchEndpoint) {
		t.Errorf("another endpoint: %v", err)
	}
	if _, err := c.RemoveEndpoint(now, user, "desk"); err != nil || c.Len() != 0 {
		t.Errorf("%v; %d left", err, c.Len())
	}
}

func TestPresentCountsPeople(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := conference.New(conference.Record{ID: "12345678", Organizer: "sip:olivia@example.com", AdmissionPolicy: conference.Anonymous, Expires: now.Add(time.Hour)})
	for _, id := range []conference.EndpointID{"a", "b"} {
		if _, _, err := c.Join(now, conference.Joining{
			Caller:   conference.Caller{URI: "sip:olivia@example.com", Authenticated: true},
			Endpoint: conference.Endpoint{ID: id, Status: conference.StatusConnected, Method: conference.DialedIn},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if c.Present() != 1 {
		t.Errorf("%d present, want olivia", c.Present())
	}
}
