package confinfo

import (
	"slices"
	"strconv"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// Body is a document for many subscribers, written but for its version, which counts the notifications to each of them. The users in it are
// written once and for all documents.
type Body struct {
	xml       []byte // without version and fragments
	version   int    // where it goes
	users     int    // where the fragments go
	fragments [][]byte
	size      int
}

const maxVersion = 10 // digits

// Body writes d once. The users are d.Users and, after them, the fragments, which must stay as they are; d.Version does not matter.
func (d *Document) Body(fragments ...[]byte) Body {
	w := strictxml.NewWriter(nil)
	d.appendStart(&w)
	w.Attr("entity", d.Entity)
	w.OptAttr("state", string(d.State))
	w.Attr("version", "")
	b := Body{version: len(w.Bytes()) - 1, fragments: fragments}
	b.users = b.version
	if len(fragments) > 0 {
		d.appendContent(&w, &b.users)
	} else {
		d.appendContent(&w, nil)
	}
	w.End("conference-info")
	b.xml = w.Bytes()
	b.size = len(b.xml) + maxVersion
	for _, fragment := range fragments {
		b.size += len(fragment)
	}
	return b
}

// Version is the document with that version: a slice of its own.
func (b Body) Version(version uint32) []byte { return b.Append(make([]byte, 0, b.size), version) }

// Append appends the document with that version.
func (b Body) Append(dst []byte, version uint32) []byte {
	dst = append(slices.Grow(dst, b.size), b.xml[:b.version]...)
	dst = strconv.AppendUint(dst, uint64(version), 10)
	dst = append(dst, b.xml[b.version:b.users]...)
	for _, fragment := range b.fragments {
		dst = append(dst, fragment...)
	}
	return append(dst, b.xml[b.users:]...)
}

// Fragment is u as it stands in a Document of its own, for Body.
func (u *User) Fragment() []byte {
	w := strictxml.NewWriter(nil)
	w.Start("user")
	u.append(&w)
	return slices.Clip(w.Bytes())
}
