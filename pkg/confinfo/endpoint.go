package confinfo

import (
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Endpoint is the endpoint element: one device of a user at one component of the conference.
type Endpoint struct {
	Entity      string // names it within its user
	State       State
	SessionType string // msci: SessionFocus, SessionAudioVideo, …; the component
	URI         string // msci:endpoint-uri, where it is reached
	EPID        string // msci:

	DisplayText         string
	Status              string // StatusConnected, …
	JoiningMethod       string // DialedIn, DialedOut, FocusOwner
	JoiningInfo         Execution
	DisconnectionMethod string // Departed, Booted, Failed, Busy
	DisconnectionInfo   Execution
	Media               []Media

	LobbyCapable bool // msci: clientInfo, lobby-capable; the client can wait in a lobby

	SDP        *SDP   // fx: between focus and MCU only, never in a roster
	Admitted   *bool  // fx: false while the leg waits outside the mix, for a PIN or in the lobby
	Language   string // fx: of its prompts, as in BCP 47
	Signalling string // fx: SignallingSecure, …: how its signalling comes. Between focus and MCU only
	WebRTC     bool   // fx: a browser: it has ICE, and offers to it are made for that. Between focus and MCU only
	Speaking   bool   // fx: is heard speaking now
}

// Values of Signalling.
const (
	SignallingSecure = "secure" // by TLS, which WSS is too
	SignallingLocal  = "local"  // from this machine
	SignallingOpen   = "open"   // so that others may read it
)

// Values of SessionType.
const (
	SessionFocus      = "focus"
	SessionAudioVideo = "audio-video"
	SessionChat       = "chat"
)

// Values of Status (RFC 4575).
const (
	StatusPending       = "pending"
	StatusDialingOut    = "dialing-out"
	StatusDialingIn     = "dialing-in"
	StatusAlerting      = "alerting"
	StatusOnHold        = "on-hold"
	StatusConnected     = "connected"
	StatusMutedViaFocus = "muted-via-focus"
	StatusDisconnecting = "disconnecting"
	StatusDisconnected  = "disconnected"
)

// Values of JoiningMethod (RFC 4575).
const (
	DialedIn   = "dialed-in"
	DialedOut  = "dialed-out"
	FocusOwner = "focus-owner"
)

// Values of DisconnectionMethod (RFC 4575).
const (
	Departed = "departed"
	Booted   = "booted"
	Failed   = "failed"
	Busy     = "busy"
)

// What an MCU gives as the reason in DisconnectionInfo. The list is ours.
const (
	ReasonMediaTimeout     = "mediaTimeout"     // neither RTP nor RTCP for too long
	ReasonMediaFailure     = "mediaFailure"     // the transport broke
	ReasonWrongCertificate = "wrongCertificate" // the peer's certificate is not the one that its description announces
	ReasonNoKeys           = "noKeys"           // the DTLS handshake has failed, or took too long
	ReasonConsentLost      = "consentLost"      // ICE has found no path, or nothing has shown for 30 s that the peer is there
	ReasonConferenceEnded  = "conferenceEnded"  // the conference was deleted
)

// Execution says when, why and by whom somebody joined or left.
type Execution struct {
	When   time.Time
	Reason string
	By     string // URI
}

// SDP is the fx:sdp element.
type SDP struct {
	Type string // SDPOffer, SDPAnswer, SDPRequest or SDPCandidates
	Text string // byte for byte
}

// Values of SDP.Type.
const (
	SDPOffer   = "offer"
	SDPAnswer  = "answer"
	SDPRequest = "request" // without text: make a new offer, as a re-INVITE without a body asks for

	SDPCandidates = "candidates" // a fragment with ICE candidates that came after the offer or answer (RFC 8840)
)

// ParseEndpoint reads an endpoint element inside another document.
func ParseEndpoint(e *strictxml.Element) (*Endpoint, error) {
	if !e.Is(Namespace, "endpoint") {
		return nil, unexpected(e, "endpoint")
	}
	r := reader{}
	endpoint := r.endpoint(e)
	if r.err != nil {
		return nil, r.err
	}
	return &endpoint, nil
}

func (r *reader) endpoint(e *strictxml.Element) Endpoint {
	endpoint := Endpoint{
		Entity:              e.Attr("", "entity"),
		State:               r.state(e),
		SessionType:         msAttr(e, "session-type"),
		URI:                 msAttr(e, "endpoint-uri"),
		EPID:                msAttr(e, "epid"),
		DisplayText:         e.ChildText(Namespace, "display-text"),
		Status:              e.ChildText(Namespace, "status"),
		JoiningMethod:       e.ChildText(Namespace, "joining-method"),
		JoiningInfo:         r.execution(e.Child(Namespace, "joining-info")),
		DisconnectionMethod: e.ChildText(Namespace, "disconnection-method"),
		DisconnectionInfo:   r.execution(e.Child(Namespace, "disconnection-info")),
		LobbyCapable:        r.flag(e.Child(MSNamespace, "clientInfo").Child(ms2Namespace, "lobby-capable")),
		SDP:                 r.sdp(e.Child(ExtensionNamespace, "sdp")),
		Admitted:            r.boolean(e.Child(ExtensionNamespace, "admitted")),
		Language:            e.ChildText(ExtensionNamespace, "language"),
		Signalling:          r.signalling(e.Child(ExtensionNamespace, "signalling")),
		WebRTC:              r.flag(e.Child(ExtensionNamespace, "webrtc")),
		Speaking:            r.flag(e.Child(ExtensionNamespace, "speaking")),
	}
	for child := range e.All(Namespace, "media") {
		endpoint.Media = append(endpoint.Media, r.media(child))
	}
	return endpoint
}

func (r *reader) signalling(e *strictxml.Element) string {
	switch text := e.Trimmed(); text {
	case "", SignallingSecure, SignallingLocal, SignallingOpen:
		return text
	}
	r.fail(e, "not secure, local or open")
	return ""
}

func (r *reader) execution(e *strictxml.Element) Execution {
	return Execution{
		When:   r.time(e.Child(Namespace, "when")),
		Reason: e.ChildText(Namespace, "reason"),
		By:     e.ChildText(Namespace, "by"),
	}
}

func (r *reader) sdp(e *strictxml.Element) *SDP {
	if e == nil {
		return nil
	}
	s := &SDP{Type: e.Attr("", "type"), Text: e.Text}
	if s.Type != SDPOffer && s.Type != SDPAnswer && s.Type != SDPRequest && s.Type != SDPCandidates {
		r.fail(e, "type is not offer, answer, request or candidates")
	}
	return s
}

// AppendFragment writes e inside a document that declares the prefixes msci and fx.
func (e *Endpoint) AppendFragment(w *strictxml.Writer) {
	w.Start("endpoint")
	w.Attr("xmlns", Namespace)
	e.append(w)
}

// append writes what follows "<endpoint", in the order of the RFC's schema, extensions last.
func (e *Endpoint) append(w *strictxml.Writer) {
	w.Attr("entity", e.Entity)
	w.OptAttr("state", string(e.State))
	w.OptAttr("msci:session-type", e.SessionType)
	w.OptAttr("msci:endpoint-uri", e.URI)
	w.OptAttr("msci:epid", e.EPID)
	w.OptLeaf("display-text", e.DisplayText)
	w.OptLeaf("status", e.Status)
	w.OptLeaf("joining-method", e.JoiningMethod)
	e.JoiningInfo.append(w, "joining-info")
	w.OptLeaf("disconnection-method", e.DisconnectionMethod)
	e.DisconnectionInfo.append(w, "disconnection-info")
	for i := range e.Media {
		w.Start("media")
		e.Media[i].append(w)
	}
	e.appendClientInfo(w)
	e.appendFX(w)
	w.End("endpoint")
}

// ms2Namespace has what Microsoft added after its first schemas: "msci2" in c3p.md §2.1.
const ms2Namespace = "http://schemas.microsoft.com/rtc/2008/12/confinfoextensions"

func (e *Endpoint) appendClientInfo(w *strictxml.Writer) {
	if !e.LobbyCapable {
		return
	}
	w.Start("msci:clientInfo")
	w.Start("lobby-capable")
	w.Attr("xmlns", ms2Namespace)
	w.Text("true")
	w.End("lobby-capable")
	w.End("msci:clientInfo")
}

func (e *Endpoint) appendFX(w *strictxml.Writer) {
	if e.SDP != nil {
		w.Start("fx:sdp")
		w.Attr("type", e.SDP.Type)
		w.Text(e.SDP.Text)
		w.End("fx:sdp")
	}
	w.OptBoolLeaf("fx:admitted", e.Admitted)
	w.OptLeaf("fx:language", e.Language)
	w.OptLeaf("fx:signalling", e.Signalling)
	appendFlag(w, "fx:webrtc", e.WebRTC)
	appendFlag(w, "fx:speaking", e.Speaking)
}

func (x Execution) append(w *strictxml.Writer, name string) {
	if x == (Execution{}) {
		return
	}
	w.Start(name)
	appendTime(w, "when", x.When)
	w.OptLeaf("reason", x.Reason)
	w.OptLeaf("by", x.By)
	w.End(name)
}
