package transfer

import (
	"errors"
	"io"
	"sort"

	"faspex.io/operator/dataplane/transfer/fail"
)

// ReadAt gives the engine bytes of the transfer space, and hashes those that it asks for for the first time. A file
// that can't be read gives zeros and fails by itself.
func (s *sender) ReadAt(p []byte, off int64) (int, error) {
	var few [4]piece[*sentFile]
	pieces := few[:0]
	for n := 0; n < len(p); {
		at, ok := s.at(off)
		if !ok {
			return 0, io.ErrUnexpectedEOF
		}
		part := p[n:min(len(p), n+int(min(at.end-off, int64(len(p)))))]
		if at.file == nil {
			clear(part) // The receiver has it.
		} else {
			pieces = append(pieces, piece[*sentFile]{file: at.file, b: part, off: off - at.start})
		}
		n += len(part)
		off += int64(len(part))
	}
	if err := eachPiece(pieces, func(p piece[*sentFile]) error { return s.read(p.file, p.b, p.off) }); err != nil {
		return 0, err
	}
	return len(p), nil
}

// read reads bytes of a file. Its error is the session's.
func (s *sender) read(f *sentFile, part []byte, off int64) error {
	if s.stream != nil {
		s.stream.files[f.index].readAt(part, off)
		return nil
	}
	var lost error
	err := s.withSource(f, int64(len(part)) == f.Size, func(file sourceFile) error {
		if got, err := file.ReadAt(part, off); got < len(part) {
			return err
		}
		lost = s.passed(f, file, part, off)
		return nil
	})
	if err == nil {
		return lost
	}
	clear(part)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errChanged(f)
	}
	f.fail(fail.File(f.Path, err, fail.DiskRead))
	return s.sayFailure(f)
}

// withSource calls fn with a file of the manifest. One that is read at once is not kept open.
func (s *sender) withSource(f *sentFile, once bool, fn func(sourceFile) error) error {
	if !once {
		return s.handles.use(f.index, fn)
	}
	file, err := s.openSource(f)
	if err != nil {
		return err
	}
	defer file.Close()
	return fn(file)
}

func (s *sender) at(off int64) (source, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := sort.Search(len(s.space), func(i int) bool { return s.space[i].start > off }) - 1
	if i < 0 || off >= s.space[i].end {
		return source{}, false
	}
	return s.space[i], true
}

func errChanged(f *sentFile) *fail.Error {
	return fail.New(fail.DiskRead, "%s: the file changed while it was read", f.Path)
}
