package main

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, dir string, now time.Time, names ...string) *certificates {
	t.Helper()
	c, err := openCertificates(dir, names, slog.New(slog.DiscardHandler), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serialOf(t *testing.T, c *certificates, now time.Time) string {
	t.Helper()
	pair, err := c.certificate(now)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.SerialNumber.String()
}

func TestCertificateOfTheFirstStart(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	names := []string{"conference.example.com", "[2001:db8::1]", "localhost", "127.0.0.1", "::1"}
	c := open(t, dir, now, names...)
	roots, err := trust(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"conference.example.com", "2001:db8::1", "localhost", "127.0.0.1", "::1"} {
		if _, err := c.current.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, secret := range []string{"key.pem", "ca-key.pem"} {
		if info, err := os.Stat(filepath.Join(dir, secret)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", secret, info.Mode(), err)
		}
	}
	if first, second := serialOf(t, c, now), serialOf(t, open(t, dir, now, names...), now); first != second {
		t.Error("a second start makes another certificate")
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	c := open(t, dir, now, "a.example.com")
	first := serialOf(t, c, now)

	t.Log("# a month before its end, while the server runs")
	later := now.Add(certificateLife - renewBefore)
	second := serialOf(t, c, later)
	if second == first {
		t.Error("it is not renewed in time")
	}
	if third := serialOf(t, c, later); third != second {
		t.Error("it is renewed at each handshake")
	}

	t.Log("# when the domain is another")
	if serialOf(t, open(t, dir, later, "b.example.com"), later) == second {
		t.Error("it does not follow the domain")
	}
}

func TestCertificateOfTheOperatorIsLeftAlone(t *testing.T) {
	dir, other, now := t.TempDir(), t.TempDir(), time.Now()
	open(t, dir, now, "a.example.com")
	given := open(t, other, now, "theirs.example.com")
	for _, name := range []string{"cert.pem", "key.pem"} {
		text, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	far := now.Add(certificateLife)
	if serialOf(t, open(t, dir, far, "a.example.com"), far) != serialOf(t, given, now) {
		t.Error("it was replaced")
	}
}
