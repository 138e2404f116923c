package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"
)

// BanKind says whose logins are refused.
type BanKind string

// Kinds of bans.
const (
	// BanAccount is for an account, from addresses that are not known for it.
	BanAccount BanKind = "account"
	// BanClient is for an account from one address, known for it or not.
	BanClient BanKind = "client"
	// BanAddress is for an address, whatever the account.
	BanAddress BanKind = "address"
)

// Ban is what all nodes refuse until a time, by the clock of the database.
type Ban struct {
	Kind BanKind
	// Account is as the client spelled it: it may be no name at all.
	Account string
	// Address is an IPv4 address or an IPv6 network.
	Address  string
	Failures int
	Until    time.Time
}

const (
	// shareInterval is how soon the other nodes know of a ban, and of its end.
	shareInterval = 2 * time.Second
	// maxSharedAtOnce bounds what one node writes in an interval: however many names somebody fails with.
	maxSharedAtOnce = 256
)

// ShareBans tells the other nodes of bans, and learns of theirs, until ctx ends. Without the database each
// node refuses what it knows of.
func (s *Store) ShareBans(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(shareInterval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.shareBans(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			log.Error("bans of logins can't be shared with other nodes, each goes on with those it knows", "error", err)
		}
		failing = err != nil
	}
}

// shareBans writes what was decided here since the last time and reads what is refused everywhere.
func (s *Store) shareBans(ctx context.Context) error {
	t := s.secrets.throttle
	banned, lifted := t.unshared()
	for _, f := range lifted {
		if _, err := s.LiftBans(ctx, BanFilter{Kind: f.kind, Account: f.account, Address: f.address}); err != nil {
			t.putBack(banned, lifted)
			return err
		}
	}
	if err := s.writeBans(ctx, t, banned); err != nil {
		t.putBack(banned, nil)
		return err
	}
	bans, left, err := s.bans(ctx)
	if err != nil {
		return err
	}
	t.refuse(bans, left)
	return nil
}

// unshared takes what other nodes don't know of yet.
func (t *Throttle) unshared() (banned, lifted []failures) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.banned), maxSharedAtOnce)
	for _, f := range t.banned[:n] {
		banned = append(banned, *f)
	}
	for _, f := range t.lifted {
		lifted = append(lifted, *f)
	}
	// What is beyond the bound stays refused here alone: a later round would only be as full.
	t.banned, t.lifted = nil, nil
	return banned, lifted
}

func (t *Throttle) putBack(banned, lifted []failures) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range banned {
		t.banned = append(t.banned, &banned[i])
	}
	for i := range lifted {
		t.lifted = append(t.lifted, &lifted[i])
	}
}

func (s *Store) writeBans(ctx context.Context, t *Throttle, banned []failures) error {
	if len(banned) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	t.mu.Lock()
	now := t.now()
	t.mu.Unlock()
	args := make([]any, 0, 5*len(banned))
	for _, f := range banned {
		args = append(args, f.kind, []byte(f.account), f.address, f.wrong, f.until.Sub(now).Microseconds())
	}
	_, err := s.db.ExecContext(ctx, "INSERT INTO login_bans (kind, account, address, failures, until_at) VALUES "+
		repeat("(?, ?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)", len(banned))+
		" ON DUPLICATE KEY UPDATE failures = VALUES(failures), until_at = GREATEST(until_at, VALUES(until_at))", args...)
	if err != nil {
		return fmt.Errorf("write bans: %w", err)
	}
	return nil
}

// refuse makes what all nodes refuse the state here: bans, which are over after what is left, and the
// end of those that were lifted.
func (t *Throttle) refuse(bans []Ban, left []time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	shared := make(map[subject]*failures, len(bans))
	for i, b := range bans {
		s := subject{b.Kind, b.Account, b.Address}
		f := t.find(t.countsOf(b.Kind), s, true)
		f.until, f.n, f.wrong = now.Add(left[i]), max(f.n, b.Failures), max(f.wrong, b.Failures)
		shared[s] = f
	}
	for s, f := range t.shared {
		if shared[s] == nil {
			f.n, f.wrong, f.until = 0, 0, time.Time{}
		}
	}
	t.shared = shared
}

func (t *Throttle) countsOf(kind BanKind) *counts {
	switch kind {
	case BanClient:
		return &t.clients
	case BanAddress:
		return &t.addresses
	}
	return &t.accounts
}

// Bans are what all nodes refuse now, the latest to end first.
func (s *Store) Bans(ctx context.Context) ([]Ban, error) {
	bans, _, err := s.bans(ctx)
	return bans, err
}

func (s *Store) bans(ctx context.Context) (bans []Ban, left []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT kind, account, address, failures, until_at, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), until_at)
		FROM login_bans WHERE until_at > UTC_TIMESTAMP(6) ORDER BY until_at DESC, id LIMIT ?`, maxSubjects)
	if err != nil {
		return nil, nil, fmt.Errorf("read bans: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var b Ban
		var account []byte
		var usec int64
		if err := rows.Scan(&b.Kind, &account, &b.Address, &b.Failures, &b.Until, &usec); err != nil {
			return nil, nil, fmt.Errorf("read bans: %w", err)
		}
		b.Account = string(account)
		bans, left = append(bans, b), append(left, time.Duration(usec)*time.Microsecond)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read bans: %w", err)
	}
	return bans, left, nil
}

// BanFilter selects bans; empty fields select all.
type BanFilter struct {
	Kind    BanKind
	Account string
	// Address selects the bans of the network that it is counted as.
	Address string
}

// LiftBans ends bans and says how many. All nodes know of it a moment later.
func (s *Store) LiftBans(ctx context.Context, f BanFilter) (int64, error) {
	address := f.Address
	if n := network(f.Address); n != "" {
		address = n
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.db.ExecContext(ctx,
		"DELETE FROM login_bans WHERE (? = '' OR kind = ?) AND (? = '' OR account = ?) AND (? = '' OR address = ?)",
		f.Kind, f.Kind, []byte(f.Account), []byte(f.Account), address, address)
	if err != nil {
		return 0, fmt.Errorf("lift bans: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("lift bans: %w", err)
	}
	return n, nil
}

// forgetFailures ends the bans of an account whose secret is another now.
func forgetFailures(ctx context.Context, tx *sql.Tx, account string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM login_bans WHERE account = ?", []byte(account)); err != nil {
		return fmt.Errorf("lift bans: %w", err)
	}
	return nil
}
