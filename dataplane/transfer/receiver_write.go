package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer/control"
)

// followFrom is the size from which on a file is hashed while it still arrives; smaller ones are read back at the end.
const followFrom = 4 << 20

var chunkBuffers = sync.Pool{New: func() any { return new([ChunkSize]byte) }}

// errGone is given for the partial file of a file that is done with.
var errGone = errors.New("the file is done with")

// openPartial opens or makes the partial file of a file that is not done with.
func (r *receiver) openPartial(f *gotFile) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished || f.removed {
		return nil, errGone
	}
	return r.tree.OpenFile(f.partial, os.O_RDWR|os.O_CREATE, 0o644)
}

// store writes bytes of one file. The error is the session's; a failure of the file is reported and swallowed.
func (r *receiver) store(f *gotFile, p []byte, off int64) error {
	f.mu.Lock()
	gone := f.finished || f.finalizing || f.abandoned
	f.mu.Unlock()
	if gone {
		return nil
	}
	err := r.handles.use(f.index, func(file *os.File) error {
		if _, err := file.WriteAt(p, off); err != nil {
			return err
		}
		return r.note(f, file, off, int64(len(p)))
	})
	switch {
	case errors.Is(err, errGone):
		return nil
	case err != nil:
		return r.done(f, control.FileFailed, fileError(f.entry.Path, err, CodeDiskWrite))
	}
	r.follow(f)
	return r.finalizeIfWhole(f)
}

// note records that a range is written, and journals the chunks that it completes.
func (r *receiver) note(f *gotFile, file *os.File, off, n int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.have.add(off, n)
	f.changed.Broadcast()
	if f.entry.Size <= ChunkSize || f.abandoned {
		return nil
	}
	buf := chunkBuffers.Get().(*[ChunkSize]byte)
	defer chunkBuffers.Put(buf)
	for i := off / ChunkSize; i <= (off+n-1)/ChunkSize; i++ {
		g := chunkRange(i, f.entry.Size)
		if _, known := f.hashes[i]; known || !f.have.covers(g.Offset, g.Length) {
			continue
		}
		sum, err := hashChunk(file, i, f.entry.Size, buf[:])
		if err != nil {
			return err
		}
		if f.hashes == nil {
			f.hashes = map[int64][16]byte{}
		}
		f.hashes[i] = sum
		if err := r.append(f, journalRecord(i, sum)); err != nil {
			return err
		}
	}
	return nil
}

// append adds a record to the journal, and starts the journal with what is known already. f.mu is held.
func (r *receiver) append(f *gotFile, record []byte) error {
	if f.log == nil {
		log, err := r.tree.OpenFile(f.journal, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		f.log = log
		record = journalHeader{Size: f.entry.Size, ModTime: f.entry.ModTime}.encode()
		for i, sum := range f.hashes {
			record = append(record, journalRecord(i, sum)...)
		}
	}
	_, err := f.log.Write(record)
	return err
}

// discard forgets what is there of a file and removes it.
func (r *receiver) discard(f *gotFile) error {
	f.mu.Lock()
	f.have, f.hashes, f.resumed = nil, nil, 0
	f.closeLog()
	f.mu.Unlock()
	return r.removeUnfinished(f)
}

func (r *receiver) removeUnfinished(f *gotFile) error {
	for _, p := range []string{f.partial, f.journal} {
		if err := r.tree.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(f.entry.Path, err, CodeDiskWrite)
		}
	}
	return nil
}

// closeLog closes the journal. f.mu is held.
func (f *gotFile) closeLog() {
	if f.log != nil {
		f.log.Close()
		f.log = nil
	}
}

// digest notes what the sender says of a whole file.
func (r *receiver) digest(m *control.Digest) error {
	f := r.file(m.Index)
	if f == nil || f.entry.Kind != control.KindFile {
		return Errorf(CodeProtocol, "the sender has a digest of entry %d, which is no file", m.Index)
	}
	if m.Code != 0 {
		if err := r.abandon(f); err != nil {
			return err
		}
		return r.done(f, control.FileFailed, &Error{Code: Code(m.Code), Text: m.Text})
	}
	f.mu.Lock()
	f.expected = &m.SHA256
	f.mu.Unlock()
	return r.finalizeIfWhole(f)
}

// abandon removes a file that the sender can't deliver.
func (r *receiver) abandon(f *gotFile) error {
	f.mu.Lock()
	over := f.finished
	f.abandoned, f.removed = true, true
	f.closeLog()
	f.changed.Broadcast()
	f.mu.Unlock()
	if over {
		return nil
	}
	return r.removeUnfinished(f)
}

// finalizeIfWhole has a file finished once, when all of it is there and its digest is known.
func (r *receiver) finalizeIfWhole(f *gotFile) error {
	f.mu.Lock()
	ready := f.expected != nil && f.have.prefix() == f.entry.Size && !f.finalizing && !f.finished && !f.hashing
	if ready {
		f.finalizing = true
	}
	f.mu.Unlock()
	if ready {
		r.work.add(func(ctx context.Context) error { return r.finalize(ctx, f) })
	}
	return nil
}

