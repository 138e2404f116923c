package transfer

import (
	"bytes"
	"context"
	"errors"
	"hash"
	"io"
	"sync"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// followFrom is the size from which on the checksum of a file is computed while it still arrives; smaller
// ones are read back at the end.
const followFrom = 4 << 20

// store writes bytes of one file. The error is the session's; a failure of the file is reported and swallowed.
func (r *receiver) store(f *gotFile, p []byte, off int64) error {
	f.mu.Lock()
	gone := f.phase != receiving
	whole := f.entry.Size <= chunk.Size && int64(len(p)) == f.entry.Size && len(f.have) == 0
	f.mu.Unlock()
	switch {
	case gone:
		return nil
	case whole && r.options.Checksum == ChecksumNone && f.entry.Attributes == nil && r.objects == nil:
		return r.storeWhole(f, p)
	}
	err := r.handles.use(f.index, func(file *unfinished.File) error {
		if err := f.write(file, p, off); err != nil {
			return err
		}
		return r.note(f, file, p, off)
	})
	if err != nil {
		return r.failWrite(f, err)
	}
	r.follow(f)
	return r.finalizeIfWhole(f)
}

// writeBehind is how many bytes of a file wait in memory before the kernel is told to write them.
const writeBehind = 16 << 20

// write writes bytes of the file.
func (f *gotFile) write(file *unfinished.File, p []byte, off int64) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	if _, err := file.WriteAt(p, off); err != nil {
		return err
	}
	if f.behind += len(p); f.behind < writeBehind || file.Host() == nil {
		return nil
	}
	f.behind = 0
	return storage.StartWriteback(file.Host())
}

// failWrite fails a file that can't be written, unless it is done with.
func (r *receiver) failWrite(f *gotFile, err error) error {
	if errors.Is(err, errGone) {
		return nil
	}
	return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
}

// note records that bytes are written, and hashes and journals the chunks that they complete.
func (r *receiver) note(f *gotFile, file *unfinished.File, p []byte, off int64) error {
	end := off + int64(len(p))
	f.mu.Lock()
	defer f.mu.Unlock()
	r.release(f, f.have.Add(off, int64(len(p))))
	if f.changed != nil {
		f.changed.Broadcast()
	}
	if f.phase.over() {
		return nil
	}
	if !f.hashes.Begun() {
		if err := r.startHashes(f); err != nil {
			return err
		}
	}
	for i := off / chunk.Size; i*chunk.Size < end; i++ {
		g := chunk.At(i, f.entry.Size)
		if f.hashes.Has(i) || !f.have.Covers(g.Offset, g.Length) {
			continue
		}
		sum, err := chunkWritten(file, g, p, off)
		if err != nil {
			return err
		}
		f.hashes.Set(i, sum)
		if f.entry.Size <= chunk.Size {
			continue
		}
		if err := r.append(f, i, sum); err != nil {
			return err
		}
	}
	return nil
}

// chunkWritten is the hash of a chunk that is written whole, and of which p, at off, is the last part: p itself if that
// is all of it, else what the file has.
func chunkWritten(file *unfinished.File, g chunk.Range, p []byte, off int64) ([16]byte, error) {
	if off <= g.Offset && g.End() <= off+int64(len(p)) {
		return chunk.Hash(p[g.Offset-off:][:g.Length]), nil
	}
	buf := chunk.TakeBuffer()
	defer buf.GiveBack()
	return chunk.HashAt(file, g, buf)
}

// append adds the hash of a chunk to the journal. f.mu is held.
func (r *receiver) append(f *gotFile, number int64, sum [16]byte) error {
	return f.draft.Append(number, sum, &f.hashes, f.holes.Missing(f.entry.Size))
}

// discard forgets what is there of a file and removes it.
func (r *receiver) discard(f *gotFile) error {
	f.mu.Lock()
	f.have, f.hashes, f.resumed = nil, chunk.Hashes{}, 0
	f.draft.CloseJournal()
	f.mu.Unlock()
	return r.removeUnfinished(f)
}

// removeUnfinished removes what is there of a file.
func (r *receiver) removeUnfinished(f *gotFile) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.Remove()
}

// digest notes what the sender says of a whole file.
func (r *receiver) digest(m *control.Digest) error {
	f := r.file(m.Index)
	if f == finishedFile {
		return nil
	}
	if f == nil || f.entry.Kind != control.KindFile {
		return fail.New(fail.Protocol, "the sender has a digest of entry %d, which is no file", m.Index)
	}
	if m.Code != 0 {
		_ = r.abandon(f) // Why the sender can't deliver it is what matters.
		return r.done(f, control.FileFailed, &fail.Error{Code: fail.Code(m.Code), Text: m.Text})
	}
	f.mu.Lock()
	f.expected, f.announced = &m.Hash, m.Checksum
	f.mu.Unlock()
	return r.finalizeIfWhole(f)
}

