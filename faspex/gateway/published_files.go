package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transferspec"
)

// sequence is an upload whose files come one after the other, each with its size first. All of them go through one
// session with the node, so that a package is complete when all of them are there.
type sequence struct {
	*session
	server  *Server
	files   []announcedFile
	begun   []bool
	folders map[string]bool // that were announced

	current int // index in files; -1 between files
	entry   int // of the current file, in the session
	size    int64
	at      int64 // bytes of it that came
	skip    int64 // of these the node has already
}

// beginSequence opens the session with the node.
func (s *Server) beginSequence(ctx context.Context, spec transferspec.Spec) (*sequence, error) {
	files, err := announcedFiles(spec)
	if err != nil {
		return nil, err
	}
	folders := map[string]bool{}
	for _, f := range files {
		for folder := path.Dir(f.path); folder != "." && !folders[folder]; folder = path.Dir(folder) {
			folders[folder] = true
		}
	}
	u, err := transfer.NewOpenUpload(s.memory, len(files)+len(folders))
	if err != nil {
		return nil, err
	}
	q := &sequence{server: s, files: files, begun: make([]bool, len(files)), folders: map[string]bool{}, current: -1}
	if q.session, err = s.openUpload(ctx, spec, u); err != nil {
		return nil, err
	}
	return q, nil
}

// find is the index of a file that is announced by its index or, if that is not the file's, by its name.
func (q *sequence) find(index int, name string) (int, error) {
	if index >= 0 && index < len(q.files) && !q.begun[index] && (name == "" || q.files[index].source == name) {
		return index, nil
	}
	for i, f := range q.files {
		if !q.begun[i] && f.source == name {
			return i, nil
		}
	}
	if index >= 0 && index < len(q.files) && !q.begun[index] {
		return index, nil
	}
	return 0, newProblem(http.StatusBadRequest, "bad_request", "A file came that the transfer spec does not list.")
}

// begin begins a file. Files of the list before it that did not come are empty: clients send no slice of those.
func (q *sequence) begin(ctx context.Context, index int, size int64) error {
	if q.current >= 0 {
		return newProblem(http.StatusBadRequest, "bad_request", "A file came before the one before it was whole.")
	}
	for i := range index {
		if err := q.empty(i); err != nil {
			return err
		}
	}
	entry, err := q.add(index, size)
	if err != nil {
		return err
	}
	if size == 0 {
		return nil
	}
	q.current, q.entry, q.size, q.at = index, entry, size, 0
	if q.skip, err = q.Upload.Offset(ctx, entry); err != nil {
		return q.cause(err)
	}
	return nil
}

func (q *sequence) empty(index int) error {
	if q.begun[index] {
		return nil
	}
	_, err := q.add(index, 0)
	return err
}

func (q *sequence) add(index int, size int64) (entry int, err error) {
	q.begun[index] = true
	if err := q.makeFolder(path.Dir(q.files[index].path)); err != nil {
		return 0, err
	}
	entry, err = q.Upload.Add(transfer.UploadEntry{Path: q.files[index].path, Size: size})
	return entry, q.cause(err)
}

// makeFolder announces a folder, and before it those that hold it.
func (q *sequence) makeFolder(folder string) error {
	if folder == "." || q.folders[folder] {
		return nil
	}
	if err := q.makeFolder(path.Dir(folder)); err != nil {
		return err
	}
	q.folders[folder] = true
	_, err := q.Upload.Add(transfer.UploadEntry{Path: folder, Folder: true})
	return q.cause(err)
}

// give takes bytes of the current file.
func (q *sequence) give(ctx context.Context, r io.Reader) error {
	if q.current < 0 {
		// A client that fails here is met again when it is asked for more.
		if more, _ := io.ReadFull(r, make([]byte, 1)); more == 0 {
			return nil // A slice of an empty file.
		}
		return newProblem(http.StatusBadRequest, "bad_request", "Bytes came that belong to no file.")
	}
	if dropped := min(q.skip-q.at, q.size-q.at); dropped > 0 {
		n, err := io.CopyN(io.Discard, r, dropped)
		q.at += n
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	n, err := q.Upload.ReadFrom(ctx, q.entry, q.at, r)
	q.server.bounds.bytes.WithLabelValues("in").Add(float64(n))
	q.at += n
	if err != nil {
		return q.cause(err)
	}
	if q.at == q.size {
		// What the node had all of takes nothing, and so notices nothing that is too much. A client that fails here has
		// given all of the file.
		if more, _ := io.ReadFull(r, make([]byte, 1)); more > 0 {
			return q.cause(transfer.ErrTooLong)
		}
		q.current = -1
	}
	return nil
}

// isWhole says that every file of the list has come.
func (q *sequence) isWhole() bool {
	for _, begun := range q.begun {
		if !begun {
			return false
		}
	}
	return q.current < 0
}

// finish adds the files that did not come, as empty ones, and waits until the node has verified and named all.
func (q *sequence) finish(ctx context.Context) error {
	if q.current >= 0 {
		return newProblem(http.StatusBadRequest, "incomplete", "The client ended the upload in the middle of a file.")
	}
	for i := range q.files {
		if err := q.empty(i); err != nil {
			return err
		}
	}
	q.Upload.Close()
	select {
	case <-q.ended:
		return q.failure()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// cause is why the session has failed, if it has: that says more than err.
func (q *sequence) cause(err error) error {
	if err == nil || !q.isOver() {
		return err
	}
	if failure := q.failure(); failure != nil {
		return failure
	}
	return err
}

// failure is why a session that is over failed: where a file did, that says more.
func (q *sequence) failure() error {
	if q.err == nil {
		return nil
	}
	for entry := range q.Upload.Len() {
		if err := q.Upload.State(entry).Err; err != nil && q.sum.FilesFailed > 0 {
			return err
		}
	}
	return q.err
}
