package objectstore

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
)

// draftFile is a draft as a file that bytes are written into.
type draftFile struct{ *Draft }

var _ storage.File = (*draftFile)(nil)

// Close does nothing: what is written stays with the draft.
func (f *draftFile) Close() error { return nil }

// Host is nil: nothing is on this host.
func (f *draftFile) Host() *os.File { return nil }

// DiskSize is the size of the file.
func (f *draftFile) DiskSize() int64 { return f.source.Size }

// Reach does nothing: Commit looks whether all is there.
func (f *draftFile) Reach() error { return nil }

// Stat describes the file as it will be.
func (f *draftFile) Stat() (fs.FileInfo, error) {
	return &objectInfo{name: f.name(), size: f.source.Size}, nil
}

// ChunkHash is the hash of a chunk that the server has. The server has compared the part that it is in.
func (f *draftFile) ChunkHash(i int64) ([16]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.done[i*chunk.Size/f.upload.PartSize]
	at := 16 * (i * chunk.Size % f.upload.PartSize / chunk.Size)
	if !ok || at+16 > int64(len(p.Hashes)) {
		return [16]byte{}, false
	}
	return [16]byte(p.Hashes[at:]), true
}

// WriteAt gathers bytes. It waits for memory.
func (f *draftFile) WriteAt(b []byte, off int64) (int, error) {
	written := 0
	for written < len(b) {
		at := off + int64(written)
		n := at / f.upload.PartSize
		p, err := f.part(n)
		if err != nil {
			return written, err
		}
		written += copy(p.data[at-n*f.upload.PartSize:], b[written:])
	}
	return written, nil
}

// part is a part in memory.
func (d *Draft) part(n int64) (*gathered, error) {
	look := func() (*gathered, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, done := d.done[n]
		p := d.parts[n]
		switch {
		case d.err != nil:
			return nil, d.err
		case d.released:
			return nil, fs.ErrClosed
		case done || p != nil && p.sending:
			return nil, fmt.Errorf("%s: a part of it that the object storage has already comes again: run again", d.name())
		}
		return p, nil
	}
	if p, err := look(); p != nil || err != nil {
		return p, err
	}
	size := partRange(n, d.upload.PartSize, d.source.Size).Length
	if size <= 0 {
		return nil, io.ErrShortWrite
	}
	if err := d.tree.memory.take(d.tree.ctx, size); err != nil {
		return nil, err
	}
	p, err := look()
	if p != nil || err != nil {
		d.tree.memory.give(size)
		return p, err
	}
	p = &gathered{data: make([]byte, size), chunks: map[int64][16]byte{}}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.released {
		d.tree.memory.give(size)
		return nil, fs.ErrClosed
	}
	d.parts[n] = p
	return p, nil
}

// ReadAt reads what is gathered and not sent yet.
func (f *draftFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	read := 0
	for read < len(b) {
		at := off + int64(read)
		n := at / f.upload.PartSize
		p := f.parts[n]
		if p == nil || at >= f.source.Size {
			return read, io.EOF
		}
		read += copy(b[read:], p.data[at-n*f.upload.PartSize:])
	}
	return read, nil
}
