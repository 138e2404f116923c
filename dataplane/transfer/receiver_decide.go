package transfer

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// badName says why a manifest's path can't be taken, or nil.
func badName(p string, kind control.Kind) *fail.Error {
	switch {
	case p == "", strings.HasPrefix(p, "/"), strings.HasSuffix(p, "/"):
		return fail.New(fail.BadPath, "%q: not a relative path", p)
	}
	for name := range strings.SplitSeq(p, "/") {
		if name == "" || name == "." || name == ".." {
			return fail.New(fail.BadPath, "%q: leads outside of the destination", p)
		}
	}
	if _, err := storage.Clean(p); err != nil {
		return fail.File(p, err, fail.BadPath)
	}
	return unfinished.RefuseName(p, kind == control.KindFile)
}

// forget drops an entry of which no more will be said.
func (r *receiver) forget(f *gotFile) {
	r.mu.Lock()
	r.files[f.index] = finishedFile
	r.mu.Unlock()
}

// entry decides on one entry of the manifest. It runs for one entry at a time.
func (r *receiver) entry(m *control.Entry) error {
	if bad := manifest.Refuse(m, r.options); bad != nil {
		return bad
	}
	f := &gotFile{entry: *m, began: time.Now(), holes: manifest.Holes(m), part: manifest.Part(m),
		weight: manifest.Weight(m)}
	f.draft = &f.local
	r.mu.Lock()
	if r.listed {
		r.mu.Unlock()
		return fail.New(fail.Protocol, "an entry follows the end of the manifest")
	}
	if m.Size > engine.MaxOffset-chunk.Size-r.end || len(r.files) >= control.MaxEntries {
		r.mu.Unlock()
		return fail.New(fail.Protocol, "the manifest exceeds %d entries or %d bytes", control.MaxEntries, engine.MaxOffset)
	}
	if m.Kind.IsFile() && r.open > 0 && (r.open >= manifest.MostOpen || r.openBytes+f.weight > manifest.MostOpenBytes) {
		r.mu.Unlock()
		return fail.New(fail.Protocol, "the sender announces more than %d files or %d bytes of them without an answer",
			manifest.MostOpen, manifest.MostOpenBytes)
	}
	f.index, f.start, f.slot = uint64(len(r.files)), chunk.Place(r.end, m.Size), len(r.space)
	r.files = append(r.files, f)
	if m.Kind.IsFile() {
		r.open++
		r.openBytes += f.weight
		r.end = f.start + m.Size
		if m.Size > 0 {
			r.space = append(r.space, placed{start: f.start, end: r.end, file: f})
		}
	}
	r.mu.Unlock()

	switch m.Kind {
	case control.KindFailed:
		r.mirror.note(f)
		r.filesExpected.Add(1)
		r.filesFailed.Add(1)
		if r.onFile != nil {
			r.onFile(FileEvent{Path: m.Path, Err: &fail.Error{Code: fail.Code(m.Code), Text: m.Text}, Started: f.began,
				Finished: f.began})
		}
		r.forget(f)
		return nil
	case control.KindFolder:
		if err := r.folder(f); err != nil {
			r.mirror.misses()
			return r.done(f, control.FileFailed, err)
		}
		r.counters.folders.Add(1)
		r.forget(f)
		r.mirror.note(f)
		r.mu.Lock()
		r.finishFolder(f)
		r.mu.Unlock()
		return nil
	case control.KindLink:
		r.filesExpected.Add(1)
		return r.link(f)
	}
	r.filesExpected.Add(1)
	r.bytesExpected.Add(m.Size)
	if err := r.decide(f); err != nil {
		r.mirror.misses()
		return r.done(f, control.FileFailed, fail.File(m.Path, err, fail.DiskWrite))
	}
	return nil
}

func (r *receiver) folder(f *gotFile) *fail.Error {
	if err := badName(f.entry.Path, f.entry.Kind); err != nil {
		return err
	}
	target, refused := r.target(f.entry.Path)
	if refused != nil {
		return refused
	}
	f.target = target
	if err := r.makeFolder(f); err != nil {
		return fail.File(f.entry.Path, inPath(f, err), fail.DiskWrite)
	}
	if err := r.folderAttributes(f); err != nil {
		return fail.File(f.entry.Path, err, fail.DiskWrite)
	}
	return nil
}

