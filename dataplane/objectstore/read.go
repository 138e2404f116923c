package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/minio/minio-go/v7"

	"faspex.io/operator/dataplane/storage"
)

const (
	// blockSize is how much of an object one request reads.
	blockSize = 4 << 20
	// aheadBlocks are read before they are asked for, and keptBlocks stay, for what is lost on the way and sent again.
	aheadBlocks = 3
	keptBlocks  = 10
)

// ErrChanged is for an object that is another one than was opened.
var ErrChanged = errors.New("the file changed while it was read")

// File is an object that is read, as it was when it was opened. Safe for concurrent use.
type File struct {
	tree *Tree
	key  string
	info *objectInfo

	mu     sync.Mutex
	blocks map[int64]*block
	order  []int64 // of the blocks, the one used longest ago first
	closed bool
}

var _ storage.File = (*File)(nil)

// block is a part of a file that is read, or was.
type block struct {
	done chan struct{}
	data []byte
	err  error
}

// OpenContent opens a file for reading.
func (t *Tree) OpenContent(p string) (storage.File, error) {
	key, err := t.keyBelow(p)
	if err != nil {
		return nil, err
	}
	info, err := t.stat(key)
	if errors.Is(err, fs.ErrNotExist) {
		if there, looked := t.hasFolder(key); looked == nil && there {
			err = failed("open", p, syscall.EISDIR)
		}
	}
	if err != nil {
		return nil, err
	}
	return &File{tree: t, key: key, info: info, blocks: map[int64]*block{}}, nil
}

// Stat describes the object as it was when it was opened.
func (f *File) Stat() (fs.FileInfo, error) { return f.info, nil }

// Host is nil: the file is none of this host.
func (f *File) Host() *os.File { return nil }

// DiskSize is the size of the object.
func (f *File) DiskSize() int64 { return f.info.size }

// Reach does nothing: an object has its size.
func (f *File) Reach() error { return nil }

// WriteAt fails: objects are written by drafts.
func (f *File) WriteAt([]byte, int64) (int, error) {
	return 0, failed("write", f.info.name, fs.ErrPermission)
}

// Close forgets what was read ahead.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for len(f.order) > 0 {
		f.drop()
	}
	return nil
}

// drop forgets the block used longest ago, whose memory comes back when nobody reads into it any more. f.mu is held.
func (f *File) drop() {
	n := f.order[0]
	b := f.blocks[n]
	f.order = f.order[1:]
	delete(f.blocks, n)
	size := partRange(n, blockSize, f.info.size).Length
	go func() {
		<-b.done
		f.tree.memory.readDone(size)
	}()
}

// ReadAt reads what the object had when it was opened; ErrChanged if it is another one now.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	read := 0
	for read < len(p) && off+int64(read) < f.info.size {
		at := off + int64(read)
		n := at / blockSize
		b := f.block(n)
		if b == nil { // No memory is left to read ahead.
			g := min(int64(len(p)-read), f.info.size-at)
			if err := f.get(p[read:read+int(g)], at); err != nil {
				return read, err
			}
			read += int(g)
			continue
		}
		<-b.done
		if b.err != nil {
			f.forget(n, b)
			return read, b.err
		}
		read += copy(p[read:], b.data[at-n*blockSize:])
	}
	if read < len(p) {
		return read, io.EOF
	}
	return read, nil
}

// block is a block and has those that follow read, nil if there is no memory for it.
func (f *File) block(n int64) *block {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, follows := f.blocks[n-1]
	b := f.begin(n)
	if b != nil && (follows || n == 0) {
		for i := n + 1; i <= n+aheadBlocks && i < partCount(f.info.size, blockSize); i++ {
			f.begin(i)
		}
	}
	return b
}

// begin is a block that is read, or was. f.mu is held.
func (f *File) begin(n int64) *block {
	if b := f.blocks[n]; b != nil {
		for i, o := range f.order {
			if o == n {
				f.order = append(append(f.order[:i:i], f.order[i+1:]...), n)
				break
			}
		}
		return b
	}
	size := partRange(n, blockSize, f.info.size).Length
	for len(f.order) >= keptBlocks {
		f.drop()
	}
	if f.closed || !f.tree.memory.readAhead(size) {
		return nil
	}
	b := &block{done: make(chan struct{})}
	f.blocks[n], f.order = b, append(f.order, n)
	go func() {
		defer close(b.done)
		data := make([]byte, size)
		b.err = f.get(data, n*blockSize)
		b.data = data
	}()
	return b
}

// forget has a block read again that could not be.
func (f *File) forget(n int64, b *block) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blocks[n] != b {
		return
	}
	for i, o := range f.order {
		if o == n {
			f.order = append(f.order[:i:i], f.order[i+1:]...)
			delete(f.blocks, n)
			f.tree.memory.readDone(partRange(n, blockSize, f.info.size).Length)
			return
		}
	}
}

// get reads a range of the object.
func (f *File) get(p []byte, off int64) error {
	t := f.tree
	err := t.lasting(t.ctx, func() error { return f.getOnce(t.ctx, p, off) })
	switch {
	case hasStatus(err, http.StatusPreconditionFailed), hasStatus(err, http.StatusRequestedRangeNotSatisfiable),
		isMissing(err), errors.Is(err, ErrChanged):
		return fmt.Errorf("%s: %w", f.info.name, ErrChanged)
	}
	return t.explain(err)
}

func (f *File) getOnce(ctx context.Context, p []byte, off int64) error {
	t := f.tree
	var o minio.GetObjectOptions
	if err := o.SetRange(off, off+int64(len(p))-1); err != nil {
		return fmt.Errorf("read a range: %w", err)
	}
	if err := o.SetMatchETag(f.info.etag); err != nil {
		return fmt.Errorf("read an object: %w", err)
	}
	body, got, _, err := t.core.GetObject(ctx, t.settings.Bucket, f.key, o)
	if err != nil {
		return err
	}
	defer body.Close()
	if etag := strings.Trim(got.ETag, `"`); etag != f.info.etag { // Some servers do not compare.
		return ErrChanged
	}
	_, err = io.ReadFull(body, p)
	return err
}
