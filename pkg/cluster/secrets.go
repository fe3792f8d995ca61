package cluster

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	keyFile = "secret.key"
	natsDir = "nats"
	keySize = 32 // AES-256
)

// sealer hides HA1s and PINs in the store: AES-256-GCM (NIST SP 800-38D) with a random nonce in front.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

// seal binds the value to its place, such as "users/alice/MD5".
func (s *sealer) seal(place, value string) []byte {
	return s.aead.Seal(nil, nil, []byte(value), []byte(place))
}

func (s *sealer) open(place string, sealed []byte) (string, error) {
	value, err := s.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return "", fmt.Errorf("unsealing %s: %w", place, err)
	}
	return string(value), nil
}

// loadKey reads DATA/secret.key, or makes it at the first start. It refuses a key that others may read, and to make a new one where
// data sealed with a lost one lies.
func loadKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyFile)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeKey(dir, path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a file", ErrKeyFile, path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: %s can be read by others (mode %#o): run chmod 600 %s, and change the passwords if others could have read it",
			ErrKeyFile, path, info.Mode().Perm(), path)
	}
	key, err := os.ReadFile(path)
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("%w: %s has %d bytes, want %d: restore it from a backup", ErrKeyFile, path, len(key), keySize)
	}
	return key, err
}

func makeKey(dir, path string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, natsDir)); err == nil {
		return nil, fmt.Errorf("%w: %s is missing but there is data sealed with it: restore it from a backup", ErrKeyFile, path)
	}
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	if err := writeDurably(path, key); err != nil {
		return nil, fmt.Errorf("making %s: %w", path, err)
	}
	return key, nil
}

// writeDurably makes the file whole or not at all, and on disk.
func writeDurably(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
