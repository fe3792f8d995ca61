package cluster

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Config says how to start.
type Config struct {
	Dir    string       // the data folder, made with mode 0700
	Realm  string       // for digest and for the URIs of users: the domain; used at the first start, then the stored one counts
	Logger *slog.Logger // nil: slog.Default()
	Hash   HashCost     // zero: DefaultHashCost
}

// Cluster is the store and what is kept in it. Safe for concurrent use.
type Cluster struct {
	Users       *Users
	Tokens      *Tokens
	Conferences *Conferences
	Bindings    *Bindings
	Webhooks    *Webhooks

	key   []byte
	realm string
	nats  *natsStore // nil in memory
}

// buckets by name.
type buckets map[string]bucket

// Start starts the NATS server inside the process on Dir/nats and opens what is in it. ErrDirInUse, ErrKeyFile.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	key, err := loadKey(cfg.Dir)
	if err != nil {
		return nil, err
	}
	store, err := startNATS(ctx, cfg.Dir, cfg.Logger)
	if err != nil {
		return nil, fmt.Errorf("starting the store in %s: %w", cfg.Dir, err)
	}
	c, err := openNATS(ctx, cfg, store, key)
	if err != nil {
		store.close()
		return nil, err
	}
	return c, nil
}

func openNATS(ctx context.Context, cfg Config, store *natsStore, key []byte) (*Cluster, error) {
	opened := buckets{}
	for _, name := range []string{usersBucket, tokensBucket, conferencesBucket, settingsBucket, bindingsBucket, webhooksBucket} {
		size := int64(maxBucket)
		if name == webhooksBucket {
			size = maxSmallBucket
		}
		b, err := openBucket(ctx, store.js, name, size)
		if err != nil {
			return nil, err
		}
		opened[name] = b
	}
	c, err := assemble(ctx, cfg, opened, key)
	if err != nil {
		return nil, err
	}
	c.nats = store
	return c, nil
}

// InMemory is a Cluster that keeps nothing and starts no goroutine: for tests, also inside synctest. Dir and Logger are not used.
func InMemory(cfg Config) (*Cluster, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	return assemble(context.Background(), cfg, buckets{
		usersBucket: newMemoryBucket(), tokensBucket: newMemoryBucket(),
		conferencesBucket: newMemoryBucket(), settingsBucket: newMemoryBucket(), bindingsBucket: newMemoryBucket(), webhooksBucket: newMemoryBucket(),
	}, key)
}

func assemble(ctx context.Context, cfg Config, b buckets, key []byte) (*Cluster, error) {
	secrets, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	settings := b[settingsBucket]
	if err := checkKey(ctx, settings, secrets); err != nil {
		return nil, err
	}
	realm, err := setOnce(ctx, settings, "realm", strings.ToLower(cfg.Realm))
	if err != nil {
		return nil, fmt.Errorf("storing the realm: %w", err)
	}
	if realm == "" {
		return nil, errors.New("cluster: no realm")
	}
	users := newUsers(b[usersBucket], secrets, realm, cfg.Hash)
	tokens := &Tokens{bucket: b[tokensBucket], users: users}
	users.tokens = tokens
	return &Cluster{
		Users: users, Tokens: tokens, Conferences: &Conferences{b[conferencesBucket], secrets}, Bindings: &Bindings{b[bindingsBucket]},
		Webhooks: &Webhooks{bucket: b[webhooksBucket], secrets: secrets},
		realm:    realm, key: key,
	}, nil
}

// Realm is the digest realm and the domain of the users' URIs, fixed at the first start: the HA1s are made with it.
func (c *Cluster) Realm() string { return c.realm }

// Key derives a key of 32 octets from the secret of the store, another one for each purpose. It is the same after a restart.
func (c *Cluster) Key(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, c.key, nil, "focus "+purpose, keySize)
}

// Close writes what is left, stops the server and waits for it. A second Close does nothing.
func (c *Cluster) Close() error {
	if c.nats != nil {
		c.nats.close()
	}
	return nil
}

// setOnce stores a setting if it has none yet, and returns what is stored.
func setOnce(ctx context.Context, settings bucket, name, value string) (string, error) {
	if e, err := settings.get(ctx, name); !errors.Is(err, errKeyNotFound) {
		return string(e.value), err
	}
	if value == "" {
		return "", nil
	}
	if _, err := settings.create(ctx, name, []byte(value)); errors.Is(err, errKeyExists) {
		e, err := settings.get(ctx, name)
		return string(e.value), err
	} else if err != nil {
		return "", err
	}
	return value, nil
}

// checkKey refuses a key that is not the one the data was sealed with, before anything is sealed with it.
func checkKey(ctx context.Context, settings bucket, secrets *sealer) error {
	const place = "settings/key-check"
	check, err := setOnce(ctx, settings, "key-check", string(secrets.seal(place, "focus")))
	if err != nil {
		return fmt.Errorf("checking the secret key: %w", err)
	}
	if _, err := secrets.open(place, []byte(check)); err != nil {
		return fmt.Errorf("%w: %s is not the one the data was sealed with: restore it from a backup", ErrKeyFile, keyFile)
	}
	return nil
}
