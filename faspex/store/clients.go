package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// OAuthClient is a program that may get tokens.
type OAuthClient struct {
	ID                          int64
	ClientID                    string
	SecretHash                  []byte // SHA-256 of the secret of a confidential client; nil without one
	Name                        string
	Description                 string
	ContactEmail                string
	ClientType                  string // public or confidential
	Internal                    bool   // one of the product's own: not shown in lists of public clients
	RequirePKCE                 bool
	RedirectURIs                []string
	Origins                     []string
	EnableHTTPBasicAuth         bool
	AllowJWTGrant               bool
	AllowImplicitGrant          bool // never together with AllowJWTGrant
	AllowGlobalKey              bool
	PublicKey                   string // PEM, the global key
	AllowRefreshToken           bool
	AccessTokenExpirationHours  int
	RefreshTokenExpirationHours int
	AccessGrantAllUsers         bool
	AccessGrantToUsers          []int64
	CreatorID                   sql.NullInt64
	CreatedAt                   time.Time
	UpdatedAt                   time.Time
}

const clientColumns = `c.id, c.client_id, c.secret_hash, c.name, COALESCE(c.description, ''), COALESCE(c.contact_email, ''), c.client_type, c.internal,
	c.require_pkce, c.redirect_uris, c.origins, c.enable_http_basic_auth, c.allow_jwt_grant, c.allow_implicit_grant, c.allow_global_key, COALESCE(c.public_key, ''),
	c.allow_refresh_token, c.access_token_expiration_hours, c.refresh_token_expiration_hours, c.access_grant_all_users, c.creator_id,
	c.created_at, c.updated_at, (SELECT COALESCE(JSON_ARRAYAGG(u.account_id), '[]') FROM oauth_client_users u WHERE u.oauth_client_id = c.id)`

func scanClient(r rower) (OAuthClient, error) {
	var c OAuthClient
	var uris, origins, users []byte
	if err := r.Scan(&c.ID, &c.ClientID, &c.SecretHash, &c.Name, &c.Description, &c.ContactEmail, &c.ClientType,
		&c.Internal,
		&c.RequirePKCE, &uris, &origins, &c.EnableHTTPBasicAuth, &c.AllowJWTGrant, &c.AllowImplicitGrant, &c.AllowGlobalKey, &c.PublicKey,
		&c.AllowRefreshToken, &c.AccessTokenExpirationHours, &c.RefreshTokenExpirationHours, &c.AccessGrantAllUsers,
		&c.CreatorID,
		&c.CreatedAt, &c.UpdatedAt, &users); err != nil {
		return c, err
	}
	for _, f := range []struct {
		raw  []byte
		into any
	}{{uris, &c.RedirectURIs}, {origins, &c.Origins}, {users, &c.AccessGrantToUsers}} {
		if err := json.Unmarshal(f.raw, f.into); err != nil {
			return c, fmt.Errorf("read lists of client %s: %w", c.ClientID, err)
		}
	}
	return c, nil
}

// OAuthClient reads one client by its client id.
func (s *Store) OAuthClient(ctx context.Context, clientID string) (OAuthClient, error) {
	c, err := scanClient(s.db.QueryRowContext(ctx, `SELECT `+clientColumns+
		` FROM oauth_clients c WHERE c.client_id = ?`, clientID))
	if err != nil {
		return c, fmt.Errorf("read client: %w", classify(err))
	}
	return c, nil
}

// ClientFilter chooses and sorts clients.
type ClientFilter struct {
	Internal   bool   // the product's own, else the others
	Query      string // part of name, description or client id
	Sort       string // a key of clientOrders; name by default
	Descending bool
}

var clientOrders = map[string]string{"name": "c.name", "client_id": "c.client_id", "client_type": "c.client_type",
	"created_at": "c.created_at"}

// OAuthClients lists clients and counts all that match.
func (s *Store) OAuthClients(ctx context.Context, f ClientFilter, p Page) ([]OAuthClient, int, error) {
	w := where{}
	w.and(`c.internal = ?`, f.Internal)
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(c.name LIKE ? OR c.description LIKE ? OR c.client_id LIKE ?)`, like, like, like)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM oauth_clients c`+
		w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count clients: %w", err)
	}
	list, err := collect(ctx, s.db, scanClient, `SELECT `+clientColumns+` FROM oauth_clients c`+w.sql()+
		orderBy(clientOrders, f.Sort, "name", f.Descending, "c.id")+` LIMIT ? OFFSET ?`, append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list clients: %w", err)
	}
	return list, total, nil
}

