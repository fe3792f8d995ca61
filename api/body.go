package api

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/strictxml"
)

// readBody reads the body of a request of one type, at most strictxml.MaxBytes. One that announces more is refused unread, and
// its connection closed rather than drained.
func readBody(w http.ResponseWriter, r *http.Request, mediaType string) ([]byte, *Problem) {
	if p := checkType(r.Header.Get("Content-Type"), mediaType); p != nil {
		return nil, p
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, problem(http.StatusUnsupportedMediaType, "Send the body without Content-Encoding.")
	}
	if r.ContentLength > strictxml.MaxBytes {
		return nil, tooLarge(w, r)
	}
	body, err := strictxml.Read(r.Body)
	switch {
	case errors.Is(err, strictxml.ErrTooLarge):
		return nil, tooLarge(w, r)
	case err != nil:
		return nil, problem(http.StatusBadRequest, "The body ended too soon.")
	}
	return body, nil
}

// tooLarge ends the connection of HTTP/1.1, on which the rest of the body is coming; HTTP/2 resets the stream and keeps the others.
func tooLarge(w http.ResponseWriter, r *http.Request) *Problem {
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
	return problem(http.StatusRequestEntityTooLarge, "A body may have 256 KB.")
}

// checkType compares a Content-Type. Its only parameter that matters is the character set, which is UTF-8.
func checkType(header, want string) *Problem {
	got, parameters, err := mime.ParseMediaType(header)
	if charset := parameters["charset"]; err != nil || got != want || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return problem(http.StatusUnsupportedMediaType, "Send the body as Content-Type: "+want+", in UTF-8.")
	}
	return nil
}
