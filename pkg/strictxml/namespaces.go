package strictxml

import (
	"encoding/xml"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// binding is a prefix in scope; the default namespace has the empty prefix.
type binding struct{ prefix, uri string }

func isDeclaration(name xml.Name) bool {
	return name.Space == "xmlns" || name.Space == "" && name.Local == "xmlns"
}

// declare brings the declarations among attrs into scope.
func (p *parser) declare(attrs []xml.Attr) error {
	mine := len(p.bindings)
	for _, a := range attrs {
		if !isDeclaration(a.Name) {
			continue
		}
		b := binding{uri: a.Value}
		if a.Name.Space == "xmlns" {
			b.prefix = a.Name.Local
		}
		if err := p.checkBinding(b, p.bindings[mine:]); err != nil {
			return err
		}
		p.bindings = append(p.bindings, b)
	}
	return nil
}

// checkBinding obeys Namespaces in XML 1.0 §3 (reserved prefixes and names) and §2.2 (no prefix may be undeclared).
func (p *parser) checkBinding(b binding, mine []binding) error {
	switch {
	case len(p.bindings) == maxNamespaces:
		return p.refuse(ErrTooManyNamespaces, "")
	case b.prefix != "" && !startsName(b.prefix):
		return p.refuse(ErrSyntax, "prefix "+b.prefix)
	case b.prefix != "" && b.uri == "":
		return p.refuse(ErrUndeclaredPrefix, b.prefix+" is bound to nothing")
	case b.prefix == "xmlns", b.uri == xmlnsNamespace, (b.prefix == "xml") != (b.uri == xmlNamespace):
		return p.refuse(ErrSyntax, "reserved namespace declared")
	}
	for _, other := range mine {
		if other.prefix == b.prefix {
			return p.refuse(ErrDuplicateAttribute, "xmlns:"+b.prefix)
		}
	}
	return nil
}

func (p *parser) elementName(raw xml.Name) (Name, error) {
	return p.resolve(raw, true)
}

// attributeName: "The namespace name for an unprefixed attribute name always has no value" (Namespaces in XML 1.0 §6.2).
func (p *parser) attributeName(raw xml.Name) (Name, error) {
	return p.resolve(raw, raw.Space != "")
}

func (p *parser) resolve(raw xml.Name, lookup bool) (Name, error) {
	if strings.Contains(raw.Local, ":") || !startsName(raw.Local) { // encoding/xml gives up on names such as ":a" and "a:"
		return Name{}, p.refuse(ErrSyntax, "name "+raw.Local)
	}
	if !lookup {
		return Name{Local: raw.Local}, nil
	}
	uri, ok := p.lookup(raw.Space)
	if !ok {
		return Name{}, p.refuse(ErrUndeclaredPrefix, raw.Space)
	}
	return Name{Space: uri, Local: raw.Local}, nil
}

// startsName is whether the first character may begin an NCName: "LocalPart ::= NCName" (Namespaces in XML 1.0 §4). encoding/xml has
// looked at the first of the whole name only, and at all of them for being characters of names.
func startsName(part string) bool {
	first, _ := utf8.DecodeRuneInString(part)
	return first == '_' || unicode.IsLetter(first) && !unicode.Is(unicode.Lm, first)
}

// lookup finds the innermost declaration. Without one the default namespace is empty, and so is an error for a prefix.
func (p *parser) lookup(prefix string) (uri string, ok bool) {
	if prefix == "xml" {
		return xmlNamespace, true
	}
	for i := len(p.bindings) - 1; i >= 0; i-- {
		if p.bindings[i].prefix == prefix {
			return p.bindings[i].uri, true
		}
	}
	return "", prefix == ""
}
