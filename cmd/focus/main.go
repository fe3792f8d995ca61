// Focus is a conferencing server: `focus serve`, and the commands that talk to it.
package main

import (
	"context"
	"os"
)

// version is set by the linker (Makefile).
var version = "unknown"

func main() {
	ctx, stop := untilSignal(context.Background())
	code := run(ctx, os.Args[1:], &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
