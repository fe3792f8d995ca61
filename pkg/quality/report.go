package quality

import (
	"net/netip"
	"time"
)

// MediaType is that of the text form (RFC 6035 §4.6.1), and XMLMediaType that of the XML form ([MS-QoE]).
const (
	MediaType    = "application/vq-rtcpxr"
	XMLMediaType = "application/vq-rtcpxr+xml"
)

// Report is about one leg of a call, made by one of its ends.
type Report struct {
	Interval   bool   `json:"interval,omitempty"` // the call goes on
	Conference string `json:"conference,omitempty"`
	Reporter   string `json:"reporter,omitempty"` // who sent it; "": we made it

	CallID    string `json:"callID,omitempty"`
	LocalTag  string `json:"localTag,omitempty"`
	RemoteTag string `json:"remoteTag,omitempty"`
	LocalID   string `json:"localID,omitempty"`  // URI of who reports
	RemoteID  string `json:"remoteID,omitempty"` // URI of the other end
	Outgoing  bool   `json:"outgoing,omitempty"` // who reports has called
	Agent     string `json:"agent,omitempty"`    // of the other end, as its User-Agent says

	LocalAddr  netip.AddrPort `json:"localAddr,omitzero"`
	RemoteAddr netip.AddrPort `json:"remoteAddr,omitzero"`
	Start      time.Time      `json:"start"`
	Stop       time.Time      `json:"stop"`
	Reason     string         `json:"reason,omitempty"` // it ended

	Protection string `json:"protection,omitempty"` // how the media was encrypted, as in "AEAD_AES_128_GCM (SDES)"

	Codec  Codec    `json:"codec,omitzero"`
	Local  *Metrics `json:"local,omitempty"`  // of what was received here
	Remote *Metrics `json:"remote,omitempty"` // of what was sent from here, as the other end says; nil: it said nothing
}

// Codec is the format in which the reporter receives (RFC 6035 §4.6.2.2.3).
type Codec struct {
	PayloadType      uint8   `json:"payloadType"`
	Name             string  `json:"name,omitempty"`
	Rate             uint32  `json:"rate,omitempty"`             // samples per second
	FrameDuration    float64 `json:"frameDuration,omitempty"`    // of a frame of the codec
	FrameOctets      int     `json:"frameOctets,omitempty"`      // of one such frame
	FramesPerPacket  int     `json:"framesPerPacket,omitempty"`  //
	PacketsPerSecond float64 `json:"packetsPerSecond,omitempty"` //
	FMTP             string  `json:"fmtp,omitempty"`
	Concealment      int     `json:"concealment,omitempty"` // 1 disabled, 2 enhanced, 3 standard; 0: nobody says
	SilenceSuppress  bool    `json:"silenceSuppression,omitempty"`
}

// OrigID is who has called (RFC 6035: the endpoint that originated the session).
func (r *Report) OrigID() string {
	if r.Outgoing {
		return r.LocalID
	}
	return r.RemoteID
}
