package main

import (
	"context"

	"github.com/seed-f3cefc8c/focus/api"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
	"github.com/seed-f3cefc8c/focus/pkg/conference"
	"github.com/seed-f3cefc8c/focus/pkg/focus"
)

// watches are the focus', as the API wants them.
type watches struct{ focus *focus.Server }

// Watch implements api.Watches.
func (w watches) Watch(ctx context.Context, by c3p.Principal, id conference.ID) (api.Watch, error) {
	opened, err := w.focus.Watch(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return watch{opened}, nil
}

// Running implements api.Watches.
func (w watches) Running() []conference.ID { return w.focus.Running() }

type watch struct{ *focus.Watch }

// Since implements api.Watch.
func (w watch) Since(ctx context.Context, revision uint64) (api.News, error) {
	news, err := w.Watch.Since(ctx, revision)
	return api.News(news), err
}
