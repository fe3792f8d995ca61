package main

import (
	"fmt"
	"os"
)

// checkCommand reads a configuration file as serve would, and starts nothing.
type checkCommand struct {
	File string `arg:"" help:"The YAML file."`
}

// Run says that the file is good, and what a server with it would be.
func (c *checkCommand) Run(io *streams) error {
	if _, err := os.Stat(c.File); err != nil {
		return usagef("there is no file %s", c.File)
	}
	var parsed struct{ settings }
	if err := parseSettings(&parsed, c.File, io); err != nil {
		return err
	}
	o, err := parsed.options()
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s is good\n", c.File)
	return table(io.out,
		[]string{"data", o.data}, []string{"domain", o.domain}, []string{"sip", orOff(o.sip)}, []string{"sips", orOff(o.sips)},
		[]string{"https", o.https}, []string{"ws", orOff(o.ws)}, []string{"turn", orOff(o.turn.plain)}, []string{"turns", orOff(o.turn.secure)}, []string{"media", fmt.Sprintf("%s, ports %d-%d", o.mediaIP, o.mediaPorts[0], o.mediaPorts[1])})
}

func orOff(address string) string {
	if address == "" {
		return off
	}
	return address
}
