package strictxml

import (
	"strconv"
	"unicode/utf8"
)

// Writer appends XML to a byte slice. Names are written as given, prefix included ("msci:locked"): the caller has one fixed
// prefix per namespace and declares it with Attr("xmlns:msci", …). There is never white space that was not asked for: the
// real client "does not trim element text".
//
// Calls must nest; the writer does not check that, the tests of its callers do. The zero Writer starts an empty document.
type Writer struct {
	buf  []byte
	open bool // the last start tag still lacks its '>'
}

// NewWriter returns a Writer that appends to dst.
func NewWriter(dst []byte) Writer { return Writer{buf: dst} }

// Bytes returns what was written, with dst in front.
func (w *Writer) Bytes() []byte { return w.buf }

// Declaration writes the xml declaration; only as the first thing.
func (w *Writer) Declaration() { w.buf = append(w.buf, `<?xml version="1.0"?>`...) }

// Start opens an element. Attributes follow, then content.
func (w *Writer) Start(name string) {
	w.closeTag()
	w.buf = append(w.buf, '<')
	w.buf = append(w.buf, name...)
	w.open = true
}

// Attr writes an attribute of the element just started.
func (w *Writer) Attr(name, value string) {
	w.attrName(name)
	w.buf = appendEscaped(w.buf, value, true)
	w.buf = append(w.buf, '"')
}

// OptAttr writes an attribute unless its value is empty.
func (w *Writer) OptAttr(name, value string) {
	if value != "" {
		w.Attr(name, value)
	}
}

// IntAttr writes a decimal attribute.
func (w *Writer) IntAttr(name string, value int64) {
	w.attrName(name)
	w.buf = strconv.AppendInt(w.buf, value, 10)
	w.buf = append(w.buf, '"')
}

func (w *Writer) attrName(name string) {
	w.buf = append(w.buf, ' ')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '=', '"')
}

// Text writes character data.
func (w *Writer) Text(text string) {
	w.closeTag()
	w.buf = appendEscaped(w.buf, text, false)
}

// End closes the element of that name: as <name/> when nothing was written in it.
func (w *Writer) End(name string) {
	if w.open {
		w.buf = append(w.buf, '/', '>')
		w.open = false
		return
	}
	w.buf = append(w.buf, '<', '/')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '>')
}

// Leaf writes <name>text</name>, <name/> for an empty text.
func (w *Writer) Leaf(name, text string) {
	w.Start(name)
	if text != "" {
		w.Text(text)
	}
	w.End(name)
}

// OptLeaf writes a Leaf unless its text is empty.
func (w *Writer) OptLeaf(name, text string) {
	if text != "" {
		w.Leaf(name, text)
	}
}

// IntLeaf writes a decimal number as a Leaf.
func (w *Writer) IntLeaf(name string, value int64) {
	w.Start(name)
	w.closeTag()
	w.buf = strconv.AppendInt(w.buf, value, 10)
	w.End(name)
}

// BoolLeaf writes true or false as a Leaf.
func (w *Writer) BoolLeaf(name string, value bool) { w.Leaf(name, strconv.FormatBool(value)) }

// OptBoolLeaf writes a BoolLeaf unless value is nil.
func (w *Writer) OptBoolLeaf(name string, value *bool) {
	if value != nil {
		w.BoolLeaf(name, *value)
	}
}

func (w *Writer) closeTag() {
	if w.open {
		w.buf = append(w.buf, '>')
		w.open = false
	}
}

// appendEscaped writes text so that every reader gets it back byte for byte. A carriage return would be read as a line feed
// (XML 1.0 §2.11), white space in an attribute as a blank (§3.3.3), so they go as references. What XML cannot hold at all
// becomes U+FFFD.
func appendEscaped(dst []byte, text string, attribute bool) []byte {
	done := 0
	for i := 0; i < len(text); {
		if plain[text[i]] {
			i++
			continue
		}
		reference, size := escape(text[i:], attribute)
		if reference != "" {
			dst = append(dst, text[done:i]...)
			dst = append(dst, reference...)
			done = i + size
		}
		i += size
	}
	return append(dst, text[done:]...)
}

// plain has the bytes that never need a reference, which are nearly all.
var plain = func() (table [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		table[c] = c != '&' && c != '<' && c != '>' && c != '"'
	}
	return table
}()

// escape returns what stands for the first character of text, "" for itself, and how many bytes that one has.
func escape(text string, attribute bool) (reference string, size int) {
	if text[0] < utf8.RuneSelf {
		return asciiReference(text[0], attribute), 1
	}
	r, size := utf8.DecodeRuneInString(text)
	return runeReference(r, size), size
}

func asciiReference(c byte, attribute bool) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;" // "]]>" must not stand in text
	case '\r':
		return "&#13;"
	case '"', '\n', '\t':
		return spaceReference(c, attribute)
	}
	if c < ' ' {
		return "\uFFFD"
	}
	return ""
}

func spaceReference(c byte, attribute bool) string {
	switch {
	case !attribute:
		return ""
	case c == '"':
		return "&#34;"
	case c == '\n':
		return "&#10;"
	}
	return "&#9;"
}

func runeReference(r rune, size int) string {
	if r == utf8.RuneError && size == 1 || r == 0xFFFE || r == 0xFFFF {
		return "\uFFFD"
	}
	return ""
}
