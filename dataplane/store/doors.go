package store

import (
	"context"
	"fmt"
	"time"
)

// doorLife is how long a node's door is known after the node was last heard of.
const doorLife = 15 * time.Second

// Door is where a node takes transfers.
type Door struct {
	Node string
	// Host is the address clients reach the node's SSH and UDP ports at.
	Host             string
	SSHPort, UDPPort int
	// WSSPort is that of the control channel over TLS WebSocket; 0 if there is none.
	WSSPort int
	// SSHFingerprint is the SHA-1 of the SSH host key in hex; empty leaves it out.
	SSHFingerprint string
	// Sessions is how many it has.
	Sessions int
}

// OpenDoor tells all nodes where a node takes transfers.
func (s *Store) OpenDoor(ctx context.Context, d Door) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, `REPLACE INTO node_doors (node, host, ssh_port, udp_port, wss_port, ssh_fingerprint, sessions, seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))`, d.Node, d.Host, d.SSHPort, d.UDPPort, d.WSSPort, d.SSHFingerprint, d.Sessions)
	if err != nil {
		return fmt.Errorf("tell where a node takes transfers: %w", err)
	}
	return nil
}

// CloseDoor tells all nodes that a node takes no transfers.
func (s *Store) CloseDoor(ctx context.Context, node string) error {
	if _, err := s.remove(ctx, "DELETE FROM node_doors WHERE node = ? OR seen < UTC_TIMESTAMP(6) - INTERVAL 1 DAY", node); err != nil {
		return fmt.Errorf("tell that a node takes no transfers: %w", err)
	}
	return nil
}

// Doors lists where nodes take transfers, in the order of their names.
func (s *Store) Doors(ctx context.Context) ([]Door, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, `SELECT node, host, ssh_port, udp_port, wss_port, ssh_fingerprint, sessions FROM node_doors
		WHERE seen > UTC_TIMESTAMP(6) - INTERVAL ? SECOND ORDER BY node`, int64(doorLife/time.Second))
	if err != nil {
		return nil, fmt.Errorf("read where nodes take transfers: %w", err)
	}
	defer rows.Close()
	var doors []Door
	for rows.Next() {
		var d Door
		if err := rows.Scan(&d.Node, &d.Host, &d.SSHPort, &d.UDPPort, &d.WSSPort, &d.SSHFingerprint, &d.Sessions); err != nil {
			return nil, fmt.Errorf("read where nodes take transfers: %w", err)
		}
		doors = append(doors, d)
	}
	return doors, rows.Err()
}
