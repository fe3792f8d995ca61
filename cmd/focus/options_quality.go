package main

import (
	"fmt"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

func (s *settings) readCollector(o *options) error {
	if s.Collector == "" {
		return nil
	}
	uri, err := sip.ParseURI(s.Collector)
	if err != nil || uri.Host == "" {
		return fmt.Errorf("--quality-collector %q: it is a SIP URI, like sip:collector@example.com", s.Collector)
	}
	o.collector = s.Collector
	return nil
}
