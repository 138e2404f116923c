package client

import (
	"encoding/json"
	"fmt"
)

// listPage reads {"total_count":N,"<key>":[...]}.
type listPage[T any] struct {
	key   string
	total int
	items []T
}

func (p *listPage[T]) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if err := json.Unmarshal(raw["total_count"], &p.total); err != nil {
		return fmt.Errorf("total_count: %w", err)
	}
	if err := json.Unmarshal(raw[p.key], &p.items); err != nil {
		return fmt.Errorf("%s: %w", p.key, err)
	}
	return nil
}
