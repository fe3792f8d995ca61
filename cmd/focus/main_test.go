package main

import (
	"crypto/tls"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"focus": main})
}

// TestScripts runs the stories of testdata: the command line as somebody at a shell sees it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			ports := freePorts(t, 3)
			env.Setenv("FOCUS_SIP", "127.0.0.1:"+ports[0])
			env.Setenv("FOCUS_SIPS", "127.0.0.1:"+ports[1])
			env.Setenv("FOCUS_HTTPS", "127.0.0.1:"+ports[2])
			env.Setenv("FOCUS_MEDIA_IP", "127.0.0.1")
			env.Setenv("FOCUS_ADMIN_PASSWORD", "a long password")
			env.Setenv("SIP_PORT", ports[0])
			env.Setenv("URL", "https://127.0.0.1:"+ports[2])
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"answers": answers},
	})
}

// answers HOST:PORT waits until TLS is spoken there.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	patience := time.After(20 * time.Second)
	for {
		conn, err := tls.Dial("tcp", args[0], &tls.Config{InsecureSkipVerify: true})
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-patience:
			ts.Fatalf("nothing answers on %s: %v", args[0], err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePorts are ports that are free for TCP and UDP now.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for len(ports) < n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		if conn, err := net.ListenPacket("udp", "127.0.0.1:"+port); err == nil {
			defer conn.Close()
			ports = append(ports, port)
		}
	}
	return ports
}
