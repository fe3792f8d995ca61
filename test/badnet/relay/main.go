// Command relay is a bad network between a UDP port and a server:
//
//	go run ./test/badnet/relay -listen 127.0.0.1:4000 -to 192.0.2.1:5060 -loss 5 -jitter 40ms -delay 30ms
//
// The conditions are those of both directions. It says what it has done when it is interrupted.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"

	"github.com/seed-f3cefc8c/focus/test/badnet"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run() error {
	var c badnet.Conditions
	listen, to := flag.String("listen", "127.0.0.1:0", "address to take datagrams at"), flag.String("to", "", "address they go to")
	loss, seed := flag.Float64("loss", 0, "per cent that are lost"), flag.Uint64("seed", 1, "of what happens by chance")
	flag.Float64Var(&c.Burst, "burst", 1, "how many are lost in a row on average")
	flag.DurationVar(&c.Delay, "delay", 0, "of every datagram")
	flag.DurationVar(&c.Jitter, "jitter", 0, "up to this is added")
	flag.BoolVar(&c.Order, "order", false, "datagrams do not overtake one another")
	flag.Float64Var(&c.Early, "early", 0, "share of datagrams that delay and jitter spare")
	flag.IntVar(&c.Rate, "rate", 0, "bit/s; 0 is without limit")
	flag.DurationVar(&c.Queue, "queue", 0, "how long a datagram waits for the rate at most; 0 is 100 ms")
	flag.Parse()
	c.Loss = *loss / 100
	here, err := netip.ParseAddrPort(*listen)
	if err != nil {
		return err
	}
	there, err := netip.ParseAddrPort(*to)
	if err != nil {
		return err
	}
	r := badnet.Relay{Up: badnet.NewLink(*seed, c), Down: badnet.NewLink(*seed+1, c)}
	if err := r.Serve(here, there); err != nil {
		return err
	}
	fmt.Printf("%v leads to %v\n", r.Addr(), there)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	<-ctx.Done()
	r.Close()
	fmt.Printf("there %+v\nback  %+v\nrefused %d\n", r.Up.Stats(), r.Down.Stats(), r.Refused())
	return nil
}
