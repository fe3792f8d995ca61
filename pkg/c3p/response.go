package c3p

import (
	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Code says how a command ended.
type Code string

// The codes of a response.
const (
	Success Code = "success"
	Failure Code = "failure"
	Pending Code = "pending"
)

// Response answers a Request.
type Response struct {
	RequestID string
	From, To  string
	Code      Code
	Command   string  // local name of the command
	Reason    Reason  // of a failure
	Detail    string  // of a failure, for a person (fx:detail)
	Body      Command // what a success tells; nil: nothing
}

// ParseResponse reads a response document. A successful response to a command of the table always has a Body; one to another
// command, and a failure, never.
func ParseResponse(data []byte) (*Response, error) {
	root, err := strictxml.Parse(data)
	if err != nil {
		return nil, err
	}
	return readResponse(root)
}

func readResponse(root *strictxml.Element) (*Response, error) {
	if err := checkEnvelope(root, "response"); err != nil {
		return nil, err
	}
	e, err := findCommand(root)
	if err != nil {
		return nil, err
	}
	r := &Response{
		RequestID: root.Attr("", "requestId"),
		From:      root.Attr("", "from"),
		To:        root.Attr("", "to"),
		Code:      Code(root.Attr("", "code")),
		Command:   e.Name.Local,
		Reason:    Reason(e.Attr("", "reason")),
		Detail:    e.Attr(ExtensionNamespace, "detail"),
	}
	if err := r.readBody(e); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Response) readBody(e *strictxml.Element) error {
	switch r.Code {
	case Failure, Pending:
		return nil
	case Success:
	default:
		return &EnvelopeError{Detail: "code is not success, failure or pending"}
	}
	if find(e.Name) == nil {
		return nil
	}
	body, err := readCommand(e)
	if err != nil {
		return err
	}
	r.Body = body
	return nil
}

// AppendXML writes the document. It has no xml declaration, as none was ever seen on one.
func (r *Response) AppendXML(dst []byte) []byte {
	w := strictxml.NewWriter(dst)
	r.append(&w)
	return w.Bytes()
}

func (r *Response) append(w *strictxml.Writer) {
	w.Start("response")
	appendNamespaces(w)
	w.Attr("C3PVersion", "1")
	w.Attr("requestId", r.RequestID)
	w.Attr("code", string(r.Code))
	w.Attr("from", r.From)
	w.Attr("to", r.To)
	element := elementOf(r.Command)
	w.Start(element)
	w.OptAttr("reason", string(r.Reason))
	w.OptAttr("fx:detail", r.Detail)
	if r.Body != nil {
		r.Body.append(w)
	}
	w.End(element)
	w.End("response")
}

// Err returns the failure that r tells about as an *Error, nil for every other code.
func (r *Response) Err() error {
	if r.Code != Failure {
		return nil
	}
	reason := r.Reason
	if reason == "" {
		reason = ReasonOtherFailure
	}
	return &Error{Reason: reason, Detail: r.Detail}
}
