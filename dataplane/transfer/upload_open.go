package transfer

import (
	"context"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// NewOpenUpload makes an upload of at most so many entries, which Add gives while it runs: for senders that tell the
// size of a file only with its first bytes. It does not end before Close.
func NewOpenUpload(m *Memory, most int) (*Upload, error) {
	if most > control.MaxEntries {
		return nil, fail.New(fail.Usage, "more than %d files and folders in one upload, send them in several",
			control.MaxEntries)
	}
	return &Upload{memory: m, files: make([]*uploadFile, most), open: true, grown: make(chan struct{})}, nil
}

// Add adds an entry of an open upload, a folder before what it holds, and returns its index.
func (u *Upload) Add(e UploadEntry) (int, error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.cause != nil:
		return 0, u.cause
	case !u.open:
		return 0, fail.New(fail.Usage, "%s: the upload takes no more files", e.Path)
	case len(u.list) == len(u.files):
		return 0, fail.New(fail.Usage, "%s: the upload has as many files as were announced", e.Path)
	}
	i := len(u.list)
	if !e.Folder {
		u.files[i] = &uploadFile{index: i, size: e.Size}
	}
	u.list = append(u.list, e)
	close(u.grown)
	u.grown = make(chan struct{})
	return i, nil
}

// Close says that nothing is added any more. The session ends when the receiver has all files.
func (u *Upload) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open {
		u.open = false
		close(u.grown)
	}
}

// entry is one of the entries that are known.
func (u *Upload) entry(i int) UploadEntry {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.list[i]
}

// next waits for an entry; there is none once all are known.
func (u *Upload) next(ctx context.Context, i int) (e UploadEntry, ok bool, err error) {
	for {
		u.mu.Lock()
		known, open, grown := len(u.list), u.open, u.grown
		if i < known {
			e = u.list[i]
		}
		u.mu.Unlock()
		switch {
		case i < known:
			return e, true, ctx.Err()
		case !open:
			return e, false, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return e, false, context.Cause(ctx)
		}
	}
}

// Len is how many entries there are so far.
func (u *Upload) Len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.list)
}
