package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/control"
)

// sendDigest reads a whole file and says its digest, or why there is none.
func (s *sender) sendDigest(ctx context.Context, f *sentFile) error {
	m := &control.Digest{Index: f.index}
	sum, err := s.digest(ctx, f)
	if ctx.Err() != nil {
		return nil
	}
	if failed := f.failure(); failed != nil {
		err = failed
	}
	if err != nil {
		e := fileError(f.Path, err, CodeDiskRead)
		m.Code, m.Text = uint32(e.Code), e.Text
	} else {
		m.SHA256 = sum
		f.mu.Lock()
		f.digest = hex.EncodeToString(sum[:])
		f.mu.Unlock()
	}
	return s.conn.send(m)
}

// digest is the SHA-256 of the file as it is now, if it is still the one that the manifest describes.
func (s *sender) digest(ctx context.Context, f *sentFile) (sum [32]byte, err error) {
	h := sha256.New()
	err = s.handles.use(f.index, func(file sourceFile) error {
		buf := make([]byte, min(f.Size, ChunkSize))
		for off := int64(0); off < f.Size; {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := file.ReadAt(buf[:min(int64(len(buf)), f.Size-off)], off)
			if n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
				return errChanged(f)
			}
			if n == 0 && err != nil {
				return err
			}
			h.Write(buf[:n])
			off += int64(n)
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		if info.Size() != f.Size || info.ModTime().UnixNano() != f.ModTime {
			return errChanged(f)
		}
		return nil
	})
	return [32]byte(h.Sum(nil)), err
}

// has collects the parts of a Have and has them checked.
func (s *sender) has(m *control.Have) error {
	f := s.file(m.Index)
	if f == nil || f.Kind != control.KindFile || f.decided {
		return Errorf(CodeProtocol, "the receiver has something of entry %d, which is not open", m.Index)
	}
	if f.have == nil {
		f.have = &control.Have{Index: m.Index, Final: m.Final}
	}
	f.have.Ranges = append(f.have.Ranges, m.Ranges...)
	f.have.Hashes = append(f.have.Hashes, m.Hashes...)
	if most := int(chunkCount(f.Size)) + 1; len(f.have.Ranges) > most || len(f.have.Hashes) > most {
		return Errorf(CodeProtocol, "the receiver has more parts of %s than there are", f.Path)
	}
	if m.More {
		return nil
	}
	have := f.have
	f.have = nil
	s.work.add(func(ctx context.Context) error { return s.answerHave(ctx, f, have) })
	return nil
}

// answerHave compares what the receiver has with the file and sends the rest. Under full_csum a chunk that differs is sent
// again; under the other policies one difference means that it is another file.
func (s *sender) answerHave(ctx context.Context, f *sentFile, have *control.Have) error {
	var kept rangeSet
	for _, r := range have.Ranges {
		if r.Offset+r.Length > f.Size {
			return Errorf(CodeProtocol, "the receiver has more of %s than there is", f.Path)
		}
		kept.add(r.Offset, r.Length)
	}
	bad, err := s.compare(ctx, f, have)
	if ctx.Err() != nil {
		return nil
	}
	var missing rangeSet
	switch {
	case err != nil, len(bad) > 0 && (have.Final || s.options.Resume != ResumeFull):
		kept = nil
		missing = kept.missing(f.Size)
	default:
		missing = kept.missing(f.Size)
		for _, chunk := range bad {
			r := chunkRange(chunk, f.Size)
			missing.add(r.Offset, r.Length)
		}
	}
	s.bytesResumed.Add(f.resume(f.Size - missing.total()))

	if _, err := s.decide(f.index); err != nil {
		return err
	}
	for rest := missing; ; rest = rest[control.MaxHave:] {
		part := &control.Sending{Index: f.index, Ranges: rest}
		if part.More = len(rest) > control.MaxHave; part.More {
			part.Ranges = rest[:control.MaxHave]
		}
		if err := s.conn.send(part); err != nil {
			return err
		}
		if !part.More {
			break
		}
	}
	for _, r := range missing {
		if err := s.data.Push(engine.Range{Offset: f.start + r.Offset, Length: r.Length}); err != nil {
			return err
		}
	}
	s.closeIfDecided()
	if have.Final && len(missing) == 0 {
		return nil
	}
	return s.sendDigest(ctx, f)
}

// compare returns the chunks whose hash differs from the receiver's.
func (s *sender) compare(ctx context.Context, f *sentFile, have *control.Have) (bad []int64, err error) {
	err = s.handles.use(f.index, func(file sourceFile) error {
		buf := make([]byte, min(f.Size, ChunkSize))
		for _, h := range have.Hashes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if h.Chunk >= uint64(chunkCount(f.Size)) {
				return Errorf(CodeProtocol, "the receiver has chunk %d of %s, which has none", h.Chunk, f.Path)
			}
			own, err := hashChunk(file, int64(h.Chunk), f.Size, buf)
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
