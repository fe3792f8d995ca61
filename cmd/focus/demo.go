package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/internal/demo"
	"github.com/seed-f3cefc8c/focus/internal/phone"
)

type demoCommand struct {
	clientSettings
	Server    string `help:"Where the server takes SIP, when it is on another host and not where its domain says." placeholder:"HOST:PORT"`
	Transport string `help:"Of SIP: udp, tcp or tls." placeholder:"NAME" default:"" enum:",udp,tcp,tls"`
}

// Why a demo fails that came to its end, and one that did not.
var (
	errNotHeard  = errors.New("the voices were not heard as they should be")
	errBrokenOff = errors.New("broken off; the callers have hung up and the conference is ended")
)

// demoLasts is longer than any demo: its conference expires by then, if the server does not hear of its end.
const demoLasts = time.Hour

// Run calls the server. A person sees it happen; a program gets the result.
func (c *demoCommand) Run(io *streams, holder ctxHolder) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	config, err := c.config(client)
	if err != nil {
		return err
	}
	terminal := newTerminal(io.out)
	if !c.JSON {
		config.Show = terminal
	}
	result, err := demo.Run(holder.ctx, config)
	switch {
	case errors.Is(err, context.Canceled):
		return errBrokenOff
	case errors.Is(err, demo.ErrNoAnswer):
		return fmt.Errorf("%w Name another with --server", err)
	case err != nil:
		return err
	}
	return c.print(io.out, terminal, result)
}

func (c *demoCommand) print(out io.Writer, terminal *demo.Terminal, result *demo.Result) error {
	if !c.JSON {
		terminal.Report(result)
	} else if err := printJSON(out, result); err != nil {
		return err
	}
	if !result.Heard {
		return errNotHeard
	}
	return nil
}

// config finds the server's other addresses: on its own host it has written them down.
func (c *demoCommand) config(client *client) (demo.Config, error) {
	config := demo.Config{API: demoAPI{client}, SIP: c.Server}
	config.Line = phone.Config{Transport: c.Transport, Network: phone.System(&tls.Config{RootCAs: client.roots})}
	if c.URL != "" {
		return config, nil
	}
	recordings, err := filepath.Abs(filepath.Join(c.Data, "recordings"))
	if err != nil {
		return config, err
	}
	if _, err := os.ReadDir(recordings); err == nil {
		config.Recordings = recordings
	}
	if c.Server != "" {
		return config, nil
	}
	where, err := c.local(cliSIP)
	if err != nil {
		return config, err
	}
	transport, address, ok := strings.Cut(where, " ")
	if !ok {
		return config, errors.New("the server takes no SIP: start it with --sip")
	}
	config.SIP = address
	if c.Transport == "" {
		config.Line.Transport = transport
	}
	return config, nil
}

// demoAPI is what the demo asks of the server.
type demoAPI struct{ *client }

func (a demoAPI) Create(ctx context.Context, subject string) (demo.Conference, error) {
	expires := time.Now().Add(demoLasts).UTC().Truncate(time.Second)
	wanted := &api.NewConference{Subject: subject, AdmissionPolicy: "anonymous", Expires: &expires}
	var made api.Conference
	err := a.do(ctx, "POST", "/v1/conferences", wanted, &made)
	return demo.Conference{ID: made.ID, URI: made.URI}, err
}

func (a demoAPI) Record(ctx context.Context, id, action string) error {
	return a.do(ctx, "POST", pathOf(id)+"/recording", &api.RecordingCommand{Action: action}, nil)
}

func (a demoAPI) End(ctx context.Context, id string) error {
	return a.do(ctx, "DELETE", pathOf(id), nil, nil)
}

// newTerminal finds out what the output can show: https://no-color.org, and meters only where lines do not wrap.
func newTerminal(out io.Writer) *demo.Terminal {
	t := &demo.Terminal{Out: out}
	file, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return t
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return t
	}
	t.Live = size.Col >= demo.Width
	t.Colour = os.Getenv("NO_COLOR") == ""
	return t
}
