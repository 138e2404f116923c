package transfer

import (
	"context"
	"io"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// A sender whose files come over time, from an Upload, pushes them as they come: so a file that stands still holds up
// no other, and the engine never waits for bytes.

// listStream sends the manifest of an Upload.
func (s *sender) listStream(ctx context.Context) error {
	for i := 0; ; i++ {
		e, ok, err := s.stream.next(ctx, i)
		if err != nil || !ok {
			return err
		}
		entry := control.Entry{Kind: control.KindFile, Path: e.Path, Size: e.Size, ModTime: e.ModTime.UnixNano(),
			Mode: 0o644}
		if e.Folder {
			entry.Kind, entry.Mode = control.KindFolder, 0o755
		}
		if e.ModTime.IsZero() {
			entry.ModTime = time.Now().UnixNano()
		}
		if err := s.announce(found{Entry: entry}); err != nil {
			return err
		}
	}
}

// wantStreamed begins a file of which the receiver has nothing.
func (s *sender) wantStreamed(f *sentFile) {
	f.mu.Lock()
	f.startHashes()
	f.mu.Unlock()
	s.stream.files[f.index].begin(f, 0)
}

// answerStreamed begins a file of which the receiver has something: of that counts what it has from the beginning on.
// The hashes are its own, for nobody here has these bytes.
func (s *sender) answerStreamed(f *sentFile, have *control.Have) error {
	kept, hashes := keptPrefix(have, f.Size)
	if have.Final && kept < f.Size {
		kept = 0
	}
	if _, err := s.decide(f.index); err != nil {
		return err
	}
	f.mu.Lock()
	f.startHashes()
	for i := int64(0); i*chunk.Size < kept; i++ {
		f.hashes.Set(i, hashes[i])
	}
	f.mu.Unlock()
	s.bytesResumed.Add(f.resume(kept))
	var missing chunk.Set
	missing.Add(kept, f.Size-kept)
	if err := s.announceRanges(f, missing); err != nil {
		return err
	}
	s.stream.files[f.index].begin(f, kept)
	switch {
	case kept < f.Size:
		return nil
	case have.Final:
		s.fed(f)
		return nil
	}
	return s.endStreamed(f)
}

// pushStreamed gives the engine bytes that have come.
func (s *sender) pushStreamed(f *sentFile, off int64, n int) error {
	return s.data.Push(engine.Range{Offset: f.start + off, Length: int64(n)})
}

// endStreamed says the digest of a file all of whose bytes have come.
func (s *sender) endStreamed(f *sentFile) error {
	f.mu.Lock()
	if f.said || !f.hashes.Complete() {
		f.mu.Unlock()
		return nil
	}
	f.said = true
	m := &control.Digest{Index: f.index, Hash: f.hashes.File()}
	f.hashes = chunk.Hashes{}
	f.mu.Unlock()
	if err := s.conn.send(m); err != nil {
		return err
	}
	s.fed(f)
	return nil
}

// fed notes that no more of a file will be pushed.
func (s *sender) fed(f *sentFile) {
	s.mu.Lock()
	again := f.fed
	f.fed = true
	if !again {
		s.undecided--
	}
	s.mu.Unlock()
	s.closeIfDecided()
}

// doneStreamed tells the Upload what became of a file.
func (s *sender) doneStreamed(f *sentFile, failure *fail.Error) {
	if !f.Kind.IsFile() {
		return
	}
	s.stream.finish(s.stream.files[f.index], failure == nil, failure)
}

// streamSource is a sender's Upload as the engine reads it.
type streamSource struct{ *sender }

var _ engine.Lending = streamSource{}

// Acknowledged has the Upload forget what has arrived.
func (s streamSource) Acknowledged(r engine.Range) {
	for off := r.Offset; off < r.End(); {
		at, ok := s.at(off)
		if !ok {
			return
		}
		end := min(at.end, r.End())
		if at.file != nil {
			s.stream.acknowledged(s.stream.files[at.file.index], off-at.start, end-off)
		}
		off = end
	}
}

// zeros stand for bytes of files that are done with.
var zeros [64 << 10]byte

// Lend gives the bytes that the Upload keeps.
func (s streamSource) Lend(off, n int64) ([]byte, error) {
	at, ok := s.at(off)
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	n = min(n, at.end-off)
	if at.file != nil {
		if b := s.stream.files[at.file.index].lend(off-at.start, n); b != nil {
			return b, nil
		}
	}
	return zeros[:min(n, int64(len(zeros)))], nil
}
