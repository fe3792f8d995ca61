package strictxml_test

import (
	"errors"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// FuzzReader: whatever comes, the bounds hold; whatever is accepted, etree accepts, and survives being written.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		`<a/>`, `<a xmlns="u" b="c">d<e/>f</a>`, "<x:a xmlns:x='u' x:b='&#13;&lt;'/>", bomb(), nested(40), "<a><![CDATA[x]]></a>",
		"<?xml version='1.0'?><a/>", "<a b='1' b='2'/>", "<a xml:lang='en'/>", "<a/><b/>", "\xEF\xBB\xBF<a/>", "<!-- --><a>\r\n</a>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := strictxml.Parse(data)
		if err != nil {
			var refused *strictxml.Error
			if !errors.As(err, &refused) {
				t.Fatalf("%T", err)
			}
			return
		}
		if elements := measure(t, root, 1); elements > strictxml.MaxElements {
			t.Fatalf("%d elements", elements)
		}
		if err := etree.NewDocument().ReadFromBytes(data); err != nil {
			t.Fatalf("etree: %v", err)
		}
		checkRewritten(t, root)
	})
}

func measure(t *testing.T, e *strictxml.Element, depth int) int {
	if depth > strictxml.MaxDepth || len(e.Attrs) > strictxml.MaxAttributes {
		t.Fatalf("depth %d, %d attributes", depth, len(e.Attrs))
	}
	n := 1
	for _, child := range e.Children {
		n += measure(t, child, depth+1)
	}
	return n
}

// checkRewritten writes the tree with a declaration on each element and reads it again.
func checkRewritten(t *testing.T, root *strictxml.Element) {
	w := strictxml.NewWriter(nil)
	rewrite(&w, root)
	if len(w.Bytes()) > strictxml.MaxBytes {
		return
	}
	again, err := strictxml.Parse(w.Bytes())
	if errors.Is(err, strictxml.ErrTooManyNamespaces) || errors.Is(err, strictxml.ErrTooManyAttributes) {
		return // the declarations that rewrite adds
	}
	if err != nil {
		t.Fatalf("%s: %v", w.Bytes(), err)
	}
	if diff := cmp.Diff(root, again, cmpopts.IgnoreFields(strictxml.Element{}, "Line")); diff != "" {
		t.Fatal(diff)
	}
}

func rewrite(w *strictxml.Writer, e *strictxml.Element) {
	w.Start(e.Name.Local)
	w.Attr("xmlns", e.Name.Space)
	for i, a := range e.Attrs {
		prefix := ""
		switch a.Name.Space {
		case "":
		case "http://www.w3.org/XML/1998/namespace":
			prefix = "xml:"
		default:
			name := "p" + string(rune('a'+i))
			prefix = name + ":"
			w.Attr("xmlns:"+name, a.Name.Space)
		}
		w.Attr(prefix+a.Name.Local, a.Value)
	}
	w.Text(e.Text)
	for _, child := range e.Children {
		rewrite(w, child)
	}
	w.End(e.Name.Local)
}

func FuzzEscape(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) < 10_000 {
			checkEscaping(t, s)
		}
	})
}