// inPath says of what entry a folder on the way could not be made.
func inPath(f *gotFile, err error) error {
	var known *fail.Error
	if errors.As(err, &known) && known.Code == fail.NotDirectory {
		return fail.New(known.Code, "%s: %w", f.entry.Path, known)
	}
	return err
}

// errNotRegular is why what has the name of a file is not replaced.
func errNotRegular(f *gotFile) *fail.Error {
	return fail.New(fail.NotRegular, "%s: a device, pipe or socket has this name, and none is ever replaced", f.entry.Path)
}

// special says that something is neither a file nor a folder nor a link.
func special(info fs.FileInfo) bool { return info.Mode().Type()&^(fs.ModeDir|fs.ModeSymlink) != 0 }

// decide finds out what is there of a file and asks the sender for the rest. Its error fails the file.
func (r *receiver) decide(f *gotFile) error {
	if err := badName(f.entry.Path, f.entry.Kind); err != nil {
		return err
	}
	target, refused := r.target(f.entry.Path)
	if refused != nil {
		return refused
	}
	if r.encryptedOnly && !strings.HasSuffix(f.entry.Path, atrest.Suffix) {
		return fail.New(fail.Permission, "%s: the access key takes encrypted files alone, see --file-crypt", f.entry.Path)
	}
	f.target = target
	r.nameDecrypted(f)
	if err := r.draftOf(f); err != nil {
		return err
	}
	if other := r.unfinishedForm(f.target); other != "" {
		return errUnfinishedForm(f, other)
	}
	if !r.names.Take(f.target) || f.plain != "" && !r.names.Take(f.plain) {
		return fail.New(fail.AlreadyExists, "%s: two files of the transfer have this name", f.entry.Path)
	}
	if refused := r.refuseTwin(f); refused != nil {
		return refused
	}
	if r.folders[f.target] != nil { // It may be one of the session's own, which nothingThere does not know.
		return fail.New(fail.IsDirectory, "%s: a folder has this name", f.entry.Path)
	}
	if r.claim != nil {
		if held := r.claim(f.target, f.partName(), f.entry.Size); held != nil {
			return fail.New(held.Code, "%s: %w", f.entry.Path, held)
		}
		f.claimed = true
	}
	folder, err := r.ensureFolder(path.Dir(f.target))
	if err != nil {
		return inPath(f, err)
	}
	if refused := unfinished.Refuse(r.tree, f.target); refused != nil {
		return refused
	}
	if f.part != nil && (folder.names == nil || len(folder.names) > 0) {
		f.dropStale()
	}
	if r.nothingThere(folder, f) {
		return r.askForFile(f)
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
		return fail.New(fail.IsDirectory, "%s: a folder has this name", f.entry.Path)
	case special(existing):
		return errNotRegular(f)
	default:
		f.replaces(existing)
		if refused := r.refuseSaving(f); refused != nil {
			return refused
		}
		if keep, refused := r.mayReplace(f, existing); refused != nil {
			return refused
		} else if keep {
			return r.keepFile(f)
		}
		if done, err := r.overwriteFile(f, existing); done || err != nil {
			return err
		}
	}
	return r.resumeOrStart(f)
}

// unfinishedForm is the name of another file of the session whose partial file or journal would be this target, or
// whose name this one's would be; empty for none.
func (r *receiver) unfinishedForm(target string) string {
	for _, name := range slices.Concat(unfinished.Bases(target), unfinished.NamesOf(target)) {
		if r.names.Has(name) {
			return path.Base(name)
		}
	}
	return ""
}

func errUnfinishedForm(f *gotFile, other string) *fail.Error {
	return fail.New(fail.AlreadyExists,
		"%s: the unfinished form of %s, which the transfer has too, has this name; send one of them by itself", f.entry.Path,
		other)
}

