// Package atrest is encryption of files by a passphrase: a container of authenticated chunks that can be written and
// read as a stream or at any offset. docs/encryption-at-rest.md describes the format and why it is as it is.
//
// What it presents for a file depends on the passphrase, the file's salt and the file's content alone, so that
// a part that is read again is the same part. Files that share a salt by mistake give away which of their
// chunks are equal, and nothing else.
//
// The package refuses to know where files lie, how they travel, and where a passphrase comes from.
package atrest

import "errors"

// Suffix is added to the name of a file whose content is a container.
const Suffix = ".aspera-env"

// MinPassphrase is how many bytes a passphrase must have to encrypt with it.
const MinPassphrase = 8

// Sizes of the plaintext of a chunk, which are powers of two.
const (
	MinChunk     = 64 << 10
	DefaultChunk = 128 << 10
	MaxChunk     = 1 << 20
)

// What can be wrong with a container. Errors of reading and writing are passed on as they are.
var (
	// ErrFormat: it is not a container, or one of another version or with settings out of bounds.
	ErrFormat = errors.New("not an encrypted file that can be read")
	// ErrPassphrase: the passphrase is another one.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrDamaged: it was cut, extended, reordered or changed after it was encrypted.
	ErrDamaged = errors.New("the encrypted file is damaged")
)
