package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxPassword is longer than any password that is taken.
const maxPassword = 1024

// readPassword reads a line from standard input: from a terminal without showing it. Arguments would show it to every user of the
// machine. Ctrl-C ends it, with the terminal as it was.
func readPassword(ctx context.Context, streams *streams, prompt string) (string, error) {
	if file, ok := streams.in.(*os.File); ok {
		if restore, err := hideInput(file); err == nil {
			defer restore()
			defer fmt.Fprintln(streams.err)
			fmt.Fprint(streams.err, prompt)
		}
	}
	type read struct {
		line string
		err  error
	}
	done := make(chan read, 1)
	go func() { // nothing ends a read of a terminal; after Ctrl-C it ends with the process
		line, err := bufio.NewReader(io.LimitReader(streams.in, maxPassword)).ReadString('\n')
		done <- read{strings.TrimRight(line, "\r\n"), err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		return checkPassword(r.line, r.err)
	}
}

// checkPassword: a last line without its end is a line.
func checkPassword(line string, err error) (string, error) {
	switch {
	case line != "":
		return line, nil
	case err == nil || errors.Is(err, io.EOF):
		return "", usagef("no password: type one, or send one line on standard input")
	}
	return "", fmt.Errorf("reading the password: %w", err)
}

// hideInput switches the echo of a terminal off; an error means that the file is none.
func hideInput(file *os.File) (restore func(), err error) {
	fd := int(file.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	return func() { unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}