// abandon removes a file that the sender can't deliver.
func (r *receiver) abandon(f *gotFile) error {
	f.mu.Lock()
	over := f.phase == finished
	if !over && f.phase != withdrawn {
		if err := f.enter(withdrawn); err != nil {
			f.mu.Unlock()
			return err
		}
	}
	f.draft.CloseJournal()
	if f.changed != nil {
		f.changed.Broadcast()
	}
	f.mu.Unlock()
	if over {
		return nil
	}
	return r.removeUnfinished(f)
}

// finalizeIfWhole has a file finished once, when all of it is there and its digest is known.
func (r *receiver) finalizeIfWhole(f *gotFile) error {
	f.mu.Lock()
	whole := f.staged != nil || f.have.Prefix() == f.entry.Size && f.hashes.Complete()
	ready := f.phase == receiving && f.expected != nil && whole && f.readers == 0
	var err error
	if ready {
		err = f.enter(finalizing)
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if ready {
		r.work.add(func(ctx context.Context) error { return r.finalize(ctx, f) })
	}
	return nil
}

// follow starts the checksum of a large file while its data still arrives.
func (r *receiver) follow(f *gotFile) {
	if r.options.Checksum == ChecksumNone || f.entry.Size < followFrom || f.part != nil {
		return
	}
	f.mu.Lock()
	start := f.have.Prefix() > 0 && f.phase == receiving && f.changed == nil
	if start {
		f.readers, f.changed = f.readers+1, sync.NewCond(&f.mu)
	}
	f.mu.Unlock()
	if !start {
		return
	}
	r.followers.Go(func() {
		h := NewChecksum(r.options.Checksum)
		err := r.readAlong(f, h)
		f.mu.Lock()
		f.readers--
		stop := f.phase.over()
		f.checksum = h.Sum(nil)
		f.mu.Unlock()
		switch {
		case stop:
		case err != nil:
			err = r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskRead))
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
	buf := make([]byte, chunk.Size)
	for off := int64(0); off < f.entry.Size; {
		f.mu.Lock()
		for f.have.Prefix() <= off && !f.phase.over() {
			f.changed.Wait()
		}
		end, stop := f.have.Prefix(), f.phase.over()
		f.mu.Unlock()
		if stop {
			return nil
		}
		for off < end {
			b := buf[:min(end-off, chunk.Size)]
			err := r.handles.use(f.index, func(file *unfinished.File) error {
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
	publish := r.publish
	if f.staged != nil {
		publish = r.publishStaged
	}
	if err := publish(f); err != nil {
		return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
	}
	return r.settle(ctx, f, control.FileWritten)
}

// errMismatch is why a file fails whose hash is not the sender's.
func errMismatch(f *gotFile) *fail.Error {
	return fail.New(fail.DiskWrite,
		"%s: checksum mismatch: what was written is not what was sent; the partial file is removed, run again", f.entry.Path)
}

// refuse fails a file that is not what was sent.
func (r *receiver) refuse(f *gotFile) error {
	if err := r.abandon(f); err != nil {
		return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
	}
	return r.done(f, control.FileFailed, errMismatch(f))
}

// publish gives a file its name, if it is what was sent.
func (r *receiver) publish(f *gotFile) error {
	defer r.handles.forget(f.index)
	err := r.handles.use(f.index, func(file *unfinished.File) error {
		f.mu.Lock()
		f.draft.CloseJournal()
		matches := f.entry.Size == 0 || f.fileHash() == *f.expected
		f.mu.Unlock()
		if err := r.sum(f, file); err != nil {
			return err
		}
		if !matches || f.announced != nil && !bytes.Equal(f.announced, f.checksum) {
			return errors.Join(r.removeUnfinished(f), errMismatch(f))
		}
		if err := f.checkPartial(); err != nil {
			return err
		}
		if f.part != nil {
			return file.Host().Sync()
		}
		if err := file.Reach(); err != nil || file.Host() == nil {
			return err
		}
		if err := r.attributes(f, file.Host()); err != nil {
			return err
		}
		if f.entry.Size < syncFrom {
			return nil
		}
		return file.Host().Sync()
	})
	if err != nil {
		return err
	}
	if f.part != nil {
		return r.publishPart(f)
	}
	if err := r.saveExisting(f.target); err != nil {
		return err
	}
	if r.options.SaveBeforeOverwrite {
		f.replaces(nil)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draft.Commit()
}

// sum computes the checksum that is reported, if there is to be one and it was not computed while the data came.
func (r *receiver) sum(f *gotFile, file *unfinished.File) error {
	if r.options.Checksum == ChecksumNone || f.checksum != nil || f.part != nil {
		return nil
	}
	h := NewChecksum(r.options.Checksum)
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, f.entry.Size)); err != nil {
		return err
	}
	f.checksum = h.Sum(nil)
	return nil
}
