package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
)

// adminName is the administrator that the first start makes.
const adminName = "admin"

// cliToken is the file with the token of the command line on the same host; cliURL has where the server answers, and cliSIP where
// telephones on this host reach it: "udp HOST:PORT" or "tls HOST:PORT".
const (
	cliToken = "cli.token"
	cliURL   = "cli.url"
	cliSIP   = "cli.sip"
)

// firstUser adds the administrator to a store without users. The password is returned if it was made here, to be shown this once.
func firstUser(ctx context.Context, users *cluster.Users) (password string, err error) {
	all, err := users.List(ctx)
	if err != nil || len(all) > 0 {
		return "", err
	}
	given := os.Getenv("FOCUS_ADMIN_PASSWORD")
	if given == "" {
		password = rand.Text()
		given = password
	}
	if _, err := users.Add(ctx, cluster.User{Name: adminName, DisplayName: "Administrator", Administrator: true}, given); err != nil {
		return "", fmt.Errorf("adding the administrator %s (FOCUS_ADMIN_PASSWORD): %w", adminName, err)
	}
	return password, nil
}

// openCLI makes sure that the command line on this host can log in: the token of an earlier start is kept while it is good.
func openCLI(ctx context.Context, tokens *cluster.Tokens, o *options, url string) error {
	if err := errors.Join(writeFile(o.in(cliURL), []byte(url+"\n"), 0o600), writeFile(o.in(cliSIP), []byte(o.sipServer()+"\n"), 0o600)); err != nil {
		return err
	}
	old, err := os.ReadFile(o.in(cliToken))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := tokens.CheckToken(ctx, strings.TrimSpace(string(old))); err == nil {
		return os.Chmod(o.in(cliToken), 0o600)
	} else if !errors.Is(err, cluster.ErrWrongCredentials) {
		return err
	}
	text, _, err := tokens.NewToken(ctx, cluster.Token{Name: "command line on this host", Administrator: true})
	if err != nil {
		return err
	}
	return writeFile(o.in(cliToken), []byte(text+"\n"), 0o600)
}

// sipUsers are the users as the focus sees them.
type sipUsers struct{ *cluster.Users }

// User implements focus.Users.
func (u sipUsers) User(ctx context.Context, name string) (focus.User, error) {
	user, err := u.Get(ctx, name)
	if errors.Is(err, cluster.ErrNoSuchUser) {
		err = fmt.Errorf("%w: %w", focus.ErrUnknownUser, err)
	}
	return focus.User{
		URI: user.URI, DisplayName: user.DisplayName, Administrator: user.Administrator, DialOut: focus.DialOutPolicy(user.DialOut),
	}, err
}
