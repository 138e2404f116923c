package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"faspex.io/operator/dataplane/atrest"
)

// Encryption says which folders at the top of a root hold encrypted files, and with which keys. What is written there
// is a container of atrest; sizes are those of the content. Files that are no containers of these keys, because they
// were there before, are read as they are. Names, times and folders are not hidden.
//
// What counts is the path that is asked for, not where links in it lead.
type Encryption map[string]*atrest.Keyring

// OpenEncrypted opens the folder dir of the host, some of whose folders are encrypted.
func OpenEncrypted(dir string, e Encryption) (*Root, error) {
	r, err := Open(dir)
	if err != nil {
		return nil, err
	}
	r.encryption = e
	return r, nil
}

// Keyring is what the files at p are encrypted with, nil if they are not. p has not to exist.
func (r *Root) Keyring(p string) *atrest.Keyring {
	if len(r.encryption) == 0 {
		return nil
	}
	clean, err := Clean(p)
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path.Join(r.at, clean), "/"), "/")
	return r.encryption[first]
}

// File is the content of an open file, decrypted if it is encrypted. Its Stat tells the size of the content.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
	// Host is the file as it lies on the disk, for everything but its content.
	Host() *os.File
	// DiskSize is the size that the file has when all of its content is written.
	DiskSize() int64
	// Reach gives the file the size that its content needs, whatever it had.
	Reach() error
}

// OpenContent opens a file for reading.
func (r *Root) OpenContent(p string) (File, error) {
	f, err := r.Open(p)
	if err != nil {
		return nil, err
	}
	ring := r.Keyring(p)
	if ring == nil {
		return plainContent{File: f}, nil
	}
	c, err := openContent(f, ring)
	if err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

func openContent(f *os.File, ring *atrest.Keyring) (File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !recognized(f, info, ring) {
		return plainContent{File: f}, nil
	}
	opened, err := ring.Open(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("open an encrypted file: %w", err)
	}
	return openedContent{Opened: opened, host: f, size: info.Size()}, nil
}

// recognized says whether an open file is a container of the keys.
func recognized(f *os.File, info fs.FileInfo, ring *atrest.Keyring) bool {
	if !info.Mode().IsRegular() || info.Size() < atrest.HeaderLen {
		return false
	}
	head := make([]byte, atrest.HeaderLen)
	n, _ := f.ReadAt(head, 0) // What can't be read can't be recognized; who reads on will see why.
	return n == len(head) && ring.Recognizes(head)
}

// Create makes a file with its content. It is an error if there is one.
func (r *Root) Create(p string, content []byte, perm fs.FileMode) error {
	if ring := r.Keyring(p); ring != nil {
		sealed, err := ring.Seal(content)
		if err != nil {
			return fmt.Errorf("encrypt a file: %w", err)
		}
		content = sealed
	}
	f, err := r.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// OpenForContent opens an unfinished file for writing and reading, as OpenOwn does, and makes it if need be. It is
// to have size bytes of content.
func (r *Root) OpenForContent(p string, size int64) (File, error) {
	f, err := r.OpenOwn(p, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	ring := r.Keyring(p)
	if ring == nil {
		return plainContent{File: f, size: size}, nil
	}
	w, err := writeContent(f, ring, size)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("write an encrypted file: %w", err)
	}
	return writtenContent{Writable: w, host: f}, nil
}

func writeContent(f *os.File, ring *atrest.Keyring, size int64) (*atrest.Writable, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return ring.Create(f, size)
	}
	return ring.Resume(f, size)
}

// Plain is the content of an open file that is not encrypted.
func Plain(f *os.File) File { return plainContent{File: f} }

// MayEncrypt says whether files at p, or beneath it, are encrypted.
func (r *Root) MayEncrypt(p string) bool {
	clean, err := Clean(p)
	return err == nil && len(r.encryption) > 0 && (path.Join("/", r.at, clean) == "/" || r.Keyring(p) != nil)
}

// plainContent is a file that is not encrypted.
type plainContent struct {
	*os.File
	size int64
}

func (c plainContent) Host() *os.File  { return c.File }
func (c plainContent) DiskSize() int64 { return c.size }
func (c plainContent) Reach() error    { return c.Truncate(c.size) }

// openedContent is an encrypted file that is read.
type openedContent struct {
	*atrest.Opened
	host *os.File
	size int64
}

func (c openedContent) Host() *os.File  { return c.host }
func (c openedContent) Close() error    { return c.host.Close() }
func (c openedContent) DiskSize() int64 { return c.size }
func (c openedContent) Reach() error    { return nil }

func (c openedContent) WriteAt([]byte, int64) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: c.host.Name(), Err: fs.ErrPermission}
}

func (c openedContent) Stat() (fs.FileInfo, error) { return sized(c.host, c.Size()) }

// writtenContent is an encrypted file that is written.
type writtenContent struct {
	*atrest.Writable
	host *os.File
}

func (c writtenContent) Host() *os.File  { return c.host }
func (c writtenContent) Close() error    { return c.host.Close() }
func (c writtenContent) DiskSize() int64 { return c.Size() }
func (c writtenContent) Reach() error    { return c.host.Truncate(c.Size()) }

func (c writtenContent) Stat() (fs.FileInfo, error) { return sized(c.host, c.Plain()) }

func sized(f *os.File, size int64) (fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return contentInfo{info, size}, nil
}

// contentInfo tells the size of a file's content.
type contentInfo struct {
	fs.FileInfo
	size int64
}

func (i contentInfo) Size() int64 { return i.size }

// withContentSize replaces the size of a container by that of its content.
func (r *Root) withContentSize(p string, info fs.FileInfo, err error) (fs.FileInfo, error) {
	if err != nil || !info.Mode().IsRegular() || info.Size() < atrest.HeaderLen {
		return info, err
	}
	ring := r.Keyring(p)
	if ring == nil {
		return info, nil
	}
	f, err := r.Open(p)
	if err != nil {
		return info, nil // Its size is all that can be told of it.
	}
	defer f.Close()
	head := make([]byte, atrest.HeaderLen)
	if n, _ := f.ReadAt(head, 0); n < len(head) {
		return info, nil // Likewise.
	}
	if size, ok := ring.PlainSize(head, info.Size()); ok {
		return contentInfo{info, size}, nil
	}
	return info, nil
}
