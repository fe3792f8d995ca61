package strictxml

import (
	"bytes"
	"fmt"
)

// checkAttributes counts the attributes of each element before the tokenizer sees them: it hands out a start tag whole, and one
// with 50,000 attributes would cost 14 MB before it could be refused.
//
// The scan follows the lexical grammar, so it never refuses a well-formed document with fewer. Where the document is not
// well-formed it may lose its way; the tokenizer comes to that place as well.
func checkAttributes(data []byte) error {
	for at := 0; at < len(data); {
		next := bytes.IndexByte(data[at:], '<')
		if next < 0 {
			return nil
		}
		at += next + 1
		switch rest := data[at:]; {
		case bytes.HasPrefix(rest, []byte("!--")):
			at = after(data, at+3, "-->")
		case bytes.HasPrefix(rest, []byte("![CDATA[")):
			at = after(data, at+8, "]]>")
		case bytes.HasPrefix(rest, []byte("?")):
			at = after(data, at+1, "?>")
		case bytes.HasPrefix(rest, []byte("!")):
			return nil // a document type: the parser ends there
		default:
			end, count := scanTag(data, at)
			if count > MaxAttributes {
				return &Error{Line: 1 + bytes.Count(data[:end], []byte("\n")), Err: ErrTooManyAttributes,
					Detail: fmt.Sprintf("more than %d in one element", MaxAttributes)}
			}
			at = end
		}
	}
	return nil
}

// after returns the offset behind the next end, or that of the end of data.
func after(data []byte, at int, end string) int {
	if next := bytes.Index(data[at:], []byte(end)); next >= 0 {
		return at + next + len(end)
	}
	return len(data)
}

// scanTag counts the quoted values in the tag whose name is at data[at:], until its end or one too many.
func scanTag(data []byte, at int) (end, values int) {
	for at < len(data) && values <= MaxAttributes {
		c := data[at]
		at++
		switch c {
		case '>':
			return at, values
		case '"', '\'':
			at = after(data, at, string(c))
			values++
		}
	}
	return at, values
}
