package strictxml

import (
	"errors"
	"fmt"
)

// What a document was refused for. The error returned is an *Error that wraps one of these.
var (
	ErrTooLarge              = errors.New("document too large")
	ErrTooDeep               = errors.New("elements nested too deep")
	ErrTooManyAttributes     = errors.New("too many attributes")
	ErrTooManyElements       = errors.New("too many elements")
	ErrTooManyNamespaces     = errors.New("too many namespace declarations in scope")
	ErrDoctype               = errors.New("document type not allowed")
	ErrProcessingInstruction = errors.New("processing instruction not allowed")
	ErrDuplicateAttribute    = errors.New("duplicate attribute")
	ErrUndeclaredPrefix      = errors.New("undeclared prefix")
	ErrTrailingContent       = errors.New("content outside the root element")
	ErrEncoding              = errors.New("not UTF-8")
	ErrSyntax                = errors.New("not well-formed")
)

// Error says what was refused and where.
type Error struct {
	Line   int    // from 1; 0 when the document was not read at all
	Detail string // the name or the limit in question; safe to show to the sender
	Err    error  // one of the sentinels of this package
}

func (e *Error) Error() string {
	text := "xml: " + e.Err.Error()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Line == 0 {
		return text
	}
	return fmt.Sprintf("%s (line %d)", text, e.Line)
}

func (e *Error) Unwrap() error { return e.Err }
