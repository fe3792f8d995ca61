package api

import (
	"mime"
	"strconv"
	"strings"
)

// preferred is the index of the media type that an Accept header likes best (RFC 9110 §12.5.1), the first of those it likes alike; -1 when it takes
// none. Without the header all are liked.
func preferred(accept []string, known []string) int {
	best, bestQuality := -1, 0.0
	for i, mediaType := range known {
		if q := liked(accept, mediaType); q > bestQuality {
			best, bestQuality = i, q
		}
	}
	return best
}

// liked is the quality of the most specific range that a media type is in.
func liked(accept []string, mediaType string) float64 {
	if len(accept) == 0 {
		return 1
	}
	quality, specific := 0.0, -1
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		if s := within(name, mediaType); s > specific {
			quality, specific = weight(parameters), s
		}
	}
	return quality
}

// within is how specific a media range is that holds the type: 2 for itself, 0 for */*; -1 when it does not.
func within(span, mediaType string) int {
	family, _, _ := strings.Cut(mediaType, "/")
	switch span {
	case mediaType:
		return 2
	case family + "/*":
		return 1
	case "*/*":
		return 0
	}
	return -1
}

func weight(parameters map[string]string) float64 {
	text, given := parameters["q"]
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}
