package confinfo

import (
	"slices"
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Body is a document for many subscribers, written but for its version, which counts the notifications to each of them.
type Body struct {
	xml []byte
	at  int // where the version goes
}

// Body writes d once. The users are d.Users and, after them, the fragments; d.Version does not matter.
func (d *Document) Body(fragments ...[]byte) Body {
	size := 1 << 10
	for _, fragment := range fragments {
		size += len(fragment)
	}
	w := strictxml.NewWriter(make([]byte, 0, size))
	d.appendStart(&w)
	w.Attr("entity", d.Entity)
	w.OptAttr("state", string(d.State))
	w.Attr("version", "")
	at := len(w.Bytes()) - 1
	d.appendContent(&w, fragments)
	w.End("conference-info")
	return Body{w.Bytes(), at}
}

// Version is the document with that version: a slice of its own.
func (b Body) Version(version uint32) []byte {
	const digits = 10
	document := make([]byte, 0, len(b.xml)+digits)
	document = append(document, b.xml[:b.at]...)
	document = strconv.AppendUint(document, uint64(version), digits)
	return append(document, b.xml[b.at:]...)
}

// Fragment is u as it stands in a Document of its own, for Body.
func (u *User) Fragment() []byte {
	w := strictxml.NewWriter(nil)
	w.Start("user")
	u.append(&w)
	return slices.Clip(w.Bytes())
}