// follow starts the digest of a large file while its data still arrives.
func (r *receiver) follow(f *gotFile) {
	f.mu.Lock()
	start := f.entry.Size >= followFrom && f.have.prefix() > 0 && !f.hashing && !f.finalizing && !f.finished && f.sum == ""
	if start {
		f.hashing = true
	}
	f.mu.Unlock()
	if !start {
		return
	}
	r.followers.Go(func() {
		h := sha256.New()
		err := r.readAlong(f, h)
		f.mu.Lock()
		f.hashing = false
		stop := f.finished || f.abandoned
		f.sum = hex.EncodeToString(h.Sum(nil))
		f.mu.Unlock()
		switch {
		case stop:
		case err != nil:
			err = r.done(f, control.FileFailed, fileError(f.entry.Path, err, CodeDiskRead))
		default:
			err = r.finalizeIfWhole(f)
		}
		if err != nil && !stop {
			r.conn.close()
		}
	})
}

// readAlong reads a file from its start as far as it is written, until it is whole.
func (r *receiver) readAlong(f *gotFile, h hash.Hash) error {
	buf := make([]byte, ChunkSize)
	for off := int64(0); off < f.entry.Size; {
		f.mu.Lock()
		for f.have.prefix() <= off && !f.finished && !f.abandoned {
			f.changed.Wait()
		}
		end, stop := f.have.prefix(), f.finished || f.abandoned
		f.mu.Unlock()
		if stop {
			return nil
		}
		for off < end {
			b := buf[:min(end-off, ChunkSize)]
			err := r.handles.use(f.index, func(file *os.File) error {
				_, err := io.ReadFull(io.NewSectionReader(file, off, int64(len(b))), b)
				return err
			})
			if err != nil {
				return err
			}
			h.Write(b)
			off += int64(len(b))
		}
	}
	return nil
}

// finalize verifies a whole file and gives it its name.
func (r *receiver) finalize(ctx context.Context, f *gotFile) error {
	if err := r.publish(f); err != nil {
		return r.done(f, control.FileFailed, fileError(f.entry.Path, err, CodeDiskWrite))
	}
	return r.settle(ctx, f, control.FileWritten)
}

func (r *receiver) publish(f *gotFile) error {
	defer r.handles.forget(f.index)
	err := r.handles.use(f.index, func(file *os.File) error {
		f.mu.Lock()
		f.closeLog()
		sum := f.sum
		f.mu.Unlock()
		if err := file.Truncate(f.entry.Size); err != nil {
			return err
		}
		if sum == "" {
			h := sha256.New()
			if _, err := io.Copy(h, io.NewSectionReader(file, 0, f.entry.Size)); err != nil {
				return err
			}
			sum = hex.EncodeToString(h.Sum(nil))
		}
		f.mu.Lock()
		f.sum = sum
		matches := f.entry.Size == 0 || f.expected != nil && sum == hex.EncodeToString(f.expected[:])
		f.mu.Unlock()
		if !matches {
			if err := r.removeUnfinished(f); err != nil {
				return err
			}
			return Errorf(CodeDiskWrite, "%s: checksum mismatch: what was written is not what was sent; the partial file is removed, run again", f.entry.Path)
		}
		if f.entry.Size < syncFrom {
			return nil
		}
		return file.Sync()
	})
	if err != nil {
		return err
	}
	if err := r.attributes(f, f.partial); err != nil {
		return err
	}
	if err := r.tree.Rename(f.partial, f.target); err != nil {
		return err
	}
	if f.entry.Size > ChunkSize {
		// The file has its name: a journal that stays behind speaks of a partial file that is no more, and nobody believes it.
		_ = r.tree.Remove(f.journal)
	}
	return nil
}

// syncFrom is the size from which on a file is on disk before it gets its name. Smaller ones, of which there can be many,
// are left to the file system: after a power failure they may have to be sent again.
const syncFrom = ChunkSize

// attributes gives the file called name the times and the mode that the source has.
func (r *receiver) attributes(f *gotFile, name string) error {
	if r.options.PreserveModes {
		if err := r.tree.Chmod(name, fs.FileMode(f.entry.Mode).Perm()); err != nil {
			return err
		}
	}
	if r.options.PreserveTimes {
		t := time.Unix(0, f.entry.ModTime)
		return r.tree.Chtimes(name, t, t)
	}
	return nil
}

// folderTime is the modification time that a folder gets when all that it holds is there.
type folderTime struct {
	target  string
	modTime int64
}

// finishFolders gives folders their times, the deepest first. A failure is the folder's alone and not worth a transfer.
func (r *receiver) finishFolders() {
	for _, f := range slices.Backward(r.times) {
		t := time.Unix(0, f.modTime)
		_ = r.tree.Chtimes(f.target, t, t)
	}
}