// nothingThere says that neither the file nor a part of it is in its folder; false is "perhaps there is".
func (r *receiver) nothingThere(d *folder, f *gotFile) bool {
	if f.draft.Apart() {
		return false
	}
	if d.names != nil && len(d.names) == 0 {
		return true
	}
	p := path.Dir(f.target)
	here := func(name string) bool { return !r.lacks(d, p, name) }
	return !here(path.Base(f.target)) && (f.plain == "" || !here(path.Base(f.plain))) &&
		!slices.ContainsFunc(f.draft.Names(), here)
}

// overwriteFile applies the overwrite policy to a file that exists. It reports whether that settles the file.
func (r *receiver) overwriteFile(f *gotFile, existing fs.FileInfo) (bool, error) {
	at := existing.ModTime().UnixNano()
	if unfinished.SameTime(at, f.entry.ModTime) {
		at = f.entry.ModTime
	}
	switch manifest.Overwrite(r.options, &f.entry, f.total(), manifest.Existing{
		Regular: existing.Mode().IsRegular(), Size: existing.Size(), ModTime: at,
	}) {
	case manifest.Keep:
		return true, r.keepFile(f)
	case manifest.Replace:
		return false, nil
	}
	// The older copy may be of what the source was before. A sample of its chunks proves nothing then.
	f.newer = existing.ModTime().UnixNano() < f.entry.ModTime
	f.find() // The file may come anew: then it is known what of it is the draft's.
	if err := f.begin(offeringWhole); err != nil {
		return false, err
	}
	r.awaitAnswer()
	r.work.add(func(ctx context.Context) error { return r.offer(ctx, f, chunk.All(f.entry.Size), nil) })
	return true, nil
}

// resumeOrStart continues a partial file if the policy allows it, or starts one.
func (r *receiver) resumeOrStart(f *gotFile) error {
	if f.entry.Size == 0 {
		return r.askForFile(f)
	}
	chunks := f.find()
	if len(chunks) == 0 || r.options.Resume == manifest.ResumeNone {
		if f.part == nil && f.entry.Size > chunk.Size {
			f.dropStale()
		}
		return r.restartFile(f)
	}
	if err := r.reserve(f); err != nil {
		return err
	}
	if err := f.begin(offering); err != nil {
		return err
	}
	r.awaitAnswer()
	r.work.add(func(ctx context.Context) error {
		return r.offer(ctx, f, slices.Sorted(maps.Keys(chunks)), chunks)
	})
	return nil
}

func (r *receiver) awaitAnswer() {
	r.mu.Lock()
	r.unanswered++
	r.mu.Unlock()
}

// restartFile removes what there is of a file and asks for all of it.
func (r *receiver) restartFile(f *gotFile) error {
	if err := r.removeUnfinished(f); err != nil {
		return err
	}
	f.mu.Lock()
	f.have, f.hashes, f.resumed = nil, chunk.Hashes{}, 0
	f.mu.Unlock()
	return r.askForFile(f)
}

// askForFile asks for the whole of a file of which nothing is here.
func (r *receiver) askForFile(f *gotFile) error {
	if f.entry.Size == 0 {
		if err := f.begin(finalizing); err != nil {
			return err
		}
		r.work.add(func(ctx context.Context) error { return r.finalize(ctx, f) })
		return nil
	}
	if err := r.reserve(f); err != nil {
		return err
	}
	if f.entry.Size < preallocateFrom || len(f.holes) > 0 || r.objects != nil {
		return r.expectFile(f)
	}
	r.awaitAnswer()
	r.work.add(func(context.Context) error { return r.preallocate(f) })
	return nil
}

// expectFile expects a file and asks for it.
func (r *receiver) expectFile(f *gotFile) error {
	n, err := r.leaveHoles(f)
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.resumed = n
	if !f.phase.over() {
		err = f.enter(receiving)
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	r.bytesResumed.Add(n)
	for _, g := range f.holes.Missing(f.entry.Size) {
		if err := r.data.Expect(engine.Range{Offset: f.start + g.Offset, Length: g.Length}); err != nil {
			return err
		}
	}
	return r.conn.send(&control.Want{Index: f.index})
}
