package strictxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The bounds of a document from a stranger: a command, or a roster of 300 users.
const (
	MaxBytes      = 256 << 10
	MaxDepth      = 32
	MaxAttributes = 64 // of one element, namespace declarations included
	MaxElements   = 10_000
	maxNamespaces = 128 // in scope at one place; bounds the search for a prefix
)

// Limits are other bounds, for documents from somebody we asked for them, such as the roster of a large conference. Depth and
// attributes are bounded as ever.
type Limits struct{ Bytes, Elements int }

// Read reads a body of at most MaxBytes. Of a larger one it reads one byte more and fails with ErrTooLarge.
func Read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading XML: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, tooLarge(MaxBytes)
	}
	return data, nil
}

// Parse reads one document and returns its root. Every error is an *Error.
func Parse(data []byte) (*Element, error) {
	return Limits{Bytes: MaxBytes, Elements: MaxElements}.Parse(data)
}

// Parse reads one document within l.
func (l Limits) Parse(data []byte) (*Element, error) {
	if len(data) > l.Bytes {
		return nil, tooLarge(l.Bytes)
	}
	if !utf8.Valid(data) {
		return nil, &Error{Line: badLine(data), Err: ErrEncoding}
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if err := checkAttributes(data); err != nil {
		return nil, err
	}
	p := parser{decoder: xml.NewDecoder(bytes.NewReader(data)), limits: l}
	p.decoder.CharsetReader = refuseCharset
	if err := p.run(); err != nil {
		return nil, err
	}
	return p.root, nil
}

func tooLarge(limit int) error {
	return &Error{Detail: fmt.Sprintf("more than %d bytes", limit), Err: ErrTooLarge}
}

// badLine counts the lines up to the first byte that is not UTF-8.
func badLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

func refuseCharset(string, io.Reader) (io.Reader, error) { return nil, ErrEncoding }

// parser holds the way from the root to the element being read.
type parser struct {
	decoder  *xml.Decoder
	limits   Limits
	root     *Element
	open     []openElement
	bindings []binding
	elements int
	started  bool // something was read, so an xml declaration may no longer come
}

// openElement is an element whose end tag is still to come.
type openElement struct {
	element  *Element
	raw      xml.Name // prefix and local name, which the end tag must repeat
	bindings int      // how many were in scope before it
	text     []byte
}

func (p *parser) run() error {
	for {
		// RawToken, because Token turns an undeclared prefix into a namespace without saying so.
		token, err := p.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return p.syntax(err)
		}
		if err := p.token(token); err != nil {
			return err
		}
		p.started = true
	}
}

func (p *parser) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t)
	case xml.EndElement:
		return p.end(t)
	case xml.CharData:
		return p.text(t)
	case xml.ProcInst:
		return p.instruction(t)
	case xml.Directive:
		return p.refuse(ErrDoctype, "")
	}
	return nil // a comment
}

func (p *parser) start(t xml.StartElement) error {
	switch {
	case p.root != nil && len(p.open) == 0:
		return p.refuse(ErrTrailingContent, "<"+t.Name.Local+">")
	case len(p.open) == MaxDepth:
		return p.refuse(ErrTooDeep, fmt.Sprintf("more than %d levels", MaxDepth))
	case p.elements == p.limits.Elements:
		return p.refuse(ErrTooManyElements, fmt.Sprintf("more than %d", p.limits.Elements))
	}
	p.elements++
	before := len(p.bindings)
	if err := p.declare(t.Attr); err != nil {
		return err
	}
	e, err := p.element(t)
	if err != nil {
		return err
	}
	p.place(e)
	p.open = append(p.open, openElement{element: e, raw: t.Name, bindings: before})
	return nil
}

// element builds e with its names resolved.
func (p *parser) element(t xml.StartElement) (*Element, error) {
	name, err := p.elementName(t.Name)
	if err != nil {
		return nil, err
	}
	line, _ := p.decoder.InputPos()
	attrs, err := p.attributes(t.Attr)
	if err != nil {
		return nil, err
	}
	return &Element{Name: name, Attrs: attrs, Line: line}, nil
}

func (p *parser) attributes(raw []xml.Attr) ([]Attr, error) {
	attrs := make([]Attr, 0, len(raw))
	for _, a := range raw {
		if isDeclaration(a.Name) {
			continue
		}
		name, err := p.attributeName(a.Name)
		if err != nil {
			return nil, err
		}
		// Namespaces in XML 1.0 §6.3: no element has two attributes with the same expanded name.
		for i := range attrs {
			if attrs[i].Name == name {
				return nil, p.refuse(ErrDuplicateAttribute, name.Local)
			}
		}
		attrs = append(attrs, Attr{Name: name, Value: a.Value})
	}
	if len(attrs) == 0 {
		return nil, nil
	}
	return attrs, nil
}

func (p *parser) place(e *Element) {
	if len(p.open) == 0 {
		p.root = e
		return
	}
	parent := p.open[len(p.open)-1].element
	parent.Children = append(parent.Children, e)
}

func (p *parser) end(t xml.EndElement) error {
	if len(p.open) == 0 {
		return p.refuse(ErrSyntax, "</"+t.Name.Local+"> without a start tag")
	}
	last := p.open[len(p.open)-1]
	if last.raw != t.Name {
		return p.refuse(ErrSyntax, fmt.Sprintf("<%s> closed by </%s>", last.raw.Local, t.Name.Local))
	}
	last.element.Text = string(last.text)
	p.bindings = p.bindings[:last.bindings]
	p.open = p.open[:len(p.open)-1]
	return nil
}

func (p *parser) text(data []byte) error {
	if len(p.open) > 0 {
		last := &p.open[len(p.open)-1]
		last.text = append(last.text, data...)
		return nil
	}
	if len(bytes.Trim(data, " \t\r\n")) > 0 {
		return p.refuse(ErrTrailingContent, "text")
	}
	return nil
}

// instruction lets only the xml declaration through, and only as the first thing.
func (p *parser) instruction(t xml.ProcInst) error {
	if t.Target != "xml" || p.started {
		return p.refuse(ErrProcessingInstruction, t.Target)
	}
	return nil
}

func (p *parser) finish() error {
	if len(p.open) > 0 {
		return p.refuse(ErrSyntax, "<"+p.open[len(p.open)-1].raw.Local+"> is not closed")
	}
	if p.root == nil {
		return p.refuse(ErrSyntax, "no element")
	}
	return nil
}

func (p *parser) refuse(err error, detail string) error {
	line, _ := p.decoder.InputPos()
	return &Error{Line: line, Detail: clip(detail), Err: err}
}

func (p *parser) syntax(err error) error {
	if errors.Is(err, ErrEncoding) || strings.Contains(err.Error(), "declared but Decoder.CharsetReader") {
		return p.refuse(ErrEncoding, "")
	}
	detail := err.Error()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		detail = syntax.Msg
	}
	return p.refuse(ErrSyntax, strings.TrimPrefix(detail, "xml: "))
}

// clip keeps a name that the sender chose from filling our log.
func clip(detail string) string {
	const longest = 100
	if len(detail) <= longest {
		return detail
	}
	return strings.ToValidUTF8(detail[:longest], "") + "…"
}
