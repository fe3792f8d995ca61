package confinfo

import (
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Media is the media element: one stream of an endpoint.
type Media struct {
	ID            string // names it within its endpoint
	State         State
	DisplayText   string
	Type          string           // "audio", …
	Label         string           // the a=label of the stream (RFC 4574)
	SrcID         string           // SSRC
	Status        string           // SendRecv, …, as the participant sees it
	IngressFilter string           // msci: Block or Unblock what comes from the participant
	EgressFilter  string           // msci: Block or Unblock what goes to the participant
	Gain          *float64         // fx: dB, how much louder the others hear the participant; nil: not said
	Sends         string           // fx:codec: the name of that in which the participant sends
	Receives      string           // fx:codec: the same of what the participant is sent
	Protection    string           // fx: how the stream is encrypted, as in "AEAD_AES_128_GCM (SDES)"; EncryptionNone: it is not; "": not said
	Received      *quality.Metrics // fx:quality: how well the participant is heard; nil: not said
	Sent          *quality.Metrics // fx:quality: how well the participant hears, as its device says
}

// Values of Media.Status (RFC 4575).
const (
	SendRecv = "sendrecv"
	SendOnly = "sendonly"
	RecvOnly = "recvonly"
	Inactive = "inactive"
)

// Values of IngressFilter and EgressFilter.
const (
	Block   = "block"
	Unblock = "unblock"
)

// ParseMedia reads a media element inside another document.
func ParseMedia(e *strictxml.Element) (*Media, error) {
	if !e.Is(Namespace, "media") {
		return nil, unexpected(e, "media")
	}
	r := reader{}
	m := r.media(e)
	if r.err != nil {
		return nil, r.err
	}
	return &m, nil
}

func (r *reader) media(e *strictxml.Element) Media {
	codec, sound := e.Child(ExtensionNamespace, "codec"), e.Child(ExtensionNamespace, "quality")
	return Media{
		ID:            e.Attr("", "id"),
		State:         r.state(e),
		DisplayText:   e.ChildText(Namespace, "display-text"),
		Type:          e.ChildText(Namespace, "type"),
		Label:         e.ChildText(Namespace, "label"),
		SrcID:         e.ChildText(Namespace, "src-id"),
		Status:        e.ChildText(Namespace, "status"),
		IngressFilter: r.filter(e.Child(MSNamespace, "media-ingress-filter")),
		EgressFilter:  r.filter(e.Child(MSNamespace, "media-egress-filter")),
		Gain:          r.decimal(e.Child(ExtensionNamespace, "gain")),
		Sends:         codec.Attr("", "sends"),
		Receives:      codec.Attr("", "receives"),
		Protection:    e.ChildText(ExtensionNamespace, "protection"),
		Received:      r.metrics(sound.Child(ExtensionNamespace, "received")),
		Sent:          r.metrics(sound.Child(ExtensionNamespace, "sent")),
	}
}

func (r *reader) metrics(e *strictxml.Element) *quality.Metrics {
	m, err := quality.ReadElement(e)
	if err != nil {
		r.fail(e, err.Error())
	}
	return m
}

func (r *reader) filter(e *strictxml.Element) string {
	switch value := e.Trimmed(); value {
	case "", Block, Unblock:
		return value
	}
	r.fail(e, "not block or unblock")
	return ""
}

// AppendFragment writes m inside a document that declares the prefixes msci and fx.
func (m *Media) AppendFragment(w *strictxml.Writer) {
	w.Start("media")
	w.Attr("xmlns", Namespace)
	m.append(w)
}

// append writes what follows "<media".
func (m *Media) append(w *strictxml.Writer) {
	w.Attr("id", m.ID)
	w.OptAttr("state", string(m.State))
	w.OptLeaf("display-text", m.DisplayText)
	w.OptLeaf("type", m.Type)
	w.OptLeaf("label", m.Label)
	w.OptLeaf("src-id", m.SrcID)
	w.OptLeaf("status", m.Status)
	w.OptLeaf("msci:media-ingress-filter", m.IngressFilter)
	w.OptLeaf("msci:media-egress-filter", m.EgressFilter)
	if m.Gain != nil {
		w.Leaf("fx:gain", strconv.FormatFloat(*m.Gain, 'f', -1, 64))
	}
	if m.Sends != "" || m.Receives != "" {
		w.Start("fx:codec")
		w.OptAttr("sends", m.Sends)
		w.OptAttr("receives", m.Receives)
		w.End("fx:codec")
	}
	w.OptLeaf("fx:protection", m.Protection)
	if m.Received != nil || m.Sent != nil {
		w.Start("fx:quality")
		m.Received.AppendElement(w, "fx:received")
		m.Sent.AppendElement(w, "fx:sent")
		w.End("fx:quality")
	}
	w.End("media")
}
