package locate_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/seed-f3cefc8c/focus/pkg/sip/locate"
	"github.com/seed-f3cefc8c/focus/pkg/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const zone = `
full.example. 300 IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.full.example.
full.example. 300 IN NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp.full.example.
full.example. 300 IN NAPTR 40 50 "s" "SIP+D2S" "" _sip._sctp.full.example.
_sips._tcp.full.example. 300 IN SRV 0 1 5061 one.full.example.
_sip._tcp.full.example. 300 IN SRV 0 1 5060 two.full.example.
one.full.example. 300 IN A 203.0.113.1
one.full.example. 300 IN AAAA 2001:db8::1
two.full.example. 300 IN A 203.0.113.2

srv.example. 300 IN A 203.0.113.99
_sip._udp.srv.example. 300 IN SRV 20 0 5080 late.srv.example.
_sip._udp.srv.example. 300 IN SRV 10 0 5070 early.srv.example.
_sip._tcp.srv.example. 300 IN SRV 10 0 5070 early.srv.example.
early.srv.example. 300 IN A 203.0.113.10
late.srv.example. 300 IN A 203.0.113.20

plain.example. 300 IN A 203.0.113.30
plain.example. 300 IN AAAA 2001:db8::30
alias.example. 300 IN CNAME other.example.
other.example. 300 IN CNAME plain.example.

closed.example. 300 IN A 203.0.113.40
_sip._udp.closed.example. 300 IN SRV 0 0 5060 .

here.example. 300 IN A 127.0.0.1
here.example. 300 IN A 0.0.0.0
here.example. 300 IN A 224.0.0.1
here.example. 300 IN AAAA ::1
here.example. 300 IN AAAA fe80::1
here.example. 300 IN AAAA ::ffff:127.0.0.1

