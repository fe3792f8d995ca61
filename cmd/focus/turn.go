package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
)

type turnCommand struct {
	clientSettings
	User string        `help:"Whom they are for, if that is no user of the server; for administrators." placeholder:"NAME"`
	TTL  time.Duration `name:"ttl" help:"How long they are good; as long as the server gives without one." placeholder:"TIME"`
}

// Run prints credentials.
func (c *turnCommand) Run(io *streams, holder ctxHolder) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	var got api.ICEServers
	wanted := &api.TURNRequest{TTL: int(c.TTL / time.Second), User: c.User}
	if err := client.do(holder.ctx, "POST", "/v1/turn", wanted, &got); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, got)
	}
	for _, server := range got.ICEServers {
		for _, url := range server.URLs {
			fmt.Fprintln(io.out, url)
		}
		if err := table(io.out, []string{"username", server.Username}, []string{"credential", server.Credential}, []string{"seconds", strconv.Itoa(got.TTL)}); err != nil {
			return err
		}
	}
	return nil
}
