package main

import (
	"fmt"
	"runtime"
)

type versionCommand struct{}

// Run says which version this is, and of what.
func (versionCommand) Run(io *streams) error {
	_, err := fmt.Fprintf(io.out, "focus %s, %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
