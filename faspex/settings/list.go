package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Names of the documents that hold lists.
const (
	NameAlternateAddresses = "alternate_addresses"
	NameProfileFields      = "user_profile_fields"
	NamePurgePolicies      = "events_purge_policies"
)

// List is a short list that administrators keep, as one document. Ids are never given twice.
type List[T any] struct {
	Next  int       `json:"next"`
	Items []Item[T] `json:"items"`
}

// Item is one of a list.
type Item[T any] struct {
	ID    int `json:"id"`
	Value T   `json:"value"`
}

// ReadList reads a list and the version of its document.
func ReadList[T any](ctx context.Context, from Source, name string) (List[T], int64, error) {
	var l List[T]
	raw, version, err := from.Settings(ctx, name)
	if err != nil || version == 0 {
		return l, version, err
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return l, version, fmt.Errorf("read %s: %w", name, err)
	}
	return l, version, nil
}

// Add puts a value at the end and gives its id.
func (l List[T]) Add(v T) (List[T], int) {
	l.Next++
	l.Items = append(slices.Clone(l.Items), Item[T]{l.Next, v})
	return l, l.Next
}

// At is where the item of an id is; -1 for nowhere.
func (l List[T]) At(id int) int {
	return slices.IndexFunc(l.Items, func(i Item[T]) bool { return i.ID == id })
}

// With puts a value in the place of the one of an id, which is there.
func (l List[T]) With(id int, v T) List[T] {
	l.Items = slices.Clone(l.Items)
	l.Items[l.At(id)].Value = v
	return l
}

// Without leaves out the item of an id.
func (l List[T]) Without(id int) List[T] {
	l.Items = slices.DeleteFunc(slices.Clone(l.Items), func(i Item[T]) bool { return i.ID == id })
	return l
}
