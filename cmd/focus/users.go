package main

import (
	"context"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/cluster"
	"github.com/seed-f3cefc8c/focus/pkg/registrar"
	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

type userCommands struct {
	Add    userAdd    `cmd:"" help:"Add a user; the password is asked for, or read from standard input."`
	Modify userModify `cmd:"" help:"Say whom conferences call for a user."`
	List   userList   `cmd:"" help:"List users, and the telephones that have registered as them."`
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
	DialOut       string `help:"Whom conferences call for the user: ${enum}; default is as the server says." default:"default" enum:"none,registered,any,default" placeholder:"WHO"`
}

// Run adds a user.
func (c *userAdd) Run(io *streams, holder ctxHolder) error {
	password, err := readPassword(holder.ctx, io, "Password of "+c.Name+": ")
	if err != nil {
		return err
	}
	wanted := api.NewUser{Name: c.Name, Password: password, DisplayName: c.DisplayName, Administrator: c.Administrator, DialOut: c.DialOut}
	var added api.User
	err = c.either(holder.ctx,
		func(client *client) error { return client.do(holder.ctx, "POST", "/v1/users", &wanted, &added) },
		func(store *cluster.Cluster) error {
			user, err := store.Users.Add(holder.ctx, cluster.User{
				Name: wanted.Name, DisplayName: wanted.DisplayName, Administrator: wanted.Administrator, DialOut: api.StoredDialOut(wanted.DialOut)}, wanted.Password)
			added = api.UserOf(user)
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, added)
	}
	return table(io.out, []string{"user", added.Name}, []string{"uri", added.URI}, []string{"administrator", yesNo(added.Administrator)},
		[]string{"dial-out", added.DialOut})
}

type userModify struct {
	clientSettings
	Name    string `arg:"" help:"Name of the user."`
	DialOut string `help:"Whom conferences call for the user: ${enum}; default is as the server says." required:"" enum:"none,registered,any,default" placeholder:"WHO"`
}

// Run changes a user.
func (c *userModify) Run(io *streams, holder ctxHolder) error {
	var changed api.User
	err := c.either(holder.ctx,
		func(client *client) error {
			return client.do(holder.ctx, "PATCH", "/v1/users/"+url.PathEscape(c.Name), &api.UserChange{DialOut: c.DialOut}, &changed)
		},
		func(store *cluster.Cluster) error {
			user, err := store.Users.SetDialOut(holder.ctx, c.Name, api.StoredDialOut(c.DialOut))
			changed = api.UserOf(user)
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, changed)
	}
	return table(io.out, []string{"user", changed.Name}, []string{"uri", changed.URI}, []string{"dial-out", changed.DialOut})
}

type userList struct{ clientSettings }

// Run lists users.
func (c *userList) Run(io *streams, holder ctxHolder) error {
	var list api.UserList
	err := c.either(holder.ctx,
		func(client *client) error { return client.do(holder.ctx, "GET", "/v1/users", nil, &list) },
		func(store *cluster.Cluster) error {
			users, err := store.Users.List(holder.ctx)
			if err != nil {
				return err
			}
			bindings, err := storedBindings(holder.ctx, store)
			list = api.UsersOf(users, bindings)
			return err
		})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, list)
	}
	return table(io.out, userRows(list.Users)...)
}

// userRows has a row for each user, and one more for each telephone after the first.
func userRows(users []api.User) [][]string {
	rows := [][]string{{"USER", "URI", "ADMINISTRATOR", "DIAL-OUT", "CREATED", "TELEPHONE", "SINCE", "UNTIL", "NAME"}}
	for _, user := range users {
		left, right := []string{user.Name, user.URI, yesNo(user.Administrator), user.DialOut, formatTime(&user.Created)}, user.DisplayName
		if len(user.Bindings) == 0 {
			rows = append(rows, append(left, "", "", "", right))
		}
		for _, b := range user.Bindings {
			rows = append(rows, append(left, hostOfContact(b)+" "+b.Transport, formatTime(&b.Since), formatTime(&b.Expires), right))
			left, right = make([]string, len(left)), ""
		}
	}
	return rows
}

// hostOfContact is where a telephone says it is, or where it is seen when that is the name of no host.
func hostOfContact(b api.Binding) string {
	uri, err := sip.ParseURI(b.Contact)
	if err != nil || uri.Host == "" || strings.HasSuffix(strings.ToLower(uri.Host), ".invalid") {
		host, _, _ := net.SplitHostPort(b.Source)
		return host
	}
	return uri.Host
}

// storedBindings are those of a store that no server uses.
func storedBindings(ctx context.Context, store *cluster.Cluster) (map[string][]registrar.Binding, error) {
	where, err := registrar.New(registrar.Config{Domain: store.Realm(), Store: store.Bindings})
	if err != nil {
		return nil, err
	}
	return where.ByUser(ctx, time.Now())
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
		func(store *cluster.Cluster) error {
			if err := store.Users.Remove(holder.ctx, c.Name); err != nil {
				return err
			}
			where, err := registrar.New(registrar.Config{Domain: store.Realm(), Store: store.Bindings})
			if err == nil {
				_, err = where.RemoveOf(holder.ctx, time.Now(), c.Name, "")
			}
			return err
		})
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
