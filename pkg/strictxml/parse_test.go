package strictxml_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

func TestParse(t *testing.T) {
	const in = `<?xml version="1.0" encoding="utf-8"?>
<!-- a roster -->
<room xmlns="urn:a" xmlns:b="urn:b" b:id="7" id="8" xml:lang="en">
 <user>Bob &amp; <!-- the second --><![CDATA[<Alice>]]></user><b:user xmlns="" xmlns:b="urn:c"><user/></b:user>
</room>
`
	got, err := strictxml.Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	want := &strictxml.Element{
		Name: strictxml.Name{Space: "urn:a", Local: "room"},
		Attrs: []strictxml.Attr{
			{Name: strictxml.Name{Space: "urn:b", Local: "id"}, Value: "7"},
			{Name: strictxml.Name{Local: "id"}, Value: "8"},
			{Name: strictxml.Name{Space: "http://www.w3.org/XML/1998/namespace", Local: "lang"}, Value: "en"},
		},
		Children: []*strictxml.Element{
			{Name: strictxml.Name{Space: "urn:a", Local: "user"}, Text: "Bob & <Alice>", Line: 4},
			{Name: strictxml.Name{Space: "urn:c", Local: "user"}, Line: 4, Children: []*strictxml.Element{
				{Name: strictxml.Name{Local: "user"}, Line: 4},
			}},
		},
		Text: "\n \n",
		Line: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func TestLookup(t *testing.T) {
	root, err := strictxml.Parse([]byte(`<a xmlns="urn:a" xmlns:b="urn:b"><b:x>other</b:x><x> one </x><x k="">two</x></a>`))
	if err != nil {
		t.Fatal(err)
	}
	if got := root.ChildText("urn:a", "x"); got != "one" {
		t.Errorf("first x is %q", got)
	}
	var texts []string
	for e := range root.All("urn:a", "x") {
		texts = append(texts, e.Text)
	}
	if diff := cmp.Diff([]string{" one ", "two"}, texts); diff != "" {
		t.Error(diff)
	}
	if _, ok := root.Children[2].LookupAttr("", "k"); !ok {
		t.Error("an empty attribute counts as missing")
	}
	missing := root.Child("urn:a", "y").Child("urn:a", "z")
	if missing.Is("urn:a", "z") || missing.Trimmed() != "" || missing.Attr("", "k") != "" || missing.Child("", "q") != nil {
		t.Error("a path into nothing leads somewhere")
	}
}

// TestRefused has a row for each thing that must not get through, and says where it was found.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     error
		line     int
	}{
		{"nothing", "", strictxml.ErrSyntax, 1},
		{"only a comment", "<!-- -->", strictxml.ErrSyntax, 1},
		{"doctype", "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", strictxml.ErrDoctype, 2},
		{"doctype inside", "<a>\n<!DOCTYPE a></a>", strictxml.ErrDoctype, 2},
		{"billion laughs", bomb(), strictxml.ErrDoctype, 11},
		{"undefined entity", "<a>&b;</a>", strictxml.ErrSyntax, 1},
		{"instruction", "<a>\n\n<?php echo 1 ?></a>", strictxml.ErrProcessingInstruction, 3},
		{"late declaration", "<!-- --><?xml version='1.0'?><a/>", strictxml.ErrProcessingInstruction, 1},
		{"second declaration", "<?xml version='1.0'?><?xml version='1.0'?><a/>", strictxml.ErrProcessingInstruction, 1},
		{"stylesheet", "<?xml-stylesheet href='x'?><a/>", strictxml.ErrProcessingInstruction, 1},
		{"duplicate attribute", "<a\n b='1' b='2'/>", strictxml.ErrDuplicateAttribute, 2},
		{"duplicate by namespace", "<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", strictxml.ErrDuplicateAttribute, 1},
		{"duplicate declaration", "<a xmlns:x='u' xmlns:x='v'/>", strictxml.ErrDuplicateAttribute, 1},
		{"duplicate default", "<a xmlns='u' xmlns='v'/>", strictxml.ErrDuplicateAttribute, 1},
		{"undeclared prefix", "<a>\n<x:b/></a>", strictxml.ErrUndeclaredPrefix, 2},
		{"undeclared attribute prefix", "<a x:b='1'/>", strictxml.ErrUndeclaredPrefix, 1},
		{"out of scope", "<a><b xmlns:x='u'/><x:c/></a>", strictxml.ErrUndeclaredPrefix, 1},
		{"prefix bound to nothing", "<a xmlns:x=''/>", strictxml.ErrUndeclaredPrefix, 1},
		{"xml rebound", "<a xmlns:xml='u'/>", strictxml.ErrSyntax, 1},
		{"xmlns bound", "<a xmlns:xmlns='u'/>", strictxml.ErrSyntax, 1},
		{"name with two colons", "<a:b:c xmlns:a='u'/>", strictxml.ErrSyntax, 1},
		{"name that begins with a colon", "<:a/>", strictxml.ErrSyntax, 1},
		{"second root", "<a/>\n<b/>", strictxml.ErrTrailingContent, 2},
		{"text after the root", "<a/>b", strictxml.ErrTrailingContent, 1},
		{"text before the root", "b<a/>", strictxml.ErrTrailingContent, 1},
		{"zero after the root", "<a/>\x00", strictxml.ErrSyntax, 1},
		{"not closed", "<a><b></b>", strictxml.ErrSyntax, 1},
		{"closed by another", "<a></b>", strictxml.ErrSyntax, 1},
		{"closed by another prefix", "<x:a xmlns:x='u' xmlns:y='u'></y:a>", strictxml.ErrSyntax, 1},
		{"closed twice", "<a/></a>", strictxml.ErrSyntax, 1},
		{"bare ampersand", "<a>b & c</a>", strictxml.ErrSyntax, 1},
		{"attribute without quotes", "<a b=c/>", strictxml.ErrSyntax, 1},
		{"control character", "<a>\x01</a>", strictxml.ErrSyntax, 1},
		{"Latin-1", "<a>\n\xe9</a>", strictxml.ErrEncoding, 2},
		{"Latin-1 declared", "<?xml version='1.0' encoding='iso-8859-1'?><a/>", strictxml.ErrEncoding, 1},
		{"UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", strictxml.ErrEncoding, 1},
		{"XML 1.1", "<?xml version='1.1'?><a/>", strictxml.ErrSyntax, 1},
		{"too deep", strings.Repeat("<a>", 9000), strictxml.ErrTooDeep, 1},
		{"one level too deep", nested(strictxml.MaxDepth + 1), strictxml.ErrTooDeep, 1},
		{"10,000 attributes", "<a" + attributes(10_000) + "/>", strictxml.ErrTooManyAttributes, 1},
		{"one attribute too many", "<a" + attributes(strictxml.MaxAttributes+1) + "/>", strictxml.ErrTooManyAttributes, 1},
		{"one element too many", "<a>" + strings.Repeat("<b/>", strictxml.MaxElements) + "</a>", strictxml.ErrTooManyElements, 1},
		{"namespaces", namespaces(), strictxml.ErrTooManyNamespaces, 1},
		{"large", "<a>" + strings.Repeat(" ", strictxml.MaxBytes) + "</a>", strictxml.ErrTooLarge, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := strictxml.Parse([]byte(tt.in))
			var refused *strictxml.Error
			if !errors.As(err, &refused) || !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if refused.Line != tt.line {
				t.Errorf("%v: line %d, want %d", err, refused.Line, tt.line)
			}
			if len(err.Error()) > 250 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestBoundsAreInclusive(t *testing.T) {
	for name, in := range map[string]string{
		"depth":      nested(strictxml.MaxDepth),
		"attributes": "<a" + attributes(strictxml.MaxAttributes) + "/>",
		"elements":   "<a>" + strings.Repeat("<b/>", strictxml.MaxElements-1) + "</a>",
		"bytes":      "<a>" + strings.Repeat(" ", strictxml.MaxBytes-7) + "</a>",
		"BOM":        "\xEF\xBB\xBF<?xml version='1.0'?><a/>",
		"white":      "\n <a/>\r\n\t",
	} {
		if _, err := strictxml.Parse([]byte(in)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	in := []byte("<a>" + strings.Repeat("<b/>", strictxml.MaxElements) + "</a>")
	if _, err := (strictxml.Limits{Bytes: 1 << 20, Elements: 20_000}).Parse(in); err != nil {
		t.Error(err)
	}
	if _, err := (strictxml.Limits{Bytes: 100, Elements: 20_000}).Parse(in); !errors.Is(err, strictxml.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// TestManyPieces: a text in 20,000 pieces is put together once, not 20,000 times.
func TestManyPieces(t *testing.T) {
	root, err := strictxml.Parse([]byte("<a>" + strings.Repeat("x<!---->", 20_000) + "</a>"))
	if err != nil {
		t.Fatal(err)
	}
	if root.Text != strings.Repeat("x", 20_000) {
		t.Errorf("text of %d bytes", len(root.Text))
	}
}

// endless is a body of 100 MB and more.
type endless struct{ read int }

func (r *endless) Read(p []byte) (int, error) {
	r.read += len(p)
	return len(p), nil
}

func TestReadStopsEarly(t *testing.T) {
	body := &endless{}
	if _, err := strictxml.Read(body); !errors.Is(err, strictxml.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if body.read > strictxml.MaxBytes+1 {
		t.Errorf("%d bytes were read", body.read)
	}
	if data, err := strictxml.Read(strings.NewReader("<a/>")); err != nil || string(data) != "<a/>" {
		t.Errorf("got %q, %v", data, err)
	}
}

// TestLargeIsCheap: a body that is too large costs its error.
func TestLargeIsCheap(t *testing.T) {
	large := make([]byte, 100<<20)
	if n := testing.AllocsPerRun(10, func() { _, _ = strictxml.Parse(large) }); n > 8 {
		t.Errorf("%v allocations", n)
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE a [\n<!ENTITY l0 'ha'>\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "<!ENTITY l%d '%s'>", i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n") + "]><a>&l9;</a>"
}

func nested(depth int) string {
	return strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth)
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

func namespaces() string {
	var b strings.Builder
	for level := range 10 {
		b.WriteString("<a")
		for i := range 20 {
			fmt.Fprintf(&b, " xmlns:p%d='u%d'", level*20+i, i)
		}
		b.WriteString(">")
	}
	return b.String()
}
