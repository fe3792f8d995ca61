package sip

import (
	"bytes"
	"iter"
)

// The scanner finds the lines of a message without understanding them. It knows where the head of any message ends, and reads enough of a
// message that the parser refuses to answer it.

// endOfHead is the number of octets up to and with the first empty line, -1 if there is none yet. It looks from an offset on. Lines that end
// in a bare LF are seen too, to be refused by name.
func endOfHead(data []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(data[i:], '\n')
		if n < 0 {
			return -1
		}
		i += n + 1
		switch {
		case i < len(data) && data[i] == '\n':
			return i + 1
		case i+1 < len(data) && data[i] == '\r' && data[i+1] == '\n':
			return i + 2
		}
	}
}

// startLine is the first line without its end, and the rest.
func startLine(data []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(data, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// headerLines are the header fields of a message up to the empty line: names and values without the space around them, continuation lines
// joined by one space (RFC 3261 §7.3.1). The name of a line without colon is nil.
func headerLines(data []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		_, rest := startLine(data)
		for len(rest) > 0 {
			var line []byte
			line, rest = startLine(rest)
			if len(line) == 0 {
				return
			}
			if len(rest) > 0 && isSpace(rest[0]) {
				line, rest = unfolded(line, rest)
			}
			name, value, found := bytes.Cut(line, []byte(":"))
			if !found {
				name, value = nil, line
			}
			if !yield(bytes.TrimRight(name, " \t"), bytes.Trim(value, " \t")) {
				return
			}
		}
	}
}

// unfolded is the line with its continuation lines, in octets of its own.
func unfolded(line, rest []byte) (whole, after []byte) {
	whole = bytes.Clone(line)
	for len(rest) > 0 && isSpace(rest[0]) {
		line, rest = startLine(rest)
		whole = append(append(bytes.TrimRight(whole, " \t"), ' '), bytes.TrimLeft(line, " \t")...)
	}
	return whole, rest
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// looksLikeSIP tells from the first line if the rest is worth reading: `METHOD uri SIP/...` or `SIP/... code`.
func looksLikeSIP(data []byte) bool {
	line, _ := startLine(data)
	if len(line) < len("A b SIP/2.0") {
		return false
	}
	if isVersion(line) {
		return true
	}
	line = bytes.TrimRight(line, " \t")
	return isVersion(line[bytes.LastIndexByte(line, ' ')+1:])
}

func isVersion(s []byte) bool { return len(s) >= 4 && bytes.EqualFold(s[:4], []byte("SIP/")) }

// isKeepAlive: CRLFs (RFC 5626 §3.5.1), NULs or nothing.
func isKeepAlive(data []byte) bool { return len(bytes.Trim(data, "\r\n\x00")) == 0 }

// isToken: RFC 3261 §25.1.
func isToken[S string | []byte](s S) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || bytes.IndexByte([]byte("-.!%*_+`'~"), c) >= 0) {
			return false
		}
	}
	return len(s) > 0
}
