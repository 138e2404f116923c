package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Webhook is an address that is told of packages that were uploaded.
type Webhook struct {
	ID      int64
	Name    string
	Options json.RawMessage // what administrators set, by the published names
	Active  bool
	Secret  []byte // sealed
}

// Kinds and methods of what webhooks have the service do.
const (
	PackageWebhooks   = "package_webhooks" // an order of the outbox: a package was uploaded
	MethodCallWebhook = "call_webhook"
)

func scanWebhook(r rower) (w Webhook, err error) {
	return w, r.Scan(&w.ID, &w.Name, (*[]byte)(&w.Options), &w.Active, &w.Secret)
}

const webhookColumns = `id, name, options, active, secret`

// WebhookFilter narrows a list of webhooks.
type WebhookFilter struct {
	Query  string // part of the name or of the address
	Active bool   // active ones only
	Sort   string // id, name or url; empty is name
}

var webhookOrders = map[string]string{"": `name`, "id": `id`, "name": `name`, "url": `JSON_VALUE(options, '$.url'), id`}

// Webhooks lists webhooks and counts all that match.
func (s *Store) Webhooks(ctx context.Context, f WebhookFilter, p Page) ([]Webhook, int, error) {
	w := where{}
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(name LIKE ? OR JSON_VALUE(options, '$.url') LIKE ?)`, like, like)
	}
	if f.Active {
		w.and(`active`)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM webhooks`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count webhooks: %w", err)
	}
	list, err := collect(ctx, s.db, scanWebhook, `SELECT `+webhookColumns+` FROM webhooks`+w.sql()+` ORDER BY `+
		webhookOrders[f.Sort]+` LIMIT ? OFFSET ?`, append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list webhooks: %w", err)
	}
	return list, total, nil
}

// Webhook reads one webhook.
func (s *Store) Webhook(ctx context.Context, id int64) (Webhook, error) {
	w, err := scanWebhook(s.db.QueryRowContext(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE id = ?`, id))
	if err != nil {
		return w, fmt.Errorf("read webhook %d: %w", id, classify(err))
	}
	return w, nil
}

// CreateWebhook stores a webhook and gives its id. ErrConflict when there is one of that name.
func (s *Store) CreateWebhook(ctx context.Context, w Webhook) (int64, error) {
	res, err := s.db.ExecContext(ctx, `INSERT INTO webhooks (name, options, active, secret) VALUES (?, ?, ?, ?)`,
		w.Name, []byte(w.Options), w.Active, w.Secret)
	if err != nil {
		return 0, fmt.Errorf("create webhook: %w", classify(err))
	}
	return res.LastInsertId()
}

// UpdateWebhook writes what administrators set. ErrConflict when another has the name.
func (s *Store) UpdateWebhook(ctx context.Context, w Webhook) error {
	res, err := s.db.ExecContext(ctx, `UPDATE webhooks SET name = ?, options = ?, active = ? WHERE id = ?`,
		w.Name, []byte(w.Options), w.Active, w.ID)
	if err != nil {
		return fmt.Errorf("update webhook %d: %w", w.ID, classify(err))
	}
	return oneRow(res, "update webhook", w.ID)
}

// SetWebhookSecret replaces the sealed secret of a webhook; before is the one that is replaced, nil for any.
func (s *Store) SetWebhookSecret(ctx context.Context, id int64, before, sealed []byte) error {
	res, err := s.db.ExecContext(ctx, `UPDATE webhooks SET secret = ? WHERE id = ? AND (? OR secret = ?)`, sealed, id,
		before == nil, before)
	if err != nil {
		return fmt.Errorf("replace the secret of webhook %d: %w", id, err)
	}
	return oneRow(res, "replace the secret of webhook", id)
}

// DeleteWebhook removes a webhook with the calls that it made.
func (s *Store) DeleteWebhook(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM webhooks WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete webhook %d: %w", id, err)
	}
	return oneRow(res, "delete webhook", id)
}

// PurgeWebhookEvents forgets calls that are over and were ordered before a time.
func (s *Store) PurgeWebhookEvents(ctx context.Context, before time.Time) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM webhook_events WHERE created_at < ?
		AND status IN ('completed', 'failed', 'cancelled')`, before); err != nil {
		return fmt.Errorf("purge calls of webhooks: %w", err)
	}
	return nil
}

// orderWebhooks orders the calls for a package whose upload is complete, in the transaction that makes it so.
func orderWebhooks(ctx context.Context, tx *sql.Tx, packageID int64) error {
	return putOrders(ctx, tx, []Order{{Kind: PackageWebhooks, Payload: PackageEvent{Event: PackageUploaded, PackageID: packageID}}})
}
