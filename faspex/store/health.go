package store

import (
	"context"
	"fmt"
)

// ServerInfo is what the database server says about itself and about this schema.
type ServerInfo struct {
	Version   string
	SizeBytes int64 // data and indexes of the schema
	Tables    int
}

// ServerInfo asks the database server. The restricted user may do that.
func (s *Store) ServerInfo(ctx context.Context) (ServerInfo, error) {
	var i ServerInfo
	err := s.db.QueryRowContext(ctx, `SELECT VERSION(), COALESCE(SUM(data_length + index_length), 0), COUNT(*)
		FROM information_schema.tables WHERE table_schema = DATABASE()`).Scan(&i.Version, &i.SizeBytes, &i.Tables)
	if err != nil {
		return i, fmt.Errorf("ask database server: %w", err)
	}
	return i, nil
}
