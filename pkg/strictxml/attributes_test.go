package strictxml

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// manyAttributes is the slow, obvious form of checkAttributes: it has the tokenizer build every start tag. ok is false for
// what is not well-formed, or not ours to count.
func manyAttributes(data string) (many, ok bool) {
	decoder := xml.NewDecoder(strings.NewReader(data))
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return many, true
		}
		if err != nil {
			return false, false
		}
		switch t := token.(type) {
		case xml.Directive:
			return false, false
		case xml.StartElement:
			many = many || len(t.Attr) > MaxAttributes
		}
	}
}

// FuzzAttributes: the scan and the tokenizer count alike.
func FuzzAttributes(f *testing.F) {
	many := strings.Repeat(" a='>'", MaxAttributes)
	for _, s := range []string{
		"<a" + many + "/>", "<a" + many + ` b="'"/>`, "<!--" + many + " b='' --><a" + many + "/>", "<a><![CDATA[<b" + many + " b=''>]]></a>",
		"<?x <y" + many + " b=''?><a/>", "<a>" + many + "''''</a>", "<!--><a" + many + " b=''/>-->", "<a></a" + many + " b=''>", "<a/></a>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		want, ok := manyAttributes(data)
		if got := checkAttributes([]byte(data)); ok && (got != nil) != want {
			t.Errorf("%q: %v, the tokenizer says %v", data, got, want)
		}
	})
}

// TestManyAttributesAreCheap: refusing 50,000 attributes costs its error.
func TestManyAttributesAreCheap(t *testing.T) {
	data := []byte("<a" + strings.Repeat(" a=''", 50_000) + "/>")
	n := testing.AllocsPerRun(10, func() {
		if _, err := Parse(data); !errors.Is(err, ErrTooManyAttributes) {
			t.Fatal(err)
		}
	})
	if n > 8 {
		t.Errorf("%v allocations", n)
	}
}
