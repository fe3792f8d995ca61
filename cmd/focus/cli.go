package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Serve      serveCommand       `cmd:"" help:"Run the server."`
	Check      checkCommand       `cmd:"" help:"Check a configuration file without starting."`
	Conference conferenceCommands `cmd:"" help:"Make, show, command and record conferences."`
	Call       callCommands       `cmd:"" help:"List and show calls that are over."`
	User       userCommands       `cmd:"" help:"Add, list and remove users."`
	Token      tokenCommands      `cmd:"" help:"Make bearer tokens."`
	TURN       turnCommand        `cmd:"" name:"turn" help:"Print credentials for STUN and TURN."`
	Demo       demoCommand        `cmd:"" help:"Call the server with two voices, and say whether they heard each other."`
	Version    versionCommand     `cmd:"" help:"Say which version this is."`
}

// streams are where a command reads and writes: results on out, what goes wrong on err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// Exit codes, as docs/operating.md tells them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
)

// usageError is something that the command line, a variable or the configuration file got wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// run is the program without the process: it returns the exit code.
func run(ctx context.Context, args []string, io *streams) int {
	exited := -1
	parser, err := newParser(io, func(code int) { exited = code })
	if err != nil {
		return report(io, err)
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		return report(io, usage(err))
	}
	return report(io, command.Run(io, ctxHolder{ctx}))
}

// ctxHolder carries the context through kong, which binds values by their type.
type ctxHolder struct{ ctx context.Context }

func newParser(io *streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(&cli{},
		kong.Name("focus"),
		kong.Description("A conferencing server for SIP telephones."),
		kong.Writers(io.out, io.err),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.WithBeforeResolve(func(command *kong.Context) error { return addLayers(command, os.Environ(), io) }),
	)
}

// usage says where help is.
func usage(err error) error {
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		return usagef("%w; %s --help says what there is", err, commandOf(parse.Context))
	}
	return &usageError{err}
}

func commandOf(command *kong.Context) string {
	if node := command.Selected(); node != nil {
		return node.FullPath()
	}
	return "focus"
}

// report says what went wrong and returns the exit code for it.
func report(io *streams, err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(io.err, "focus:", err)
	var wrong *usageError
	switch {
	case errors.As(err, &wrong):
		return exitUsage
	case errors.Is(err, errUnreachable):
		return exitUnreachable
	}
	return exitFailed
}
