package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// markerLife is how long the marker of a removed key is kept; the bucket would grow without it.
const markerLife = time.Hour

// natsBucket is a bucket of JetStream.
type natsBucket struct {
	kv jetstream.KeyValue
	js jetstream.JetStream
}

// openBucket makes the bucket or opens it. A full one refuses new keys and keeps the old ones.
func openBucket(ctx context.Context, js jetstream.JetStream, name string, maxBytes int64) (*natsBucket, error) {
	kv, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: name, History: 1, Storage: jetstream.FileStorage, Replicas: 1,
		MaxBytes: maxBytes, LimitMarkerTTL: markerLife,
	})
	if err != nil {
		return nil, fmt.Errorf("opening bucket %s: %w", name, err)
	}
	return &natsBucket{kv, js}, nil
}

func (b *natsBucket) get(ctx context.Context, key string) (entry, error) {
	e, err := b.kv.Get(ctx, key)
	if err != nil {
		return entry{}, asOurs(err, jetstream.ErrKeyNotFound, errKeyNotFound)
	}
	return entry{key, e.Value(), e.Revision()}, nil
}

func (b *natsBucket) create(ctx context.Context, key string, value []byte) (uint64, error) {
	revision, err := b.kv.Create(ctx, key, value)
	return revision, asOurs(err, jetstream.ErrKeyExists, errKeyExists)
}

// update goes around KV.Update's revision 0, which would create the key.
func (b *natsBucket) update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	if revision == 0 {
		return 0, errRevision
	}
	revision, err := b.kv.Update(ctx, key, value, revision)
	return revision, wrongRevision(err)
}

// hold goes around KV.Update, which cannot give a key a time to live.
func (b *natsBucket) hold(ctx context.Context, key string, value []byte, revision uint64, life time.Duration) (uint64, error) {
	life = max((life + time.Second - 1).Truncate(time.Second), time.Second) // "The TTL ... minimum 1 second"
	if revision == 0 {
		revision, err := b.kv.Create(ctx, key, value, jetstream.KeyTTL(life))
		return revision, asOurs(err, jetstream.ErrKeyExists, errKeyExists)
	}
	ack, err := b.js.Publish(ctx, "$KV."+b.kv.Bucket()+"."+key, value,
		jetstream.WithExpectLastSequencePerSubject(revision), jetstream.WithMsgTTL(life))
	if err != nil {
		return 0, wrongRevision(err)
	}
	return ack.Sequence, nil
}

func (b *natsBucket) remove(ctx context.Context, key string, revision uint64) error {
	if revision == 0 {
		return errRevision
	}
	return wrongRevision(b.kv.Purge(ctx, key, jetstream.LastRevision(revision), jetstream.PurgeTTL(markerLife)))
}

func (b *natsBucket) all(ctx context.Context) ([]entry, error) {
	watcher, err := b.kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	var entries []entry
	for {
		select {
		case e, open := <-watcher.Updates():
			if !open {
				return nil, errors.New("watcher closed")
			}
			if e == nil { // the end of what there was
				slices.SortFunc(entries, byKey)
				return entries, nil
			}
			entries = append(entries, entry{e.Key(), e.Value(), e.Revision()})
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func wrongRevision(err error) error {
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyRevisionMismatch) || wrongLastSequence(err) {
		return errRevision
	}
	return err
}

func wrongLastSequence(err error) bool {
	var api jetstream.JetStreamError
	return errors.As(err, &api) && api.APIError() != nil && api.APIError().ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

func asOurs(err, theirs, ours error) error {
	if errors.Is(err, theirs) {
		return ours
	}
	return err
}
