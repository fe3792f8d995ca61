package codec

import "errors"

// What coders refuse. The coders wrap these; callers count by them.
var (
	ErrPayload = errors.New("payload cannot be read")
	ErrFrame   = errors.New("frame is not of a length the codec takes")
	ErrRate    = errors.New("codec does not work at this sampling rate")
	ErrFmtp    = errors.New("format parameter out of range")
	ErrClosed  = errors.New("coder is closed")
)
