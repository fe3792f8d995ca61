package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/confinfo"
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Notification is what an MCU reports on its own. Its root element is ours (fx:notification), as C3P has none; what it holds
// is C3P's and RFC 4575's as far as they go.
type Notification struct {
	From, To   string             // URIs of the MCU and the focus
	Conference *confinfo.Document // partial: endpoints that changed; nil: none did
	Events     []Event            // in the order in which they happened
	Response   *Response          // the final one to a request that was answered with pending
}

// Event is something that happens and is not a state. The types are those of this package.
type Event interface {
	append(w *strictxml.Writer)
}

// ParseNotification reads a notification document. Events that are not known are ignored.
func ParseNotification(data []byte) (*Notification, error) {
	root, err := strictxml.Parse(data)
	if err != nil {
		return nil, err
	}
	if !root.Is(ExtensionNamespace, "notification") {
		return nil, &EnvelopeError{Detail: "root element is not a notification"}
	}
	n := &Notification{From: root.Attr("", "from"), To: root.Attr("", "to")}
	for _, child := range root.Children {
		if err := n.read(child); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *Notification) read(e *strictxml.Element) (err error) {
	switch {
	case e.Is(confinfo.Namespace, "conference-info"):
		n.Conference, err = confinfo.ParseElement(e)
	case e.Is(Namespace, "response"):
		n.Response, err = readResponse(e)
	case e.Name.Space == ExtensionNamespace:
		err = n.readEvent(e)
	}
	return err
}

func (n *Notification) readEvent(e *strictxml.Element) error {
	for i := range events {
		if events[i].local != e.Name.Local {
			continue
		}
		event, err := events[i].read(e)
		if err != nil {
			return contentError(e.Name.Local, err)
		}
		n.Events = append(n.Events, event)
	}
	return nil
}

// AppendXML writes the document.
func (n *Notification) AppendXML(dst []byte) []byte {
	w := strictxml.NewWriter(dst)
	w.Declaration()
	w.Start("fx:notification")
	appendNamespaces(&w)
	w.Attr("from", n.From)
	w.Attr("to", n.To)
	if n.Conference != nil {
		n.Conference.AppendFragment(&w)
	}
	for _, event := range n.Events {
		event.append(&w)
	}
	if n.Response != nil {
		n.Response.append(&w)
	}
	w.End("fx:notification")
	return w.Bytes()
}
