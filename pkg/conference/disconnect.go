package conference

import "time"

// Disconnect says that an endpoint is not in the conference any more, or could not be reached, and why. It stays in the roster, without media,
// until RemoveEndpoint: "disconnected: The endpoint is not a participant in the conference" (RFC 4575 §5.7.3).
func (c *Conference) Disconnect(now time.Time, user UserID, endpoint EndpointID, method DisconnectionMethod, reason string) ([]Change, error) {
	_, e, err := c.lookUp(user, endpoint)
	if err != nil {
		return nil, err
	}
	e.Status, e.Disconnection, e.Reason, e.Media, e.Speaking = StatusDisconnected, method, clip(reason), nil, false
	changes := []Change{c.change(now, "", Change{Kind: EndpointChanged, User: user, Endpoint: endpoint})}
	return append(changes, c.followSpeakers(now, user)...), nil
}

// Present is the number of participants with an endpoint whose call stands; the others are being called, could not be, or wait in the lobby.
func (c *Conference) Present() (present int) {
	for _, p := range c.users {
		if p.Present() {
			present++
		}
	}
	return present
}

func (s EndpointStatus) present() bool {
	return s == StatusConnected || s == StatusOnHold || s == StatusMutedViaFocus
}
