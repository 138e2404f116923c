package core

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// changeList changes a list that is kept as one document, and begins anew when another change came between.
func changeList[T any](ctx context.Context, s *Server, name string,
	do func(settings.List[T]) (settings.List[T], error)) error {
	var err error
	for range changeAttempts {
		var before, after settings.List[T]
		var version int64
		if before, version, err = settings.ReadList[T](ctx, s.store, name); err != nil {
			return err
		}
		if after, err = do(before); err != nil {
			return err
		}
		var raw []byte
		if raw, err = json.Marshal(after); err != nil {
			return err
		}
		if err = s.store.PutSettings(ctx, name, version, raw, caller(ctx).ID); !errors.Is(err, store.ErrChanged) {
			break
		}
	}
	return err
}

// itemOf finds an item by the id of a path.
func itemOf[T any](l settings.List[T], id, what string) (settings.Item[T], error) {
	n, err := strconv.Atoi(id)
	if err != nil || l.At(n) < 0 {
		return settings.Item[T]{}, notFound(what)
	}
	return l.Items[l.At(n)], nil
}

// cut gives the items of one page.
func cut[T any](p Paging, items []T) []T {
	from := min(p.Offset, len(items))
	return items[from:min(from+p.Limit, len(items))]
}
