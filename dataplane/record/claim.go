package record

import (
	"context"
	"errors"
	"time"
)

// Claim says that a session writes a file, or a part of it, so that no session of another node writes it too.
type Claim struct {
	// Path is beneath the storage root, with slashes.
	Path string
	// Part is empty for the whole file; "2-3" is the second of three. Parts of one division go together.
	Part                  string
	SessionID, TransferID string
}

// Why a file can't be claimed.
var (
	// ErrClaimed is for a file that a session of another transfer writes.
	ErrClaimed = errors.New("another transfer is writing this file")
	// ErrClaimPassing is for a file of an earlier session of the transfer, which was told to end: it is free soon.
	ErrClaimPassing = errors.New("an earlier session of the transfer is still writing this file")
	// ErrReplaced is for a session whose transfer was begun again by another.
	ErrReplaced = errors.New("the transfer was begun again by another session")
)

// Claimed is ErrClaimed with when the session that has the file was last heard of.
type Claimed struct{ Heard time.Time }

func (c *Claimed) Error() string { return ErrClaimed.Error() }

// Unwrap gives ErrClaimed.
func (c *Claimed) Unwrap() error { return ErrClaimed }

// Claims are the claims of all nodes that share storages. A session that ends, or is not heard of any more, has none.
type Claims interface {
	// Claim claims a file, or says why it can't be claimed; for ErrClaimed it is a *Claimed. Another error says that nobody can tell now.
	Claim(ctx context.Context, c Claim) error
	// Release gives up a claim.
	Release(ctx context.Context, c Claim) error
}
