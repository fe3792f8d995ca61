package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Request is a command on its way.
type Request struct {
	RequestID string // decimal digits, unique per sender while they wait
	From, To  string // URIs, as the document has them; From proves nothing
	MCU       string // mscp:mcuUri, the MCU that must execute the command; "": the receiver
	Command   Command
}

// ParseRequest reads a request document.
//
// A document that cannot be understood at all gives a nil Request and a *strictxml.Error or *EnvelopeError. When only the
// command is the trouble the Request is there, with an *Unreadable as its Command, and the error (*UnknownCommandError or
// *ContentError) is fit for Failure.
func ParseRequest(data []byte) (*Request, error) {
	r, _, err := ParseRequestKeys(data)
	return r, err
}

// ParseRequestKeys is ParseRequest, and says which conferences the command names, in whatever keys: for a dialog, which is about one conference.
func ParseRequestKeys(data []byte) (r *Request, named []ConferenceKeys, err error) {
	root, err := strictxml.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	if err := checkEnvelope(root, "request"); err != nil {
		return nil, nil, err
	}
	e, err := findCommand(root)
	if err != nil {
		return nil, nil, err
	}
	r = &Request{
		RequestID: root.Attr("", "requestId"),
		From:      root.Attr("", "from"),
		To:        root.Attr("", "to"),
		MCU:       e.Attr(MSNamespace, "mcuUri"),
	}
	r.Command, err = readRequestCommand(e)
	return r, conferencesOf(e), err
}

func readRequestCommand(e *strictxml.Element) (Command, error) {
	command, err := readCommand(e)
	if err != nil {
		return &Unreadable{Element: e.Name.Local}, err
	}
	if err := command.check(); err != nil {
		return &Unreadable{Element: e.Name.Local}, contentError(e.Name.Local, err)
	}
	return command, nil
}

// checkEnvelope obeys [MS-CONFPRO] 2.2.2 for what both directions share.
func checkEnvelope(root *strictxml.Element, name string) error {
	switch {
	case !root.Is(Namespace, name):
		return &EnvelopeError{Detail: "root element is not a C3P " + name}
	case root.Attr("", "C3PVersion") != "" && root.Attr("", "C3PVersion") != "1":
		return &EnvelopeError{Detail: "C3PVersion is not 1"}
	case !isRequestID(root.Attr("", "requestId")):
		return &EnvelopeError{Detail: "requestId is not a number"}
	}
	return nil
}

// isRequestID: a non-negative integer. 20 digits hold every 64-bit one.
func isRequestID(id string) bool {
	if id == "" || len(id) > 20 {
		return false
	}
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// AppendXML writes the document.
func (r *Request) AppendXML(dst []byte) []byte {
	w := strictxml.NewWriter(dst)
	w.Declaration()
	w.Start("request")
	appendNamespaces(&w)
	w.Attr("C3PVersion", "1")
	w.Attr("requestId", r.RequestID)
	w.Attr("from", r.From)
	w.Attr("to", r.To)
	element := elementOf(r.Command.Name())
	w.Start(element)
	w.OptAttr("mscp:mcuUri", r.MCU)
	r.Command.append(&w)
	w.End(element)
	w.End("request")
	return w.Bytes()
}

// Success answers r. body is of the type of r's command; nil when there is nothing to tell.
func (r *Request) Success(body Command) *Response {
	answer := r.answer(Success)
	answer.Body = body
	return answer
}

// Pending answers r for now; the final response goes to the Listener.
func (r *Request) Pending() *Response { return r.answer(Pending) }

// Failure answers r with what Explain says about err.
func (r *Request) Failure(err error) *Response {
	answer := r.answer(Failure)
	answer.Reason, answer.Detail = Explain(err)
	return answer
}

// answer is a response to r: its from and to are those of the request, swapped.
func (r *Request) answer(code Code) *Response {
	return &Response{RequestID: r.RequestID, From: r.To, To: r.From, Code: code, Command: r.Command.Name()}
}
