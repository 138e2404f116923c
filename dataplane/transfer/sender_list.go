package transfer

import (
	"context"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

func (s *sender) stopListing() {
	s.mu.Lock()
	s.over = true
	s.room.Broadcast()
	s.mu.Unlock()
}

// list sends the manifest.
func (s *sender) list(ctx context.Context) error {
	list := s.listRoots
	if s.stream != nil {
		list = s.listStream
	}
	if err := list(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	end := &control.End{Entries: uint64(len(s.files)), Bytes: uint64(s.bytesExpected.Load())}
	s.listed = true
	s.mu.Unlock()
	s.known.Store(true)
	if err := s.conn.send(end); err != nil {
		return err
	}
	s.closeIfDecided()
	return nil
}

// listRoots walks the roots.
func (s *sender) listRoots(ctx context.Context) error {
	filters, err := manifest.NewFilters(s.options.Filters)
	if err != nil {
		return err
	}
	w := walker{options: s.options, filters: filters, emit: s.announce}
	if s.encrypt != nil {
		w.options.Sparse = false // An encrypted file has no holes.
	}
	if err := w.walk(ctx, s.roots); err != nil || s.moreRoots == nil {
		return err
	}
	for i := 0; ; i++ {
		root, ok, err := s.moreRoots(ctx, i)
		if err != nil || !ok {
			return err
		}
		if err := w.walk(ctx, []Root{root}); err != nil {
			return err
		}
	}
}

func (s *sender) announce(e found) error {
	if !manifest.Share(&e.Entry, s.options, s.encrypt == nil) {
		return nil
	}
	s.maskEntry(&e)
	s.encryptEntry(&e)
	if len(e.Path) > control.MaxPath {
		e.Entry = control.Entry{
			Kind: control.KindFailed, Path: e.Path[:control.MaxPath-4] + "...",
			Code: uint32(fail.BadPath), Text: "path is too long",
		}
	}
	f := &sentFile{found: e, began: time.Now(), holes: manifest.Holes(&e.Entry), part: manifest.Part(&e.Entry)}
	f.weight = manifest.Weight(&e.Entry)
	f.Attributes = nil // They are not needed once they are sent.
	s.mu.Lock()
	for (s.open >= manifest.MostOpen || s.open > 0 && s.openBytes+f.weight > manifest.MostOpenBytes) && !s.over {
		s.room.Wait()
	}
	if e.Size > engine.MaxOffset-chunk.Size-s.end {
		s.mu.Unlock()
		return fail.New(fail.FileTooBig, "the files of one session exceed %d bytes", engine.MaxOffset)
	}
	if len(s.files) >= control.MaxEntries {
		s.mu.Unlock()
		return fail.New(fail.Usage, "more than %d files and folders in one session, send them in several", control.MaxEntries)
	}
	f.index, f.start, f.slot = uint64(len(s.files)), chunk.Place(s.end, e.Size), len(s.space)
	s.files = append(s.files, f)
	if e.Kind.IsFile() {
		s.open++
		s.openBytes += f.weight
		s.undecided++
		s.end = f.start + e.Size
		if e.Size > 0 {
			s.space = append(s.space, source{start: f.start, end: s.end, file: f})
		}
	} else {
		f.decided = true
	}
	s.mu.Unlock()

	switch e.Kind {
	case control.KindFile, control.KindLink:
		s.filesExpected.Add(1)
		s.bytesExpected.Add(e.Size)
	case control.KindFolder:
		s.folders.Add(1)
	case control.KindFailed:
		s.filesExpected.Add(1)
		s.filesFailed.Add(1)
		s.report(f, FileEvent{Err: &fail.Error{Code: fail.Code(e.Code), Text: e.Text}})
		if s.mask != nil {
			e.Text = "a file was not sent" // what is told here names it
		}
	}
	return s.conn.send(&e.Entry)
}
