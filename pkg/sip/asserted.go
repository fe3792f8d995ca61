package sip

import (
	"errors"
	"fmt"
	"strings"
)

// Asserted is what a network says of the caller (RFC 3325). It counts only from a peer that is trusted to say so.
type Asserted struct {
	Name string
	URI  URI    // sip or sips; Host is empty when there is only Tel
	Tel  string // number without separators, with a leading + when it is global
}

// Why an assertion does not count.
var (
	ErrNotAsserted = errors.New("no asserted identity")
	ErrAssertion   = errors.New("asserted identity is malformed")
)

// AssertedIdentity reads P-Asserted-Identity: "There may be one or two P-Asserted-Identity values. If there is one value, it MUST be a sip, sips,
// or tel URI. If there are two values, one value MUST be a sip or sips URI and the other MUST be a tel URI" (RFC 3325 §9.1). It does not look at
// who sent it.
func AssertedIdentity(req *Request) (Asserted, error) {
	values := HeaderValues(req, "P-Asserted-Identity")
	if len(values) == 0 {
		return Asserted{}, ErrNotAsserted
	}
	var a Asserted
	for _, value := range values {
		if err := a.add(value); err != nil {
			return Asserted{}, fmt.Errorf("%w: %w", ErrAssertion, err)
		}
	}
	return a, nil
}

func (a *Asserted) add(value string) error {
	h, ok := typedHeader("From", value).(*FromHeader) // the same grammar: name-addr or addr-spec
	if !ok {
		return errors.New("not an address")
	}
	switch scheme := strings.ToLower(h.Address.Scheme); {
	case scheme == "tel" && a.Tel == "":
		a.Tel = telNumber(value)
		if a.Tel == "" {
			return errors.New("tel without a number")
		}
	case (scheme == "sip" || scheme == "sips") && a.URI.Host == "" && h.Address.Host != "" && h.Address.User != "":
		a.URI = h.Address
	default:
		return errors.New("more values than one sip and one tel, or another scheme, or nobody")
	}
	if a.Name == "" {
		a.Name = h.DisplayName
	}
	return nil
}

// telNumber takes "visual separators" out of the number of a tel URI (RFC 3966 §3, §5.1.1): "" when that is none.
func telNumber(value string) string {
	_, rest, _ := strings.Cut(strings.ToLower(value), "tel:")
	rest, _, _ = strings.Cut(rest, ">")
	rest, _, _ = strings.Cut(rest, ";")
	number := strings.NewReplacer("-", "", ".", "", "(", "", ")", "", " ", "").Replace(rest)
	if digits := strings.TrimPrefix(number, "+"); digits == "" || len(digits) > 32 || strings.Trim(digits, "0123456789*#") != "" {
		return ""
	}
	return number
}

// WantsPrivacy tells if the caller's asserted identity is not for others: Privacy with "id", or with one of RFC 3323 §4.2 that hides who calls.
func WantsPrivacy(req *Request) bool {
	for _, value := range HeaderValues(req, "Privacy") {
		for _, wish := range strings.Split(value, ";") {
			if isOneOf(strings.TrimSpace(wish), []string{"id", "user", "header"}) {
				return true
			}
		}
	}
	return false
}
