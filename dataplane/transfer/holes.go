package transfer

import (
	"context"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// The holes of a sparse file are whole chunks that do not travel: both ends know the hash of as many zeros, and the
// receiver leaves holes where they are. In the figures of a session they count as resumed.

// startHashes prepares the hashes of a file that is sent. f.mu is held.
func (f *sentFile) startHashes() {
	f.hashes = chunk.NewHashes(f.Size)
	f.hashes.SetHoles(f.holes, f.Size)
}

// pushData sends all of a file but its holes.
func (s *sender) pushData(f *sentFile) error {
	data := f.holes.Missing(f.Size)
	s.bytesResumed.Add(f.resume(f.Size - data.Total()))
	for _, g := range data {
		if err := s.data.Push(engine.Range{Offset: f.start + g.Offset, Length: g.Length}); err != nil {
			return err
		}
	}
	if len(data) > 0 {
		return nil
	}
	s.work.add(func(ctx context.Context) error { return s.sayHole(ctx, f) })
	return nil
}

// sayHole says the digest of a file that is one hole.
func (s *sender) sayHole(ctx context.Context, f *sentFile) error {
	m := &control.Digest{Index: f.index, Hash: chunk.HashHole(f.Size)}
	f.mu.Lock()
	f.said = true
	f.mu.Unlock()
	if s.options.Checksum != ChecksumNone {
		return s.sayChecksum(ctx, f, m)
	}
	var lost error
	err := s.handles.use(f.index, func(file sourceFile) error {
		lost = s.sayUnchanged(f, file, m)
		return nil
	})
	if err != nil {
		f.fail(fail.File(f.Path, err, fail.DiskRead))
		return s.conn.send(f.failedDigest())
	}
	return lost
}

// leaveHoles makes the partial file as long as the file will be and counts its holes as
// written. It returns their bytes.
func (r *receiver) leaveHoles(f *gotFile) (int64, error) {
	if len(f.holes) == 0 {
		return 0, nil
	}
	if err := r.handles.use(f.index,
		func(file *unfinished.File) error { return file.Host().Truncate(f.entry.Size) }); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var n int64
	for _, g := range f.holes {
		n += f.have.Add(g.Offset, g.Length)
	}
	return n, nil
}

// mostHoleChunks bounds the hashes that a receiver remembers of sparse files at a time, in chunks of those files.
// Others are bounded by the room on disk.
const mostHoleChunks = 8 << 20

// startHashes prepares the hashes of the chunks that are here. f.mu is held.
func (r *receiver) startHashes(f *gotFile) error {
	if n := chunk.Count(f.entry.Size); len(f.holes) > 0 && !f.counted {
		if r.holeChunks.Add(n) > mostHoleChunks {
			r.holeChunks.Add(-n)
			return fail.New(fail.FileTooBig, "%s: the sparse files of the session are too big to be received at a time",
				f.entry.Path)
		}
		f.counted = true
	}
	if !f.hashes.Begun() {
		f.hashes, f.zeroes = chunk.NewHashes(f.entry.Size), 0
	}
	f.zeroes += f.hashes.SetHoles(f.holes, f.entry.Size)
	return nil
}

// fileHash is the hash of a whole file. f.mu is held.
func (f *gotFile) fileHash() [16]byte {
	if !f.hashes.Begun() {
		return chunk.HashHole(f.entry.Size)
	}
	return f.hashes.File()
}

// hashHere is the hash of a chunk that is here. The holes of a sparse file are not read.
func hashHere(f *gotFile, file *unfinished.File, i int64, buf *chunk.Buffer) ([16]byte, error) {
	if sum, ok := file.ChunkHash(i); ok {
		return sum, nil
	}
	g := chunk.At(i, f.entry.Size)
	if len(f.holes) > 0 && storage.HoleAt(file.Host(), g.Offset, g.Length) {
		return chunk.HashZeros(g), nil
	}
	return chunk.HashAt(file, g, buf)
}
