package sdp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"
)

// What Parse takes at most.
const (
	MaxBytes      = 64 << 10
	MaxMedia      = 32   // m-lines
	MaxAttributes = 2048 // a-lines, in all
	MaxFormats    = 128  // of one m-line: there are no more payload types
)

// Parse reads a session description. It takes lines in any order within their level, lines ended by CR, LF or both, and does
// without o=, s= and t=. Every error is a *SyntaxError.
func Parse(text string) (*Description, error) { return parser{}.read(text) }

func (p parser) read(text string) (*Description, error) {
	if len(text) > MaxBytes {
		return nil, &SyntaxError{Line: 1, Detail: fmt.Sprintf("longer than %d bytes", MaxBytes)}
	}
	p.description = new(Description)
	p.description.session.Origin = origin(0, 0, unspecified)
	number := 0
	for line := range strings.SplitSeq(newlines.Replace(text), "\n") {
		number++
		if err := p.line(line); err != nil {
			return nil, &SyntaxError{Line: number, Detail: err.Error()}
		}
	}
	if !p.begun {
		return nil, &SyntaxError{Line: 1, Detail: "no v= line"}
	}
	return p.description, nil
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

type parser struct {
	description *Description
	begun       bool
	media       *pion.MediaDescription // the m-line we are below; nil at session level
	attributes  int
}

func (p *parser) line(line string) error {
	if line == "" {
		return nil
	}
	if len(line) < 2 || line[1] != '=' {
		return errors.New("not of the form <type>=<value>")
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return errors.New("control character")
	}
	kind, value := line[0], strings.TrimRight(line[2:], " \t")
	if !p.begun {
		return p.version(kind, value)
	}
	switch kind {
	case 'm':
		return p.mediaLine(value)
	case 'a':
		return p.attribute(value)
	case 'c':
		return p.connection(value)
	case 'b':
		p.bandwidth(value)
		return nil
	}
	if p.media != nil {
		return mediaLevel(kind)
	}
	return p.sessionLevel(kind, value)
}

func (p *parser) version(kind byte, value string) error {
	if kind != 'v' || value != "0" {
		return errors.New("not v=0")
	}
	p.begun = true
	return nil
}

// mediaLevel reads over what else may stand below an m-line. RFC 8866 section 5: "An SDP parser MUST completely ignore any
// session description that contains a type letter that it does not understand."
func mediaLevel(kind byte) error {
	if strings.IndexByte("ik", kind) < 0 {
		return fmt.Errorf("type %q does not belong below an m= line", kind)
	}
	return nil
}

func (p *parser) sessionLevel(kind byte, value string) error {
	switch kind {
	case 'o':
		return p.origin(value)
	case 's':
		p.description.session.SessionName = pion.SessionName(value)
	case 't':
		return p.timing(value)
	case 'i', 'u', 'e', 'p', 'r', 'z', 'k':
	default:
		return fmt.Errorf("unknown type %q", kind)
	}
	return nil
}

// origin reads <username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>. Numbers that do not fit in 64 bits
// are legal ("numeric string"); they become the largest that does.
func (p *parser) origin(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 6 {
		return errors.New("o= line without six fields")
	}
	id, err := number(fields[1])
	if err != nil {
		return fmt.Errorf("session id: %w", err)
	}
	version, err := number(fields[2])
	if err != nil {
		return fmt.Errorf("session version: %w", err)
	}
	p.description.session.Origin = pion.Origin{Username: fields[0], SessionID: id, SessionVersion: version,
		NetworkType: fields[3], AddressType: fields[4], UnicastAddress: fields[5]}
	return nil
}

func number(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errors.New("not a number")
	}
	return n, nil
}

func (p *parser) timing(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 2 {
		if len(fields) != 1 { // RFC 2327 clients leave out the end
			return errors.New("t= line without two fields")
		}
		fields = append(fields, "0")
	}
	start, err := number(fields[0])
	if err != nil {
		return fmt.Errorf("start time: %w", err)
	}
	stop, err := number(fields[1])
	if err != nil {
		return fmt.Errorf("stop time: %w", err)
	}
	p.description.session.TimeDescriptions = append(p.description.session.TimeDescriptions,
		pion.TimeDescription{Timing: pion.Timing{StartTime: start, StopTime: stop}})
	return nil
}

// connection reads <nettype> <addrtype> <connection-address>[/ttl[/count]]. The first of several counts.
func (p *parser) connection(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 3 || fields[2][0] == '/' {
		return errors.New("c= line without three fields")
	}
	addr, _, _ := strings.Cut(fields[2], "/")
	c := &pion.ConnectionInformation{NetworkType: fields[0], AddressType: fields[1], Address: &pion.Address{Address: addr}}
	switch {
	case p.media == nil && p.description.session.ConnectionInformation == nil:
		p.description.session.ConnectionInformation = c
	case p.media != nil && p.media.ConnectionInformation == nil:
		p.media.ConnectionInformation = c
	}
	return nil
}

// bandwidth keeps b=<bwtype>:<bandwidth>. We do not act on it, so one that cannot be read is dropped.
func (p *parser) bandwidth(value string) {
	kind, amount, _ := strings.Cut(value, ":")
	n, err := strconv.ParseUint(amount, 10, 64)
	if err != nil {
		return
	}
	b := pion.Bandwidth{Type: kind, Bandwidth: n}
	if p.media != nil {
		p.media.Bandwidth = append(p.media.Bandwidth, b)
	} else {
		p.description.session.Bandwidth = append(p.description.session.Bandwidth, b)
	}
}

// mediaLine reads <media> <port>[/<number of ports>] <proto> <fmt> ...
func (p *parser) mediaLine(value string) error {
	session := &p.description.session
	fields := strings.Fields(value)
	switch {
	case len(fields) < 4:
		return errors.New("m= line without four fields")
	case len(fields) > 3+MaxFormats:
		return fmt.Errorf("more than %d formats", MaxFormats)
	case len(session.MediaDescriptions) == MaxMedia:
		return fmt.Errorf("more than %d m= lines", MaxMedia)
	}
	first, _, _ := strings.Cut(fields[1], "/")
	port, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return errors.New("port is not a number from 0 to 65535")
	}
	p.media = &pion.MediaDescription{MediaName: pion.MediaName{Media: fields[0], Port: pion.RangedPort{Value: int(port)},
		Protos: strings.Split(fields[2], "/"), Formats: fields[3:]}}
	session.MediaDescriptions = append(session.MediaDescriptions, p.media)
	return nil
}

func (p *parser) attribute(value string) error {
	if p.attributes++; p.attributes > MaxAttributes {
		return fmt.Errorf("more than %d attributes", MaxAttributes)
	}
	key, value, _ := strings.Cut(value, ":")
	if key = strings.TrimSpace(key); key == "" {
		return errors.New("attribute without a name")
	}
	a := pion.Attribute{Key: key, Value: value}
	if p.media != nil {
		p.media.Attributes = append(p.media.Attributes, a)
	} else {
		p.description.session.Attributes = append(p.description.session.Attributes, a)
	}
	return nil
}
