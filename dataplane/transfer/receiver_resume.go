package transfer

import (
	"context"
	"errors"
	"io"
	"slices"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// sparseSample is how many chunks of a file are compared under sparse_csum.
const sparseSample = 16

// offer tells the sender which chunks of a file are here, with the hashes that the policy wants compared. journaled
// holds the hashes that the journal promises, if any. A chunk that no longer has its journaled hash is not offered;
// under sparse_csum one such chunk has them all checked.
func (r *receiver) offer(ctx context.Context, f *gotFile, chunks []int64, journaled map[int64][16]byte) error {
	file, err := r.openOffered(f)
	if err != nil {
		return r.withdraw(f)
	}
	defer file.Close()
	compare := chunks
	switch {
	case r.options.TellHashes:
	case r.options.Resume == manifest.ResumeAttrs:
		compare = nil
	case f.newer && f.in(offeringWhole): // A sample is no proof: all of it is compared.
	case r.options.Resume == manifest.ResumeSparse:
		compare = chunk.Sample(chunks, sparseSample)
	}
	hashes, damaged, err := r.hashChunks(ctx, f, file, compare, journaled)
	if err == nil && len(damaged) > 0 && len(compare) < len(chunks) {
		compare = chunks
		hashes, damaged, err = r.hashChunks(ctx, f, file, compare, journaled)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return r.withdraw(f)
	}
	var kept chunk.Set
	known := chunk.NewHashes(f.entry.Size)
	for _, i := range chunks {
		if damaged[i] {
			continue
		}
		g := chunk.At(i, f.entry.Size)
		kept.Add(g.Offset, g.Length)
		if journaled != nil {
			known.Set(i, journaled[i])
		}
	}
	f.mu.Lock()
	f.have, f.hashes = kept, known
	f.mu.Unlock()
	return r.sendHave(f, kept, hashes)
}

// openOffered opens what is offered. An encrypted partial file is no whole container yet, which
// is what is opened for writing.
func (r *receiver) openOffered(f *gotFile) (*unfinished.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.phase == offeringWhole {
		file, err := r.tree.OpenContent(f.target)
		if err != nil {
			return nil, err
		}
		return f.draft.View(file), nil
	}
	return f.draft.OpenKnown()
}

// hashChunks hashes the given chunks and reports those that differ from the journal.
func (r *receiver) hashChunks(
	ctx context.Context, f *gotFile, file *unfinished.File, chunks []int64, journaled map[int64][16]byte,
) (good []control.ChunkHash, damaged map[int64]bool, err error) {
	buf := chunk.TakeBuffer()
	defer buf.GiveBack()
	damaged = map[int64]bool{}
	for _, i := range chunks {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		hash, err := hashHere(f, file, i, buf)
		if err != nil && !tornOff(err) {
			return nil, nil, err
		}
		if want, ok := journaled[i]; err != nil || ok && want != hash {
			damaged[i] = true
			continue
		}
		good = append(good, control.ChunkHash{Chunk: uint64(i), Hash: hash})
	}
	return good, damaged, nil
}

// tornOff says that what a file should hold is not there, or not whole, as after a crash.
func tornOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, atrest.ErrDamaged)
}

func (r *receiver) sendHave(f *gotFile, ranges chunk.Set, hashes []control.ChunkHash) error {
	for {
		m := &control.Have{Index: f.index, Final: f.in(offeringWhole)}
		m.Ranges = ranges[:min(len(ranges), control.MaxHave)]
		m.Hashes = hashes[:min(len(hashes), control.MaxHave)]
		ranges, hashes = ranges[len(m.Ranges):], hashes[len(m.Hashes):]
		m.More = len(ranges)+len(hashes) > 0
		if err := r.conn.send(m); err != nil || !m.More {
			return err
		}
	}
}

// withdraw gives up on what is there and asks for the whole file.
func (r *receiver) withdraw(f *gotFile) error {
	r.mu.Lock()
	r.unanswered--
	r.mu.Unlock()
	if err := r.restartFile(f); err != nil {
		return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
	}
	return r.advance()
}

