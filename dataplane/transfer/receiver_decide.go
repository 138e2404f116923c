package transfer

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
)

// gotFile is one entry of the manifest at the receiver.
type gotFile struct {
	entry            control.Entry
	index            uint64
	start            int64
	began            time.Time
	target           string
	plain            string // the name it gets once it is decrypted, if it is to be
	partial, journal string
	reserved         int64            // guarded by receiver.mu
	final            bool             // the Have was about the file under its final name
	sending          *control.Sending // collected parts of a Sending

	mu      sync.Mutex
	changed *sync.Cond
	have    rangeSet
	resumed int64
	// hashing says that somebody follows the data with the digest.
	hashing, finalizing, finished, abandoned bool
	removed                                  bool // the sender can't deliver it
	// expected is the sender's digest.
	expected *[32]byte
	sum      string
	// encrypted is why the file was not decrypted.
	encrypted *Error
	log       *os.File // the journal, once there is something to write
	hashes    map[int64][16]byte
}

// badName says why a manifest's path can't be taken, or nil.
func badName(p string) *Error {
	switch {
	case p == "", strings.HasPrefix(p, "/"), strings.HasSuffix(p, "/"):
		return Errorf(CodeBadPath, "%q: not a relative path", p)
	}
	for name := range strings.SplitSeq(p, "/") {
		if name == "" || name == "." || name == ".." {
			return Errorf(CodeBadPath, "%q: leads outside of the destination", p)
		}
	}
	if _, err := storage.Clean(p); err != nil {
		return fileError(p, err, CodeBadPath)
	}
	return nil
}

// entry decides on one entry of the manifest. It runs for one entry at a time.
func (r *receiver) entry(m *control.Entry) error {
	f := &gotFile{entry: *m, began: time.Now()}
	f.changed = sync.NewCond(&f.mu)
	r.mu.Lock()
	if r.listed {
		r.mu.Unlock()
		return Errorf(CodeProtocol, "an entry follows the end of the manifest")
	}
	if m.Size > engine.MaxOffset-r.end || len(r.files) >= control.MaxEntries {
		r.mu.Unlock()
		return Errorf(CodeProtocol, "the manifest exceeds %d entries or %d bytes", control.MaxEntries, engine.MaxOffset)
	}
	f.index, f.start = uint64(len(r.files)), r.end
	r.files = append(r.files, f)
	if m.Kind == control.KindFile {
		r.open++
		r.end += m.Size
		if m.Size > 0 {
			r.space = append(r.space, f)
		}
	}
	r.mu.Unlock()

	switch m.Kind {
	case control.KindFailed:
		r.filesExpected.Add(1)
		r.filesFailed.Add(1)
		if r.onFile != nil {
			r.onFile(FileEvent{Path: m.Path, Err: &Error{Code: Code(m.Code), Text: m.Text}, Started: f.began, Finished: f.began})
		}
		return nil
	case control.KindFolder:
		if err := r.folder(f); err != nil {
			return r.done(f, control.FileFailed, err)
		}
		r.counters.folders.Add(1)
		if r.options.PreserveTimes {
			r.mu.Lock()
			r.times = append(r.times, folderTime{target: f.target, modTime: m.ModTime})
			r.mu.Unlock()
		}
		return nil
	}
	r.filesExpected.Add(1)
	r.bytesExpected.Add(m.Size)
	if err := r.decide(f); err != nil {
		return r.done(f, control.FileFailed, fileError(m.Path, err, CodeDiskWrite))
	}
	return nil
}

func (r *receiver) folder(f *gotFile) *Error {
	if err := badName(f.entry.Path); err != nil {
		return err
	}
	target, refused := r.target(f.entry.Path)
	if refused != nil {
		return refused
	}
	f.target = target
	if err := r.ensureFolder(f.target); err != nil {
		return fileError(f.entry.Path, err, CodeDiskWrite)
	}
	return nil
}

func (r *receiver) ensureFolder(p string) error {
	if r.folders[p] {
		return nil
	}
	if err := r.tree.MkdirAll(p, 0o755); err != nil {
		return err
	}
	r.folders[p] = true
	return nil
}

