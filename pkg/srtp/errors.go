package srtp

import "errors"

// Why a packet is not opened or sealed.
var (
	ErrTooShort  = errors.New("shorter than a protected packet")
	ErrMalformed = errors.New("not a packet of RFC 3550")
	ErrNoKey     = errors.New("no key, or an MKI of none")
	ErrReplayed  = errors.New("replayed, or too old to tell")
	ErrBadTag    = errors.New("authentication failed")
	ErrExpired   = errors.New("the key's lifetime is over")
	ErrSources   = errors.New("too many sources under one key")
	ErrNoRoom    = errors.New("no room for the tag")
)

// Drops counts packets that were not opened, by reason.
type Drops struct {
	TooShort, Malformed, NoKey, Replayed, BadTag, Expired, Sources uint64
}

// Total is all of them.
func (d Drops) Total() uint64 {
	return d.TooShort + d.Malformed + d.NoKey + d.Replayed + d.BadTag + d.Expired + d.Sources
}

// Plus adds others.
func (d Drops) Plus(o Drops) Drops {
	return Drops{d.TooShort + o.TooShort, d.Malformed + o.Malformed, d.NoKey + o.NoKey, d.Replayed + o.Replayed, d.BadTag + o.BadTag,
		d.Expired + o.Expired, d.Sources + o.Sources}
}

func (d *Drops) count(err error) {
	switch err {
	case ErrTooShort:
		d.TooShort++
	case ErrMalformed:
		d.Malformed++
	case ErrNoKey:
		d.NoKey++
	case ErrReplayed:
		d.Replayed++
	case ErrExpired:
		d.Expired++
	case ErrSources:
		d.Sources++
	default:
		d.BadTag++
	}
}
