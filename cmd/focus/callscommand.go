package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// callCommands read the records of calls that are over.
type callCommands struct {
	List callsList `cmd:"" help:"List the newest calls that are over: who, when, and how they sounded."`
	Show callShow  `cmd:"" help:"Print the record of one."`
}

type callsList struct {
	clientSettings
	Conference string `help:"Those of one conference." placeholder:"ID"`
	Limit      int    `help:"How many." default:"50" placeholder:"N"`
}

// Run lists them.
func (c *callsList) Run(io *streams, holder ctxHolder) error {
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.Conference != "" {
		query.Set("conference", c.Conference)
	}
	var list api.CallList
	if err := c.call(holder.ctx, http.MethodGet, "/v1/calls?"+query.Encode(), nil, &list); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, list)
	}
	rows := [][]string{{"BEGAN", "TOOK", "WHO", "CODEC", "PROTECTION", "LOSS", "MOS", "ENDED", "CALL-ID"}}
	for _, call := range list.Calls {
		rows = append(rows, callRow(call))
	}
	return table(io.out, rows...)
}

func callRow(call *quality.Report) []string {
	loss, mos := "-", "-"
	if m := call.Local; m != nil {
		loss = fmt.Sprintf("%.1f %%", 100*m.LossRate)
		if m.MOSCQ != 0 {
			mos = fmt.Sprintf("%.1f", m.MOSCQ)
		}
	}
	took := call.Stop.Sub(call.Start).Round(time.Second).String()
	return []string{call.Start.Local().Format(time.DateTime), took, call.RemoteID, call.Codec.Name, call.Protection, loss, mos, call.Reason, call.CallID}
}

type callShow struct {
	clientSettings
	CallID string `arg:"" name:"call-id" help:"Its Call-ID, as list has it."`
}

// Run prints it as text of RFC 6035, which is for people too.
func (c *callShow) Run(io *streams, holder ctxHolder) error {
	var call quality.Report
	if err := c.call(holder.ctx, http.MethodGet, "/v1/calls/"+url.PathEscape(c.CallID), nil, &call); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, &call)
	}
	_, err := io.out.Write(call.AppendText(nil))
	return err
}