// PutOAuthClient creates a client or, when its client id exists, writes everything of it but its creator.
func (s *Store) PutOAuthClient(ctx context.Context, c OAuthClient) error {
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return putClient(ctx, tx, c) }); err != nil {
		return fmt.Errorf("store client %s: %w", c.ClientID, classify(err))
	}
	return nil
}

// UpdateOAuthClient writes everything of a client but its creator. ErrChanged when it is not as before any more.
func (s *Store) UpdateOAuthClient(ctx context.Context, before, after OAuthClient) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := scanClient(tx.QueryRowContext(ctx, `SELECT `+clientColumns+
			` FROM oauth_clients c WHERE c.client_id = ? FOR UPDATE`, after.ClientID))
		if err != nil {
			return err
		}
		now.UpdatedAt, before.UpdatedAt = time.Time{}, time.Time{}
		if !reflect.DeepEqual(now, before) {
			return ErrChanged
		}
		return putClient(ctx, tx, after)
	})
	if err != nil {
		return fmt.Errorf("update client %s: %w", after.ClientID, classify(err))
	}
	return nil
}

func putClient(ctx context.Context, tx *sql.Tx, c OAuthClient) error {
	uris, err := json.Marshal(orEmpty(c.RedirectURIs))
	if err != nil {
		return err
	}
	origins, err := json.Marshal(orEmpty(c.Origins))
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO oauth_clients (client_id, secret_hash, name, description, contact_email, client_type, internal, require_pkce,
			redirect_uris, origins, enable_http_basic_auth, allow_jwt_grant, allow_implicit_grant, allow_global_key, public_key, allow_refresh_token,
			access_token_expiration_hours, refresh_token_expiration_hours, access_grant_all_users, creator_id)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?)
			ON DUPLICATE KEY UPDATE secret_hash = VALUES(secret_hash), name = VALUES(name), description = VALUES(description),
			contact_email = VALUES(contact_email), client_type = VALUES(client_type), internal = VALUES(internal), require_pkce = VALUES(require_pkce),
			redirect_uris = VALUES(redirect_uris), origins = VALUES(origins), enable_http_basic_auth = VALUES(enable_http_basic_auth),
			allow_jwt_grant = VALUES(allow_jwt_grant), allow_implicit_grant = VALUES(allow_implicit_grant), allow_global_key = VALUES(allow_global_key), public_key = VALUES(public_key),
			allow_refresh_token = VALUES(allow_refresh_token), access_token_expiration_hours = VALUES(access_token_expiration_hours),
			refresh_token_expiration_hours = VALUES(refresh_token_expiration_hours), access_grant_all_users = VALUES(access_grant_all_users)`,
		c.ClientID, c.SecretHash, c.Name, c.Description, c.ContactEmail, c.ClientType, c.Internal, c.RequirePKCE, uris,
		origins, c.EnableHTTPBasicAuth,
		c.AllowJWTGrant, c.AllowImplicitGrant, c.AllowGlobalKey, c.PublicKey, c.AllowRefreshToken, c.AccessTokenExpirationHours,
		c.RefreshTokenExpirationHours,
		c.AccessGrantAllUsers, c.CreatorID); err != nil {
		return err
	}
	var id int64
	if err := tx.QueryRowContext(ctx, `SELECT id FROM oauth_clients WHERE client_id = ?`,
		c.ClientID).Scan(&id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM oauth_client_users WHERE oauth_client_id = ?`, id); err != nil {
		return err
	}
	for _, account := range c.AccessGrantToUsers {
		if _, err := tx.ExecContext(ctx, `INSERT INTO oauth_client_users (oauth_client_id, account_id) VALUES (?, ?)`, id,
			account); err != nil {
			return err
		}
	}
	return nil
}

// DeleteOAuthClient removes a client and its refresh tokens.
func (s *Store) DeleteOAuthClient(ctx context.Context, clientID string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE client_id = ?`, clientID); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM oauth_clients WHERE client_id = ?`, clientID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return ErrNotFound
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete client %s: %w", clientID, err)
	}
	return nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
