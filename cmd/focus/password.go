package main

import (
	"bufio"
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
// machine.
func readPassword(streams *streams, prompt string) (string, error) {
	file, ok := streams.in.(*os.File)
	if ok {
		restore, err := hideInput(file)
		if err == nil {
			defer restore()
			defer fmt.Fprintln(streams.err)
			fmt.Fprint(streams.err, prompt)
		}
	}
	line, err := bufio.NewReader(io.LimitReader(streams.in, maxPassword)).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		if err == nil || errors.Is(err, io.EOF) {
			return "", usagef("no password: type one, or send one line on standard input")
		}
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return line, nil
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
