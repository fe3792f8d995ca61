package sdp

// Direction is which way media flows, seen from whoever says it. The zero value is SendRecv, as it is on the wire: "it MAY
// omit it, since sendrecv is the default" (RFC 3264 section 5.1).
type Direction uint8

// The four directions: a bit for each that is closed.
const (
	SendRecv Direction = 0
	RecvOnly Direction = noSend
	SendOnly Direction = noReceive
	Inactive Direction = noSend | noReceive

	noSend    = 1
	noReceive = 2
)

// Sends says whether whoever has this direction sends media.
func (d Direction) Sends() bool { return d&noSend == 0 }

// Receives says whether whoever has this direction receives media.
func (d Direction) Receives() bool { return d&noReceive == 0 }

// Reverse is the same flow seen from the other side.
func (d Direction) Reverse() Direction { return d>>1 | d&noSend<<1 }

// And is what flows when both d and e allow it.
func (d Direction) And(e Direction) Direction { return d | e }

// String returns the name of the attribute: "sendrecv", "sendonly", "recvonly", "inactive".
func (d Direction) String() string {
	return [...]string{SendRecv: "sendrecv", RecvOnly: "recvonly", SendOnly: "sendonly", Inactive: "inactive"}[d&Inactive]
}

func parseDirection(attribute string) (Direction, bool) {
	for d := SendRecv; d <= Inactive; d++ {
		if d.String() == attribute {
			return d, true
		}
	}
	return SendRecv, false
}
