package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

var number = regexp.MustCompile(`^\+[0-9]{2,15}$`) // E.164

// readAccessNumbers reads "North=+15550100 +15550101,South=+15550200". What they lead to is the gateway's business.
func (s *settings) readAccessNumbers(o *options) error {
	if s.AccessNumber == "" {
		return nil
	}
	for _, text := range strings.Split(s.AccessNumber, ",") {
		name, list, _ := strings.Cut(text, "=")
		region := c3p.Region{Name: strings.TrimSpace(name), Numbers: strings.Fields(list)}
		known := slices.ContainsFunc(o.accessNumbers, func(r c3p.Region) bool { return r.Name == region.Name })
		if region.Name == "" || known || len(region.Numbers) == 0 || slices.ContainsFunc(region.Numbers, func(n string) bool { return !number.MatchString(n) }) {
			return fmt.Errorf("--access-numbers %q: write REGION=+NUMBER with commas between the regions, and blanks between numbers of one", s.AccessNumber)
		}
		o.accessNumbers = append(o.accessNumbers, region)
	}
	return nil
}
