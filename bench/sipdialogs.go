package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/seed-f3cefc8c/focus/pkg/sip"
)

const establishedDialogs = 2000

// dialogs is what the memory of a call is without its media: a user agent in this process takes calls that nobody ends, made by text of which
// nothing is kept.
func dialogs(ctx context.Context, b *bench, r row) ([]figure, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ua := sip.New(sip.Config{Name: "focus-bench", Handler: sip.HandlerFunc(takeCall)})
	defer ua.Close()
	go func() { _ = ua.ServeUDP(conn) }() // ends with Close
	l := &sipLoad{network: "udp", server: conn.LocalAddr().String(), target: "anybody"}
	c, err := l.client("127.0.0.1", 0)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	if err := c.establish(1); err != nil { // what is made once
		return nil, err
	}
	before := heap()
	if err := c.establish(establishedDialogs); err != nil {
		return nil, err
	}
	// The echoes of finished transactions are forgotten after 32 seconds, and no part of a dialog.
	for ua.Stats().ServerTransactions > 0 && ctx.Err() == nil {
		time.Sleep(time.Second)
	}
	target := 8.0
	each := float64(heap()-before) / 1000 / establishedDialogs
	if n := ua.Stats().Dialogs; n != establishedDialogs+1 {
		return nil, fmt.Errorf("%d dialogs are up", n)
	}
	b.log("%s: %.2f KB each", r.key, each)
	return []figure{{Row: r.title, What: "memory", Value: each, Unit: "KB/dialog", Target: &target}}, nil
}

func takeCall(tx *sip.ServerTransaction) {
	d, err := tx.UserAgent().NewServerDialog(tx, tx.ContactURI("anybody"), nobody{})
	if err == nil {
		err = d.Accept("application/sdp", []byte(offerOfNobody))
	}
	if err != nil {
		_ = tx.Reply(500)
	}
}

// establish makes n calls and leaves them.
func (c *sipClient) establish(n int) error {
	for range n {
		c.number++
		c.tag, c.contact = c.tag[:0], c.contact[:0]
		if err := c.asks("INVITE", 1, offerOfNobody); err != nil {
			return err
		}
		c.dialog()
		if err := c.writes("ACK", 1, ""); err != nil {
			return err
		}
	}
	return nil
}

// heap is what is in use of this process' memory.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) + int64(m.StackInuse)
}