// sending is the sender's answer to an offer.
func (r *receiver) sending(m *control.Sending) error {
	f := r.file(m.Index)
	if f == finishedFile {
		return nil
	}
	if f == nil || f.entry.Kind != control.KindFile {
		return fail.New(fail.Protocol, "the sender speaks of entry %d, which is no file", m.Index)
	}
	if f.sending == nil {
		f.sending = &control.Sending{Index: m.Index}
	}
	f.sending.Ranges = append(f.sending.Ranges, m.Ranges...)
	if len(f.sending.Ranges) > int(chunk.Count(f.entry.Size))+1 {
		return fail.New(fail.Protocol, "the sender announces more parts of %s than there are", f.entry.Path)
	}
	if m.More {
		return nil
	}
	ranges := f.sending.Ranges
	f.sending = nil
	var coming chunk.Set
	for _, g := range ranges {
		if g.End() > f.entry.Size {
			return fail.New(fail.Protocol, "the sender announces more of %s than there is", f.entry.Path)
		}
		coming.Add(g.Offset, g.Length)
	}
	if err := r.accept(f, coming); err != nil {
		return err
	}
	r.mu.Lock()
	r.unanswered--
	r.mu.Unlock()
	return r.advance()
}

// accept expects the announced ranges and believes the rest of the file.
func (r *receiver) accept(f *gotFile, coming chunk.Set) error {
	f.mu.Lock()
	was := f.phase
	f.mu.Unlock()
	switch {
	case was == offeringWhole && len(coming) == 0:
		return r.keepFile(f)
	case was != offering && was != offeringWhole && !was.over():
		return fail.New(fail.Protocol, "the sender announces parts of %s, which nobody offered", f.entry.Path)
	}
	kept := coming.Missing(f.entry.Size)
	check, failed := r.believe(f, coming, kept)
	if failed != nil {
		// The ranges are on their way all the same: they are expected, and dropped.
		if err := r.done(f, control.FileFailed, fail.File(f.entry.Path, failed, fail.DiskWrite)); err != nil {
			return err
		}
	}
	for _, g := range coming {
		if err := r.data.Expect(engine.Range{Offset: f.start + g.Offset, Length: g.Length}); err != nil {
			return err
		}
	}
	if failed != nil {
		return nil
	}
	r.follow(f)
	if check {
		r.work.add(func(ctx context.Context) error { return r.checkKept(ctx, f, kept) })
	}
	return r.finalizeIfWhole(f)
}

// believe takes the kept ranges of a file for written and forgets what was known of those that come. What is here of a
// file all of which comes is removed. It reports whether what is kept has to be checked. Its error fails the file.
func (r *receiver) believe(f *gotFile, coming, kept chunk.Set) (check bool, err error) {
	if f.in(offeringWhole) {
		if err := r.reserve(f); err != nil {
			return false, err
		}
	}
	nothing := kept.Total() == f.holes.Total()
	f.mu.Lock()
	f.have = slices.Clone(kept)
	f.resumed = kept.Total()
	for _, g := range coming {
		if !f.hashes.Begun() {
			break
		}
		for i := range g.Chunks() {
			f.hashes.Forget(i)
		}
	}
	compared := r.options.Resume == manifest.ResumeFull || r.options.TellHashes
	check = !nothing && (!compared || len(f.holes) > 0)
	if check {
		f.readers++
	}
	if !f.phase.over() {
		err = f.enter(receiving)
	}
	f.mu.Unlock()
	if err != nil {
		return false, err
	}
	if nothing {
		if err := r.discard(f); err != nil {
			return false, err
		}
	}
	r.bytesResumed.Add(kept.Total())
	if _, err := r.leaveHoles(f); err != nil {
		return false, err
	}
	if nothing || len(f.holes) == 0 {
		return check, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return check, r.startHashes(f)
}

// checkKept compares what a file is resumed with with the hashes that were taken when it came: a disk, or a crash,
// may have lost some of it since.
func (r *receiver) checkKept(ctx context.Context, f *gotFile, kept chunk.Set) error {
	err := r.handles.use(f.index, func(file *unfinished.File) error {
		buf := chunk.TakeBuffer()
		defer buf.GiveBack()
		for _, g := range kept {
			for i := range g.Chunks() {
				if err := ctx.Err(); err != nil {
					return err
				}
				sum, err := hashHere(f, file, i, buf)
				if err != nil {
					return err
				}
				f.mu.Lock()
				same := f.hashes.Sum(i) == sum
				f.mu.Unlock()
				if !same {
					return errDamaged
				}
			}
		}
		return nil
	})
	f.mu.Lock()
	f.readers--
	f.mu.Unlock()
	switch {
	case ctx.Err() != nil, errors.Is(err, errGone):
		return nil
	case errors.Is(err, errDamaged), tornOff(err):
		return r.refuse(f)
	case err != nil:
		return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskRead))
	}
	return r.finalizeIfWhole(f)
}

// errDamaged says that a chunk on disk is not what came.
var errDamaged = errors.New("a chunk is damaged")