// decide finds out what is there of a file and asks the sender for the rest. Its error fails the file.
func (r *receiver) decide(f *gotFile) error {
	if err := badName(f.entry.Path); err != nil {
		return err
	}
	target, refused := r.target(f.entry.Path)
	if refused != nil {
		return refused
	}
	f.target = target
	r.nameDecrypted(f)
	f.partial, f.journal = unfinishedNames(f.target)
	if r.names[f.target] || r.names[f.plain] {
		return Errorf(CodeAlreadyExists, "%s: two files of the transfer have this name", f.entry.Path)
	}
	r.names[f.target] = true
	if f.plain != "" {
		r.names[f.plain] = true
	}
	if r.claim != nil {
		if held := r.claim(f.target); held != nil {
			return Errorf(held.Code, "%s: %w", f.entry.Path, held)
		}
	}
	if err := r.ensureFolder(path.Dir(f.target)); err != nil {
		return err
	}
	if done, err := r.decryptedBefore(f); done || err != nil {
		return err
	}
	existing, err := r.tree.Lstat(f.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case existing.IsDir():
		return Errorf(CodeIsDirectory, "%s: a folder has this name", f.entry.Path)
	default:
		if done, err := r.overwrite(f, existing); done || err != nil {
			return err
		}
	}
	return r.fresh(f)
}

// overwrite applies the overwrite policy to a file that exists. It reports whether that settles the file.
func (r *receiver) overwrite(f *gotFile, existing fs.FileInfo) (bool, error) {
	older := existing.ModTime().UnixNano() < f.entry.ModTime
	same := existing.Mode().IsRegular() && existing.Size() == f.entry.Size
	switch r.options.Overwrite {
	case OverwriteAlways:
		return false, nil
	case OverwriteNever:
		return true, r.keep(f)
	case OverwriteOlder:
		if older {
			return false, nil
		}
		return true, r.keep(f)
	case OverwriteDiffOrOlder:
		if older {
			return false, nil
		}
	}
	// diff: skip what is the same, by the criterion of the resume policy.
	switch {
	case !same || r.options.Resume == ResumeNone:
		return false, nil
	case f.entry.Size == 0, r.options.Resume == ResumeAttrs && existing.ModTime().UnixNano() == f.entry.ModTime:
		return true, r.keep(f)
	case r.options.Resume == ResumeAttrs:
		return false, nil
	}
	f.final = true
	r.await()
	r.work.add(func(ctx context.Context) error { return r.offer(ctx, f, f.target, allChunks(f.entry.Size), nil) })
	return true, nil
}

func allChunks(size int64) []int64 {
	chunks := make([]int64, chunkCount(size))
	for i := range chunks {
		chunks[i] = int64(i)
	}
	return chunks
}

// fresh continues a partial file if the policy allows it, or starts one.
func (r *receiver) fresh(f *gotFile) error {
	if f.entry.Size == 0 {
		f.mu.Lock()
		f.finalizing = true
		f.mu.Unlock()
		r.work.add(func(ctx context.Context) error { return r.finalize(ctx, f) })
		return nil
	}
	if err := r.reserve(f); err != nil {
		return err
	}
	chunks := r.believable(f)
	if len(chunks) == 0 {
		return r.restart(f)
	}
	r.await()
	r.work.add(func(ctx context.Context) error {
		return r.offer(ctx, f, f.partial, slices.Sorted(maps.Keys(chunks)), chunks)
	})
	return nil
}

func (r *receiver) await() {
	r.mu.Lock()
	r.unanswered++
	r.mu.Unlock()
}

// reserveFrom is the size from which on a file's place on disk is checked before its data is asked for.
const reserveFrom = 16 << 20

func (r *receiver) reserve(f *gotFile) error {
	if f.entry.Size < reserveFrom {
		return nil
	}
	space, err := r.tree.Space(path.Dir(f.target))
	if err != nil {
		return nil // The write itself will tell.
	}
	need := f.entry.Size
	if info, err := r.tree.Lstat(f.partial); err == nil {
		need -= min(need, allocated(info))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reserved+need > space.Free {
		return Errorf(CodeNoSpace, "%s: no space left on disk: it needs %d bytes, %d are free", f.entry.Path, need, max(0, space.Free-r.reserved))
	}
	f.reserved = need
	r.reserved += need
	return nil
}

// restart asks for the whole file.
func (r *receiver) restart(f *gotFile) error {
	for _, p := range []string{f.partial, f.journal} {
		if err := r.tree.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f.mu.Lock()
	f.have, f.hashes, f.resumed = nil, nil, 0
	f.mu.Unlock()
	if err := r.data.Expect(engine.Range{Offset: f.start, Length: f.entry.Size}); err != nil {
		return err
	}
	return r.conn.send(&control.Want{Index: f.index})
}

// believable is what the journal says of the partial file, if both belong to the file that the sender announces.
func (r *receiver) believable(f *gotFile) map[int64][16]byte {
	if r.options.Resume == ResumeNone {
		return nil
	}
	j, err := r.tree.Open(f.journal)
	if err != nil {
		return nil
	}
	defer j.Close()
	head, chunks, err := readJournal(j)
	if err != nil || head.Size != f.entry.Size || head.ModTime != f.entry.ModTime {
		return nil
	}
	if info, err := r.tree.Lstat(f.partial); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return chunks
}
