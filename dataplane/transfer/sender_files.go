package transfer

import (
	"context"
	"errors"
	"io"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// passed hashes bytes on their way to the engine and says the file's digest once all of it has passed.
func (s *sender) passed(f *sentFile, file sourceFile, b []byte, off int64) error {
	f.mu.Lock()
	if f.said {
		f.mu.Unlock()
		return nil
	}
	if !f.hashes.Begun() {
		f.startHashes()
	}
	f.passing.Feed(&f.hashes, f.Size, b, off)
	f.mu.Unlock()
	return s.sayDigest(f, file)
}

// sayDigest says the digest of a file, once, when the hashes of all its chunks are known.
func (s *sender) sayDigest(f *sentFile, file sourceFile) error {
	f.mu.Lock()
	ready := !f.said && f.failed == nil && f.hashes.Complete()
	if !ready {
		f.mu.Unlock()
		return nil
	}
	f.said = true
	m := &control.Digest{Index: f.index, Hash: f.hashes.File()}
	f.hashes = chunk.Hashes{}
	f.mu.Unlock()
	if s.options.Checksum != ChecksumNone && f.part == nil {
		s.work.add(func(ctx context.Context) error { return s.sayChecksum(ctx, f, m) })
		return nil
	}
	return s.sayUnchanged(f, file, m)
}

// sayUnchanged sends a digest, or a failure if the file is no longer the one that the manifest describes.
func (s *sender) sayUnchanged(f *sentFile, file sourceFile, m *control.Digest) error {
	info, err := file.Stat()
	if err == nil && (info.Size() != f.Size || info.ModTime().UnixNano() != f.ModTime) {
		err = errChanged(f)
	}
	if err != nil {
		f.fail(fail.File(f.Path, err, fail.DiskRead))
		m = f.failedDigest()
	}
	return s.conn.send(m)
}

// sayFailure says, once, that a file can't be delivered.
func (s *sender) sayFailure(f *sentFile) error {
	f.mu.Lock()
	said := f.said
	f.said = true
	f.mu.Unlock()
	if said {
		return nil
	}
	s.abandon(f)
	return s.conn.send(f.failedDigest())
}

// abandonFrom is the size from which on the rest of a failed file is taken back from the engine;
// what is smaller it has read ahead.
const abandonFrom = 4 << 20

// abandon has nothing more sent of a file that fails.
func (s *sender) abandon(f *sentFile) {
	if f.Kind == control.KindFile && f.Size >= abandonFrom {
		s.data.Abandon(engine.Range{Offset: f.start, Length: f.Size})
	}
}

func (f *sentFile) failedDigest() *control.Digest {
	e := f.failure()
	return &control.Digest{Index: f.index, Code: uint32(e.Code), Text: e.Text}
}

// sayChecksum adds the checksum of the whole file to its digest.
func (s *sender) sayChecksum(ctx context.Context, f *sentFile, m *control.Digest) error {
	err := s.handles.use(f.index, func(file sourceFile) error {
		h := NewChecksum(s.options.Checksum)
		if _, err := io.Copy(h, readerUntil{ctx, io.NewSectionReader(file, 0, f.Size)}); err != nil {
			return err
		}
		m.Checksum = h.Sum(nil)
		f.mu.Lock()
		f.checksum = m.Checksum
		f.mu.Unlock()
		return s.sayUnchanged(f, file, m)
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, errClosing):
		return err
	case err != nil:
		f.fail(fail.File(f.Path, err, fail.DiskRead))
		return s.conn.send(f.failedDigest())
	}
	return nil
}

// has collects the parts of a Have and has them checked.
func (s *sender) has(m *control.Have) error {
	f := s.file(m.Index)
	if f == nil || f.Kind != control.KindFile || f.decided {
		return fail.New(fail.Protocol, "the receiver has something of entry %d, which is not open", m.Index)
	}
	if f.have == nil {
		f.have = &control.Have{Index: m.Index, Final: m.Final}
	}
	f.have.Ranges = append(f.have.Ranges, m.Ranges...)
	f.have.Hashes = append(f.have.Hashes, m.Hashes...)
	if most := int(chunk.Count(f.Size)) + 1; len(f.have.Ranges) > most || len(f.have.Hashes) > most {
		return fail.New(fail.Protocol, "the receiver has more parts of %s than there are", f.Path)
	}
	if m.More {
		return nil
	}
	have := f.have
	f.have = nil
	if s.stream != nil {
		return s.answerStreamed(f, have)
	}
	s.work.add(func(ctx context.Context) error { return s.answerHave(ctx, f, have) })
	return nil
}

// answerHave compares what the receiver has with the file and sends the rest. Under full_csum a chunk that differs is
// sent again; under the other policies one difference means that it is another file.
func (s *sender) answerHave(ctx context.Context, f *sentFile, have *control.Have) error {
	var kept chunk.Set
	for _, r := range have.Ranges {
		if r.End() > f.Size || r.Offset%chunk.Size != 0 || r.Length%chunk.Size != 0 && r.End() != f.Size {
			return fail.New(fail.Protocol, "the receiver has parts of %s that are no chunks of it", f.Path)
		}
		kept.Add(r.Offset, r.Length)
	}
	f.mu.Lock()
	f.startHashes()
	f.mu.Unlock()
	bad, err := s.compare(ctx, f, have)
	if ctx.Err() != nil {
		return nil
	}
	switch {
	case err != nil, len(bad) > 0 && (have.Final || s.options.Resume != manifest.ResumeFull):
		kept = nil
	default:
		for _, i := range bad {
			kept.Cut(chunk.At(i, f.Size))
		}
	}
	for _, g := range f.holes {
		kept.Add(g.Offset, g.Length)
	}
	missing := kept.Missing(f.Size)
	s.bytesResumed.Add(f.resume(f.Size - missing.Total()))

	if _, err := s.decide(f.index); err != nil {
		return err
	}
	if err := s.announceRanges(f, missing); err != nil {
		return err
	}
	for _, r := range missing {
		if err := s.data.Push(engine.Range{Offset: f.start + r.Offset, Length: r.Length}); err != nil {
			return err
		}
	}
	s.pushed()
	if have.Final && len(missing) == 0 {
		return nil
	}
	return s.hashKept(ctx, f, kept)
}

// announceRanges says which ranges of a file are about to come.
func (s *sender) announceRanges(f *sentFile, ranges chunk.Set) error {
	for rest := ranges; ; rest = rest[control.MaxHave:] {
		part := &control.Sending{Index: f.index, Ranges: rest}
		if part.More = len(rest) > control.MaxHave; part.More {
			part.Ranges = rest[:control.MaxHave]
		}
		if err := s.conn.send(part); err != nil || !part.More {
			return err
		}
	}
}

// compare returns the chunks whose hash differs from the receiver's, and notes the hashes of the others.
func (s *sender) compare(ctx context.Context, f *sentFile, have *control.Have) (bad []int64, err error) {
	err = s.handles.use(f.index, func(file sourceFile) error {
		for _, h := range have.Hashes {
			if h.Chunk >= uint64(chunk.Count(f.Size)) {
				return fail.New(fail.Protocol, "the receiver has chunk %d of %s, which has none", h.Chunk, f.Path)
			}
			own, err := s.hash(ctx, f, file, int64(h.Chunk))
			if err != nil {
				return err
			}
			if own != h.Hash {
				bad = append(bad, int64(h.Chunk))
			}
		}
		return nil
	})
	return bad, err
}

// hashKept hashes what is not sent, so that the digest covers all of the file.
func (s *sender) hashKept(ctx context.Context, f *sentFile, kept chunk.Set) error {
	var lost error
	err := s.handles.use(f.index, func(file sourceFile) error {
		for _, r := range kept {
			for i := range r.Chunks() {
				if _, err := s.hash(ctx, f, file, i); err != nil {
					return err
				}
			}
		}
		lost = s.sayDigest(f, file)
		return nil
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errChanged(f)
		}
		f.fail(fail.File(f.Path, err, fail.DiskRead))
		return s.sayFailure(f)
	}
	return lost
}

// hash returns the hash of a chunk that the engine does not read, and notes it.
func (s *sender) hash(ctx context.Context, f *sentFile, file sourceFile, number int64) ([16]byte, error) {
	if err := ctx.Err(); err != nil {
		return [16]byte{}, err
	}
	f.mu.Lock()
	if !f.hashes.Begun() || f.hashes.Has(number) {
		defer f.mu.Unlock()
		if !f.hashes.Begun() {
			return [16]byte{}, nil // The digest is said.
		}
		return f.hashes.Sum(number), nil
	}
	f.mu.Unlock()
	buf := chunk.TakeBuffer()
	defer buf.GiveBack()
	sum, err := chunk.HashAt(file, chunk.At(number, f.Size), buf)
	if err != nil {
		return sum, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hashes.Begun() {
		f.hashes.Set(number, sum)
	}
	return sum, nil
}
