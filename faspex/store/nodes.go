package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"time"
)

// Node is a transfer server that Faspex speaks to by its Node API.
type Node struct {
	ID          int64
	Name        string
	Host        string
	APIPort     int
	APIUsername string
	// APIPassword is sealed; faspex/nodes opens it.
	APIPassword                    []byte
	UseSSL                         bool
	VerifySSL                      bool
	PublicKey                      string // PEM certificates to verify the node by; empty means the system's roots
	NodeType                       string // gen4_node or gen4_cluster
	StorageType                    string
	BrowserAddressMatch            string
	RequesterAddressMatch          string
	EnableSecondaryTransferAddress bool
	PrimaryTransferAddress         string
	SecondaryTransferAddress       string
	ConnectionTimeout              int // seconds
	PaginationBrowsing             bool
	Status                         string // queued, completed, failed
	StatusMessage                  string
	TransfersCursor                string // iteration token of /ops/transfers, for the service
	CreatedAt                      time.Time
	UpdatedAt                      time.Time
}

const nodeColumns = `n.id, n.name, n.host, n.api_port, n.api_username, n.api_password, n.use_ssl, n.verify_ssl, COALESCE(n.public_key, ''),
	n.node_type, n.storage_type, n.browser_address_match, n.requester_address_match, n.enable_secondary_transfer_address,
	n.primary_transfer_address, n.secondary_transfer_address, n.connection_timeout, n.pagination_browsing, n.status,
	COALESCE(n.status_message, ''), n.transfers_cursor, n.created_at, n.updated_at`

func scanNode(r rower) (Node, error) {
	var n Node
	err := r.Scan(&n.ID, &n.Name, &n.Host, &n.APIPort, &n.APIUsername, &n.APIPassword, &n.UseSSL, &n.VerifySSL,
		&n.PublicKey,
		&n.NodeType, &n.StorageType, &n.BrowserAddressMatch, &n.RequesterAddressMatch, &n.EnableSecondaryTransferAddress,
		&n.PrimaryTransferAddress, &n.SecondaryTransferAddress, &n.ConnectionTimeout, &n.PaginationBrowsing, &n.Status,
		&n.StatusMessage, &n.TransfersCursor, &n.CreatedAt, &n.UpdatedAt)
	return n, err
}

// Node reads one node.
func (s *Store) Node(ctx context.Context, id int64) (Node, error) {
	n, err := scanNode(s.db.QueryRowContext(ctx, `SELECT `+nodeColumns+` FROM nodes n WHERE n.id = ?`, id))
	if err != nil {
		return n, fmt.Errorf("read node %d: %w", id, classify(err))
	}
	return n, nil
}

// NodeFilter narrows and sorts a list of nodes; zero values narrow nothing.
type NodeFilter struct {
	Query      string // part of name or host
	Sort       string // a key of nodeOrders; name by default
	Descending bool
}

var nodeOrders = map[string]string{"name": "n.name", "host": "n.host, n.api_port", "status": "n.status",
	"created_at": "n.created_at"}

// Nodes lists nodes and counts all that match.
func (s *Store) Nodes(ctx context.Context, f NodeFilter, p Page) ([]Node, int, error) {
	w := where{}
	if f.Query != "" {
		like := "%" + likeEscape(f.Query) + "%"
		w.and(`(n.name LIKE ? OR n.host LIKE ?)`, like, like)
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM nodes n`+w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count nodes: %w", err)
	}
	list, err := collect(ctx, s.db, scanNode, `SELECT `+nodeColumns+` FROM nodes n`+w.sql()+
		orderBy(nodeOrders, f.Sort, "name", f.Descending, "n.id")+` LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list nodes: %w", err)
	}
	return list, total, nil
}

// CreateNode stores a new node and gives its id. ErrConflict when the name is taken.
func (s *Store) CreateNode(ctx context.Context, n Node) (int64, error) {
	res, err := s.db.ExecContext(ctx, `INSERT INTO nodes
		(name, host, api_port, api_username, api_password, use_ssl, verify_ssl, public_key, node_type, storage_type, browser_address_match,
		requester_address_match, enable_secondary_transfer_address, primary_transfer_address, secondary_transfer_address,
		connection_timeout, pagination_browsing, status, status_message)
		VALUES (?, ?, ?, ?, ?, ?, ?, NULLIF(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, nodeValues(n)...)
	if err != nil {
		return 0, fmt.Errorf("create node %q: %w", n.Name, classify(err))
	}
	return res.LastInsertId()
}

// UpdateNode writes everything of a node but its cursor. ErrChanged when it is not as before any more.
func (s *Store) UpdateNode(ctx context.Context, before, after Node) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := scanNode(tx.QueryRowContext(ctx, `SELECT `+nodeColumns+
			` FROM nodes n WHERE n.id = ? FOR UPDATE`, after.ID))
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(configured(now), configured(before)) {
			return ErrChanged
		}
		_, err = tx.ExecContext(ctx, `UPDATE nodes SET
			name = ?, host = ?, api_port = ?, api_username = ?, api_password = ?, use_ssl = ?, verify_ssl = ?, public_key = NULLIF(?, ''), node_type = ?,
			storage_type = ?, browser_address_match = ?, requester_address_match = ?, enable_secondary_transfer_address = ?,
			primary_transfer_address = ?, secondary_transfer_address = ?, connection_timeout = ?, pagination_browsing = ?, status = ?, status_message = ?
			WHERE id = ?`, append(nodeValues(after), after.ID)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("update node %d: %w", after.ID, classify(err))
	}
	return nil
}

// configured is a node without what is found out about it.
func configured(n Node) Node {
	n.Status, n.StatusMessage, n.TransfersCursor, n.UpdatedAt = "", "", "", time.Time{}
	return n
}

func nodeValues(n Node) []any {
	return []any{n.Name, n.Host, n.APIPort, n.APIUsername, n.APIPassword, n.UseSSL, n.VerifySSL, n.PublicKey, n.NodeType,
		n.StorageType,
		n.BrowserAddressMatch, n.RequesterAddressMatch, n.EnableSecondaryTransferAddress, n.PrimaryTransferAddress,
		n.SecondaryTransferAddress,
		n.ConnectionTimeout, n.PaginationBrowsing, n.Status, n.StatusMessage}
}

// ReplaceNodePassword writes a password sealed anew, unless the node's password was changed since it was read.
func (s *Store) ReplaceNodePassword(ctx context.Context, n Node, sealed []byte) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE nodes SET api_password = ? WHERE id = ? AND api_password = ?`, sealed, n.ID,
		n.APIPassword); err != nil {
		return fmt.Errorf("seal password of node %d anew: %w", n.ID, err)
	}
	return nil
}

// SetNodeStatus records the outcome of the last test of a node.
func (s *Store) SetNodeStatus(ctx context.Context, id int64, status, message string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE nodes SET status = ?, status_message = ? WHERE id = ?`, status, message,
		id); err != nil {
		return fmt.Errorf("set status of node %d: %w", id, err)
	}
	return nil
}

// SetTransfersCursor records up to where the transfers of a node were read.
func (s *Store) SetTransfersCursor(ctx context.Context, id int64, cursor string) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE nodes SET transfers_cursor = ? WHERE id = ?`, cursor, id); err != nil {
		return fmt.Errorf("set transfers cursor of node %d: %w", id, err)
	}
	return nil
}

// DeleteNode removes a node. ErrInUse while it has shared folders.
func (s *Store) DeleteNode(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM nodes WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete node %d: %w", id, classify(err))
	}
	return oneRow(res, "delete node", id)
}
