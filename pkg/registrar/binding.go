package registrar

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

// Binding is one contact of an address-of-record.
type Binding struct {
	Contact  string   `json:"contact"`            // the URI as it was registered
	Q        int      `json:"q"`                  // preference in thousandths, 0 to 1000
	Features string   `json:"features,omitempty"` // other parameters of the Contact: `;audio;methods="INVITE,BYE"`
	Path     []string `json:"path,omitempty"`     // name-addrs, the first is the next hop (RFC 3327)

	Instance string `json:"instance,omitempty"` // +sip.instance without <>: urn:uuid:... (RFC 5626 §4.1)
	RegID    uint32 `json:"regID,omitempty"`    // of an outbound registration, else 0
	GRUUs    []byte `json:"gruus,omitempty"`    // what the temporary GRUUs of this instance and Call-ID have in common

	CallID    string `json:"callID"`
	CSeq      uint32 `json:"cseq"`
	UserAgent string `json:"userAgent,omitempty"`

	Transport string         `json:"transport"`      // over which the REGISTER came
	Source    netip.AddrPort `json:"source"`         // where it came from
	NAT       bool           `json:"nat,omitempty"`  // the device is not where it says: requests go where the REGISTER came from
	Flow      string         `json:"flow,omitempty"` // token of the flow it came over; good in the process that wrote it

	Since    time.Time     `json:"since"`    // first registered
	Expires  time.Time     `json:"expires"`  // not bound any more from then on
	Lifetime time.Duration `json:"lifetime"` // what was granted last
}

// Outbound says that the contact is reached over its flow alone (RFC 5626).
func (b Binding) Outbound() bool { return b.RegID != 0 }

// FlowOnly says that a contact cannot be reached but over its flow: by outbound, or because its host is no host: "sip:x@y.invalid;transport=ws"
// is what browsers register (RFC 7118 §5).
func (b Binding) FlowOnly() bool {
	uri, err := sip.ParseURI(b.Contact)
	return b.Outbound() || err == nil && strings.HasSuffix(strings.ToLower(uri.Host), ".invalid")
}

// Target is the URI for the request line of a request to this contact: the contact without its method parameter and headers, which are not
// allowed there (RFC 3261 §19.1.1, table 1).
func (b Binding) Target() (sip.URI, error) {
	uri, err := sip.ParseURI(b.Contact)
	var kept sip.Params
	for _, p := range uri.UriParams {
		if !strings.EqualFold(p.K, "method") {
			kept = append(kept, p)
		}
	}
	uri.Headers, uri.UriParams = nil, kept
	return uri, err
}

// Record is all bindings of an address-of-record.
type Record struct {
	AOR      string // sip:alice@example.com
	Bindings []Binding
	Revision uint64 // of the store; 0: not stored
}

// Store keeps records. What Save returned without error survives the process.
type Store interface {
	// Load reads a record; one without bindings when there is none. Some of what it returns may have expired.
	Load(ctx context.Context, aor string) (Record, error)
	// Save replaces the record if it still has that revision, else [ErrConflict], and keeps it until its last binding expires. One without
	// bindings is removed.
	Save(ctx context.Context, r Record) (revision uint64, err error)
	// List reads all records, sorted by address-of-record.
	List(ctx context.Context) ([]Record, error)
}

// What can be wrong with a registration.
var (
	ErrConflict   = errors.New("somebody else changed the bindings")
	ErrMalformed  = errors.New("malformed registration")                          // 400
	ErrLoop       = errors.New("the contact is the address-of-record")            // 403 (RFC 5627 §5.1)
	ErrTooMany    = errors.New("too many contacts")                               // 403
	ErrFirstHop   = errors.New("first hop lacks outbound support")                // 439 (RFC 5626 §11.6)
	ErrOutOfOrder = errors.New("a later REGISTER of this Call-ID has been taken") // 500 (RFC 3261 §10.3)
)

// BriefError refuses a lifetime that is too short: 423 with Min-Expires.
type BriefError struct{ Min time.Duration }

func (e *BriefError) Error() string {
	return fmt.Sprintf("registered for too short: %s is the least", e.Min)
}

// live are the bindings that have not expired.
func live(bindings []Binding, now time.Time) []Binding {
	alive := make([]Binding, 0, len(bindings))
	for _, b := range bindings {
		if b.Expires.After(now) {
			alive = append(alive, b)
		}
	}
	return alive
}
