package strictxml_test

import (
	"testing"

	"github.com/beevik/etree"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

func TestWriter(t *testing.T) {
	w := strictxml.NewWriter([]byte("body: "))
	w.Declaration()
	w.Start("a")
	w.Attr("xmlns", "urn:a")
	w.OptAttr("none", "")
	w.IntAttr("n", -3)
	w.Leaf("empty", "")
	w.OptLeaf("none", "")
	w.OptBoolLeaf("none", nil)
	w.OptBoolLeaf("locked", new(false))
	w.IntLeaf("count", 33)
	w.Start("inner")
	w.Leaf("text", "x < y && z")
	w.End("inner")
	w.End("a")
	const want = `body: <?xml version="1.0"?><a xmlns="urn:a" n="-3"><empty/><locked>false</locked><count>33</count>` +
		`<inner><text>x &lt; y &amp;&amp; z</text></inner></a>`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// write puts s where text can stand.
func write(dst []byte, s string) []byte {
	w := strictxml.NewWriter(dst)
	w.Start("a")
	w.Attr("k", s)
	w.Text(s)
	w.End("a")
	return w.Bytes()
}

var texts = []string{
	"", "plain", `<>&"'`, "]]>", "<!-- -->", "a\r\nb\tc\n", " spaces ", "é ☃ 🎧", "\x00\x01\x1f", "\xff\xfe", "\ufffe\uffff", "&amp;",
}

// TestEscaping: what is written is read back byte for byte, by us and by etree; what XML cannot hold becomes U+FFFD.
func TestEscaping(t *testing.T) {
	for _, s := range texts {
		checkEscaping(t, s)
	}
}

func checkEscaping(t *testing.T, s string) {
	t.Helper()
	out := write(nil, s)
	want := legal(s)
	root, err := strictxml.Parse(out)
	if err != nil {
		t.Fatalf("%q became %q: %v", s, out, err)
	}
	if root.Text != want || root.Attr("", "k") != want {
		t.Errorf("%q became %q: read back as %q and %q", s, out, root.Text, root.Attr("", "k"))
	}
	other := etree.NewDocument()
	if err := other.ReadFromBytes(out); err != nil {
		t.Fatalf("etree: %q became %q: %v", s, out, err)
	}
	if got := other.Root().SelectAttrValue("k", ""); other.Root().Text() != want || got != want {
		t.Errorf("etree: %q became %q: read back as %q and %q", s, out, other.Root().Text(), got)
	}
}

// legal is the slow, obvious form of what the writer does to characters that XML 1.0 §2.2 does not have.
func legal(s string) string {
	var out []rune
	for _, r := range s { // a broken byte comes as U+FFFD
		ok := r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != 0xFFFE && r != 0xFFFF
		if !ok {
			r = 0xFFFD
		}
		out = append(out, r)
	}
	return string(out)
}

func TestWriterDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() {
		w := strictxml.NewWriter(buf)
		w.Start("user")
		w.Attr("entity", "sip:bob@example.com")
		w.IntAttr("n", 4)
		w.Leaf("display-text", "Bob & <Alice>")
		w.BoolLeaf("locked", true)
		w.End("user")
		buf = w.Bytes()[:0]
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
