package store

import (
	"context"
	"fmt"
	"time"
)

// Types of application events, by their published names.
const (
	LoginSuccess   = "login_success"
	LoginFailed    = "login_failed"
	LogoutSuccess  = "logout_success"
	PasswordChange = "password_change"
	// UpdatedCredentials and CreatedAdmin are the utility's.
	UpdatedCredentials = "updated_credentials"
	CreatedAdmin       = "created_admin"
	UtilityLogin       = "utility_login"
	MigratedToNewest   = "migrate_core_latest"
	Migrated           = "migrate_core" // to a version that was chosen
	Seeded             = "db_seed"
)

// ApplicationEvent is something that somebody did.
type ApplicationEvent struct {
	ID          int64
	Type        string
	Application string  // faspex, packages, admin or utility
	AccountID   int64   // 0 for nobody known
	Account     Account // as others see it; empty when it is gone
	Address     string  // of the client
	ClientID    string  // the program
	Message     string
	CreatedAt   time.Time
}

// AddApplicationEvent keeps an event. There is no way to change one, or to remove one that is young enough to be kept.
func (s *Store) AddApplicationEvent(ctx context.Context, e ApplicationEvent) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO application_events (event_type, application, account_id, address, client_id, message, created_at)
		VALUES (?, ?, NULLIF(?, 0), ?, ?, ?, ?)`, e.Type, e.Application, e.AccountID, e.Address, e.ClientID, e.Message, e.CreatedAt)
	if err != nil {
		return fmt.Errorf("keep event %s: %w", e.Type, err)
	}
	return nil
}

// ApplicationEventFilter narrows a list of events; zero values narrow nothing.
type ApplicationEventFilter struct {
	ID         int64
	Types      []string
	From, To   time.Time
	Query      string // part of a user's name or address, or of the client's address
	Sort       string // a key of applicationEventOrders; id by default
	Descending bool
}

var applicationEventOrders = map[string]string{"id": "e.id", "created_at": "e.created_at", "event_type": "e.event_type",
	"application": "e.application"}

// ApplicationEvents lists events and counts all that match.
func (s *Store) ApplicationEvents(ctx context.Context, f ApplicationEventFilter,
	p Page) ([]ApplicationEvent, int, error) {
	w := where{}
	if f.ID != 0 {
		w.and(`e.id = ?`, f.ID)
	}
	if len(f.Types) > 0 {
		whereIn(&w, `e.event_type`, f.Types)
	}
	if !f.From.IsZero() {
		w.and(`e.created_at >= ?`, f.From)
	}
	if !f.To.IsZero() {
		w.and(`e.created_at <= ?`, f.To)
	}
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(a.name LIKE ? OR a.email LIKE ? OR CONCAT(a.first_name, ' ', a.last_name) LIKE ? OR e.address LIKE ?)`, like, like,
			like, like)
	}
	const from = ` FROM application_events e LEFT JOIN accounts a ON a.id = e.account_id`
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+from+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count application events: %w", err)
	}
	list, err := collect(ctx, s.db, scanApplicationEvent, `SELECT e.id, e.event_type, e.application, COALESCE(e.account_id, 0), e.address, e.client_id,
		e.message, e.created_at, COALESCE(a.id, 0), COALESCE(a.name, ''), COALESCE(a.first_name, ''), COALESCE(a.last_name, ''),
		COALESCE(a.email, ''), COALESCE(a.role, ''), COALESCE(a.type, ''), COALESCE(`+statusColumn+`, ''), a.last_login_at`+from+w.sql()+
		orderBy(applicationEventOrders, f.Sort, "id", f.Descending, "e.id")+` LIMIT ? OFFSET ?`, append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list application events: %w", err)
	}
	return list, total, nil
}

func scanApplicationEvent(r rower) (ApplicationEvent, error) {
	var e ApplicationEvent
	err := r.Scan(append([]any{&e.ID, &e.Type, &e.Application, &e.AccountID, &e.Address, &e.ClientID, &e.Message,
		&e.CreatedAt}, e.Account.person()...)...)
	return e, err
}

// PurgeApplicationEvents forgets events of a type of before a time, and tells how many.
func (s *Store) PurgeApplicationEvents(ctx context.Context, of string, before time.Time) (int64, error) {
	res, err := s.db.ExecContext(ctx, `DELETE FROM application_events WHERE event_type = ? AND created_at < ?`, of, before)
	var n int64
	if err == nil {
		n, err = res.RowsAffected()
	}
	if err != nil {
		return 0, fmt.Errorf("purge application events: %w", err)
	}
	return n, nil
}
