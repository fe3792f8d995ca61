package cluster

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestStartAndClose(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	dir := filepath.Join(t.TempDir(), "data")
	var log bytes.Buffer
	cfg := Config{Dir: dir, Realm: "Example.com", Logger: slog.New(slog.NewTextHandler(&log, nil)), Hash: cheap()}
	for _, run := range []string{"first", "second"} {
		began := time.Now()
		c, err := Start(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s start: %s", run, time.Since(began).Round(100*time.Microsecond))
		if c.Realm() != "example.com" {
			t.Errorf("%s start: realm %q, want example.com", run, c.Realm())
		}
		c.Close()
		goleak.VerifyNone(t, leaks)
		cfg.Realm = "other.example" // the stored one counts
	}
	if log.Len() != 0 {
		t.Errorf("a quiet start logged: %s", log.String())
	}
}

func TestStartRefuses(t *testing.T) {
	made := func(t *testing.T) string {
		dir := t.TempDir()
		startIn(t, dir).Close()
		return dir
	}
	for name, row := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
		says  string
	}{
		"a key others can read": {
			func(t *testing.T, dir string) { check(t, os.Chmod(filepath.Join(dir, keyFile), 0o640)) }, ErrKeyFile, "chmod 600"},
		"a key that is a link": {
			func(t *testing.T, dir string) {
				check(t, os.Rename(filepath.Join(dir, keyFile), filepath.Join(dir, "other")))
				check(t, os.Symlink("other", filepath.Join(dir, keyFile)))
			}, ErrKeyFile, "not a file"},
		"a short key": {
			func(t *testing.T, dir string) { check(t, os.Truncate(filepath.Join(dir, keyFile), 16)) }, ErrKeyFile, "16 bytes"},
		"a lost key": {
			func(t *testing.T, dir string) { check(t, os.Remove(filepath.Join(dir, keyFile))) }, ErrKeyFile, "restore it"},
		"another key": {
			func(t *testing.T, dir string) {
				check(t, os.WriteFile(filepath.Join(dir, keyFile), make([]byte, keySize), 0o600))
			}, ErrKeyFile, "restore it"},
		"a folder in use": {
			func(t *testing.T, dir string) { startIn(t, dir) }, ErrDirInUse, dirInUseHint},
	} {
		t.Run(name, func(t *testing.T) {
			dir := made(t)
			row.spoil(t, dir)
			c, err := Start(t.Context(), Config{Dir: dir, Realm: testRealm})
			if err == nil {
				c.Close()
			}
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("start: %v, want %v that says %q", err, row.want, row.says)
			}
		})
	}
}

const dirInUseHint = "another process"

func TestKeyFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	startIn(t, dir)
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode() != 0o600 || info.Size() != keySize {
		t.Errorf("%v, %v: want %d bytes with mode 0600", info, err, keySize)
	}
}

// Nothing on disk says a password, an HA1 or a PIN in clear.
func TestSecretsAreSealedOnDisk(t *testing.T) {
	dir := t.TempDir()
	c := startIn(t, dir)
	ctx := t.Context()
	if _, err := c.Users.Add(ctx, User{Name: "alice"}, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Conferences.Create(ctx, record("7h3k92qd")); err != nil {
		t.Fatal(err)
	}
	text, _, err := c.Tokens.NewToken(ctx, Token{Name: "cli"})
	check(t, err)
	ha1, err := c.Users.HA1(ctx, "alice", testRealm, "MD5")
	check(t, err)
	c.Close()
	wantNowhere(t, dir, "correct horse", ha1, "123456", text)
}

func wantNowhere(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	}))
}

func TestSealedValueStaysInItsPlace(t *testing.T) {
	s, err := newSealer(make([]byte, keySize))
	check(t, err)
	sealed := s.seal("users/alice/ha1/MD5", "secret")
	if _, err := s.open("users/bob/ha1/MD5", sealed); err == nil {
		t.Error("bob's record opened what was sealed for alice")
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.open("users/alice/ha1/MD5", sealed); err == nil {
		t.Error("a changed value was opened")
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