ring.example. 300 IN CNAME gnir.example.
gnir.example. 300 IN CNAME ring.example.
`

func resolver(t testing.TB, cfg locate.Config) (*locate.Resolver, *siptest.DNS) {
	t.Helper()
	names, err := siptest.NewDNS(zone)
	if err != nil {
		t.Fatal(err)
	}
	cfg.DNS = names
	return locate.New(cfg), names
}

func text(targets []locate.Target) (all []string) {
	for _, t := range targets {
		all = append(all, t.Transport+" "+t.Addr.String())
	}
	return all
}

func TestWhereAURILeads(t *testing.T) {
	r, _ := resolver(t, locate.Config{Own: []string{"Focus.Example.", "2001:db8::f"}})
	for _, row := range []struct {
		query locate.Query
		want  string // targets, or the error
		err   error
	}{
		// "If TARGET is a numeric IP address": §4.1, §4.2.
		{locate.Query{Target: "192.0.2.1"}, "UDP 192.0.2.1:5060", nil},
		{locate.Query{Target: "192.0.2.1", Secure: true}, "TLS 192.0.2.1:5061", nil},
		{locate.Query{Target: "192.0.2.1", Port: 5090, Transport: "tcp"}, "TCP 192.0.2.1:5090", nil},
		{locate.Query{Target: "192.0.2.1", Transport: "TLS"}, "TLS 192.0.2.1:5061", nil},
		{locate.Query{Target: "[2001:db8::9]"}, "UDP [2001:db8::9]:5060", nil},
		{locate.Query{Target: "2001:db8::9", Port: 5070}, "UDP [2001:db8::9]:5070", nil},
		{locate.Query{Target: "::ffff:192.0.2.1"}, "UDP 192.0.2.1:5060", nil},
		// An explicit port: no NAPTR, no SRV.
		{locate.Query{Target: "full.example", Port: 5060}, "", locate.ErrNotFound},
		{locate.Query{Target: "srv.example", Port: 5090}, "UDP 203.0.113.99:5090", nil},
		{locate.Query{Target: "srv.example", Port: 5090, Secure: true}, "TLS 203.0.113.99:5090", nil},
		// NAPTR: the lowest order that we can use; a SIPS URI discards what is no SIPS.
		{locate.Query{Target: "full.example"}, "TLS 203.0.113.1:5061, TLS [2001:db8::1]:5061", nil},
		{locate.Query{Target: "FULL.example.", Secure: true}, "TLS 203.0.113.1:5061, TLS [2001:db8::1]:5061", nil},
		// A transport that the URI names: SRV of that one.
		{locate.Query{Target: "full.example", Transport: "tcp"}, "TCP 203.0.113.2:5060", nil},
		{locate.Query{Target: "full.example", Transport: "tcp", Secure: true}, "TLS 203.0.113.1:5061, TLS [2001:db8::1]:5061", nil},
		// No NAPTR: SRV of each transport, by priority.
		{locate.Query{Target: "srv.example"}, "TCP 203.0.113.10:5070, UDP 203.0.113.10:5070, UDP 203.0.113.20:5080", nil},
		// No SRV either: A and AAAA with the default port.
		{locate.Query{Target: "plain.example"}, "UDP 203.0.113.30:5060, UDP [2001:db8::30]:5060", nil},
		{locate.Query{Target: "plain.example", Secure: true}, "TLS 203.0.113.30:5061, TLS [2001:db8::30]:5061", nil},
		{locate.Query{Target: "srv.example", Secure: true}, "TLS 203.0.113.99:5061", nil},
		{locate.Query{Target: "alias.example"}, "UDP 203.0.113.30:5060, UDP [2001:db8::30]:5060", nil},
		// Ourselves, nobody, nonsense.
		{locate.Query{Target: "focus.example"}, "", locate.ErrOwnDomain},
		{locate.Query{Target: "focus.example", Port: 5070}, "", locate.ErrNotFound}, // another server on the same host
		{locate.Query{Target: "nobody.example"}, "", locate.ErrNotFound},
		{locate.Query{Target: "here.example"}, "", locate.ErrNotFound},
		{locate.Query{Target: "ring.example"}, "", locate.ErrNotFound},
		{locate.Query{Target: "not a name"}, "", locate.ErrNotFound},
		{locate.Query{Target: "a..example"}, "", locate.ErrNotFound},
		{locate.Query{Target: strings.Repeat("a", 64) + ".example"}, "", locate.ErrNotFound},
		{locate.Query{}, "", locate.ErrNotFound},
		{locate.Query{Target: "192.0.2.1", Port: 70000}, "", locate.ErrNotFound},
		{locate.Query{Target: "192.0.2.1", Transport: "sctp"}, "", locate.ErrUnsupported},
		{locate.Query{Target: "192.0.2.1", Transport: "udp", Secure: true}, "", locate.ErrUnsupported},
		{locate.Query{Target: "localhost"}, "UDP 127.0.0.1:5060, UDP [::1]:5060", nil},
	} {
		targets, err := r.Locate(t.Context(), row.query)
		if got := strings.Join(text(targets), ", "); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%+v: %q, %v; want %q, %v", row.query, got, err, row.want, row.err)
		}
		for _, target := range targets {
			if want := strings.ToLower(strings.Trim(row.query.Target, "[].")); target.Host != want {
				t.Errorf("%+v: host %q: the certificate is checked against what the URI says", row.query, target.Host)
			}
		}
	}
}

// TestADomainWithoutTheService: "A Target of "." means that the service is decidedly not available at this domain" (RFC 2782).
func TestADomainWithoutTheService(t *testing.T) {
	r, _ := resolver(t, locate.Config{})
	if targets, err := r.Locate(t.Context(), locate.Query{Target: "closed.example", Transport: "udp"}); !errors.Is(err, locate.ErrNotFound) {
		t.Errorf("%v, %v", targets, err)
	}
}

func TestAnswersAreKeptAsLongAsTheyHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, names := resolver(t, locate.Config{})
		find := func(host string, want ...string) {
			t.Helper()
			r.Locate(t.Context(), locate.Query{Target: host, Port: 5060})
			if diff := cmp.Diff(want, sorted(names.Asked())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", host, diff)
			}
		}
		asks := func(host string) {
			t.Helper()
			find(host, "A "+host+".", "AAAA "+host+".")
		}
		keeps := func(host string) {
			t.Helper()
			find(host)
		}
		asks("plain.example")
		time.Sleep(299 * time.Second)
		keeps("plain.example")
		time.Sleep(2 * time.Second)
		asks("plain.example")

		t.Log("# nothing is kept too, a little while")
		asks("nobody.example")
		time.Sleep(9 * time.Second)
		keeps("nobody.example")
		time.Sleep(2 * time.Second)
		asks("nobody.example")

		t.Log("# as long as the SOA says, but not longer than five minutes")
		names.Set("example. 900 IN SOA ns.example. root.example. 1 2 3 4 86400\n")
		asks("gone.example")
		time.Sleep(4 * time.Minute)
		keeps("gone.example")
		time.Sleep(2 * time.Minute)
		asks("gone.example")

		t.Log("# DNS that does not answer is left alone for two seconds")
		names.Break("broken.example")
		asks("broken.example")
		keeps("broken.example")
		time.Sleep(3 * time.Second)
		asks("broken.example")

		t.Log("# a TTL of zero is not kept")
		names.Set("zero.example. 0 IN A 203.0.113.1\nzero.example. 0 IN AAAA 2001:db8::1\n")
		asks("zero.example")
		asks("zero.example")
	})
}

func sorted(all []string) []string {
	for i := range all {
		for j := i; j > 0 && all[j] < all[j-1]; j-- {
			all[j], all[j-1] = all[j-1], all[j]
		}
	}
	return all
}

func TestTheCacheIsBounded(t *testing.T) {
	r, _ := resolver(t, locate.Config{MaxCache: 10})
	for i := range 100 {
		r.Locate(t.Context(), locate.Query{Target: fmt.Sprintf("host%d.example", i)})
		if n := r.Cached(); n > 10 {
			t.Fatalf("%d answers are kept", n)
		}
	}
}

func TestOneQuestionForManyWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, names := resolver(t, locate.Config{})
		names.Delay(time.Second)
		impatient, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := r.Locate(impatient, locate.Query{Target: "plain.example", Port: 5060})
			failed <- err
		}()
		synctest.Wait()
		results := make(chan []string, 20)
		for range cap(results) {
			go func() {
				targets, err := r.Locate(t.Context(), locate.Query{Target: "plain.example", Port: 5060})
				if err != nil {
					t.Error(err)
				}
				results <- text(targets)
			}()
		}
		if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("impatient: %v", err)
		}
		for range cap(results) {
			if got := <-results; len(got) != 2 {
				t.Errorf("got %v", got)
			}
		}
		// The first asker went away half a second before the answer: somebody else asked again, once.
		if asked := names.Asked(); len(asked) != 4 {
			t.Errorf("asked %v", asked)
		}
	})
}

func TestOneSearchHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, names := resolver(t, locate.Config{})
		t.Log("# DNS that is slow")
		names.Delay(time.Minute)
		start := time.Now()
		if _, err := r.Locate(t.Context(), locate.Query{Target: "slow.example"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("gave up after %v", took)
		}
		names.Delay(0)

		t.Log("# a domain of very many servers: questions and targets are bounded")
		var big strings.Builder
		for i := range 200 {
			fmt.Fprintf(&big, "_sip._udp.big.example. 300 IN SRV %d 0 5060 h%d.big.example.\n", i, i)
			for j := range 3 {
				fmt.Fprintf(&big, "h%d.big.example. 300 IN A 203.0.%d.%d\n", i, i, j+1)
			}
		}
		names.Set(big.String())
		names.Asked()
		targets, err := r.Locate(t.Context(), locate.Query{Target: "big.example", Transport: "udp"})
		if err != nil || len(targets) != 32 {
			t.Errorf("%d targets, %v", len(targets), err)
		}
		if asked := names.Asked(); len(asked) > 80 {
			t.Errorf("%d questions", len(asked))
		}

		t.Log("# a domain whose servers do not exist")
		big.Reset()
		for i := range 200 {
			fmt.Fprintf(&big, "_sip._udp.void.example. 300 IN SRV %d 0 5060 h%d.void.example.\n", i, i)
		}
		names.Set(big.String())
		if _, err := r.Locate(t.Context(), locate.Query{Target: "void.example", Transport: "udp"}); err == nil {
			t.Error("found something")
		}
		if asked := names.Asked(); len(asked) > 80 {
			t.Errorf("%d questions", len(asked))
		}
	})
}

// TestBrokenNAPTR: servers of names that know no NAPTR do not stand in the way; a broken SRV does, because the wrong server is worse than none.
func TestBrokenNAPTR(t *testing.T) {
	r, names := resolver(t, locate.Config{})
	names.Break("srv.example")
	if targets, err := r.Locate(t.Context(), locate.Query{Target: "srv.example"}); err != nil || len(targets) != 3 {
		t.Errorf("%v, %v", targets, err)
	}
	names.Break("_sip._udp.plain.example")
	if targets, err := r.Locate(t.Context(), locate.Query{Target: "plain.example"}); !errors.Is(err, locate.ErrDNS) {
		t.Errorf("%v, %v", targets, err)
	}
}

func TestTheHostsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	os.WriteFile(path, []byte("# ours\n10.0.0.7 proxy proxy.corp.example # the old one\nnonsense\n::1 six\n"), 0o600)
	r, names := resolver(t, locate.Config{Hosts: path})
	targets, err := r.Locate(t.Context(), locate.Query{Target: "Proxy"})
	want := []locate.Target{{Transport: "UDP", Addr: netip.MustParseAddrPort("10.0.0.7:5060"), Host: "proxy"}}
	if diff := cmp.Diff(want, targets, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if asked := names.Asked(); asked != nil {
		t.Errorf("asked %v", asked)
	}
}
