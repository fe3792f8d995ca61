package main

import (
	"context"
	"net/url"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
)

type userCommands struct {
	Add    userAdd    `cmd:"" help:"Add a user; the password is asked for, or read from standard input."`
	List   userList   `cmd:"" help:"List users."`
	Remove userRemove `cmd:"" help:"Remove a user and revoke the user's tokens."`
}

type tokenCommands struct {
	New tokenNew `cmd:"" help:"Make a token and print it, this once."`
}

type userAdd struct {
	clientSettings
	Name          string `arg:"" help:"Name of the login and the SIP user."`
	DisplayName   string `help:"What others see." placeholder:"TEXT"`
	Administrator bool   `help:"May do everything."`
}

// Run adds a user.
func (c *userAdd) Run(io *streams, holder ctxHolder) error {
	password, err := readPassword(holder.ctx, io, "Password of "+c.Name+": ")
	if err != nil {
		return err
	}
	wanted := api.NewUser{Name: c.Name, Password: password, DisplayName: c.DisplayName, Administrator: c.Administrator}
	var added api.User
	err = c.either(holder.ctx,
		func(client *client) error { return client.do(holder.ctx, "POST", "/v1/users", &wanted, &added) },
		func(store *cluster.Cluster) error {
			user, err := store.Users.Add(holder.ctx, cluster.User{
				Name: wanted.Name, DisplayName: wanted.DisplayName, Administrator: wanted.Administrator}, wanted.Password)
			added = api.UserOf(user)
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, added)
	}
	return table(io.out, []string{"user", added.Name}, []string{"uri", added.URI}, []string{"administrator", yesNo(added.Administrator)})
}

type userList struct{ clientSettings }

// Run lists users.
func (c *userList) Run(io *streams, holder ctxHolder) error {
	var list api.UserList
	err := c.either(holder.ctx,
		func(client *client) error { return client.do(holder.ctx, "GET", "/v1/users", nil, &list) },
		func(store *cluster.Cluster) error {
			users, err := store.Users.List(holder.ctx)
			for _, user := range users {
				list.Users = append(list.Users, api.UserOf(user))
			}
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, list)
	}
	rows := [][]string{{"USER", "URI", "ADMINISTRATOR", "CREATED", "NAME"}}
	for _, user := range list.Users {
		rows = append(rows, []string{user.Name, user.URI, yesNo(user.Administrator), formatTime(&user.Created), user.DisplayName})
	}
	return table(io.out, rows...)
}

type userRemove struct {
	clientSettings
	Name string `arg:"" help:"Name of the user."`
}

// Run removes a user.
func (c *userRemove) Run(_ *streams, holder ctxHolder) error {
	return c.either(holder.ctx,
		func(client *client) error {
			return client.do(holder.ctx, "DELETE", "/v1/users/"+url.PathEscape(c.Name), nil, nil)
		},
		func(store *cluster.Cluster) error { return store.Users.Remove(holder.ctx, c.Name) })
}

type tokenNew struct {
	clientSettings
	Name          string `help:"What it is for." placeholder:"TEXT"`
	Owner         string `help:"User that it logs in; without one it acts as admin." placeholder:"NAME"`
	Administrator bool   `help:"May do everything that its owner may."`
	Expires       string `help:"When it is over: a time like 2030-01-01T15:00:00Z, or how long from now, like 24h." placeholder:"TIME"`
}

// Run makes a token. It stands alone on standard output, so that a shell can catch it.
func (c *tokenNew) Run(io *streams, holder ctxHolder) error {
	wanted := api.NewToken{Name: c.Name, Owner: c.Owner, Administrator: c.Administrator}
	if c.Expires != "" {
		at, err := parseExpiry(c.Expires, time.Now())
		if err != nil {
			return err
		}
		wanted.Expires = &at
	}
	var made api.Token
	err := c.either(holder.ctx,
		func(client *client) error { return client.do(holder.ctx, "POST", "/v1/tokens", &wanted, &made) },
		func(store *cluster.Cluster) error {
			text, token, err := store.Tokens.NewToken(holder.ctx, wanted.Stored())
			made = api.TokenOf(token, text)
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, made)
	}
	return table(io.out, []string{made.Token})
}

// either asks the server, or works on its store when the server of this host is down.
func (c *clientSettings) either(ctx context.Context, online func(*client) error, offline func(*cluster.Cluster) error) error {
	client, err := c.client()
	if err == nil {
		err = online(client)
	}
	if !c.isDown(err) {
		return err
	}
	store, err := c.openStore(ctx, err)
	if err != nil {
		return err
	}
	defer store.Close()
	return offline(store)
}
