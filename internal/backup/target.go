// Package backup makes backups of an instance, checks and removes them, and loads them into a new instance.
//
// A backup is a folder of objects in a target: dumps of databases, the Secrets that the data is of no use without, all
// encrypted with an age key, and a manifest, written last, that says what there is and is authenticated with the same
// key. Dumps are streams: nothing of their size is in memory or on a disk. The package knows nothing of Kubernetes.
package backup

import (
	"context"
	"errors"
	"io"
)

// ErrNotFound says that an object or a backup is not there.
var ErrNotFound = errors.New("not found")

// Target keeps objects by name; names are relative paths with slashes. An object is there when it is whole.
type Target interface {
	// Put writes an object, in place of one that is there. When r fails, the object is not written.
	Put(ctx context.Context, name string, r io.Reader) error
	// Get opens an object. The error, or that of the first Read, wraps ErrNotFound when it is not there.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List names the objects beneath a folder.
	List(ctx context.Context, folder string) ([]string, error)
	// Delete removes an object; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Location is where an object is, for people.
	Location(name string) string
}
