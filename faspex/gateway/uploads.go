package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/address"
)

const (
	// mostManifest bounds the body that begins an upload: 100,000 files with long names fit.
	mostManifest = 64 << 20
	// tellWithin is how long the answer to that waits for what nodes have of the files.
	tellWithin = 20 * time.Second
	// mostAwaited is how many files are waited for: nodes are told of more only when some of these are done.
	mostAwaited = transfer.MostListed / 2
)

// uploads are the upload sessions by id.
type uploads struct {
	mu   sync.Mutex
	byID map[string]*upload
}

// upload is a session of the page: files that come by tus.
type upload struct {
	*session
	id    string
	files []*uploadFile
	bytes int64
	leave func() // the client's count

	active  atomic.Int32 // requests
	lastUse atomic.Int64 // nanoseconds since 1970
}

// uploadFile is a file of an upload.
type uploadFile struct {
	path  string
	size  int64
	entry int // in session.Upload

	mu      sync.Mutex
	current *patch // the request that gives bytes
}

type createRequest struct {
	Spec  transferspec.Spec `json:"transfer_spec"`
	Files []struct {
		Path string `json:"path"`
		Size int64  `json:"size"`
		// ModTime is in seconds since 1970, with three decimals.
		ModTime float64 `json:"mtime"`
	} `json:"files"`
	Folders []string `json:"folders"`
}

type createdFile struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	// Offset is null if the node has not told yet: HEAD tells it.
	Offset *int64 `json:"offset"`
	URL    string `json:"url"`
}

type createdUpload struct {
	ID    string        `json:"id"`
	Files []createdFile `json:"files"`
}

func (s *Server) registerUploads(mux *http.ServeMux) {
	const sessions = Base + "/sessions"
	mux.HandleFunc("POST "+sessions, s.createUpload)
	mux.HandleFunc("GET "+sessions+"/{session}", s.withUpload(s.showUpload))
	mux.HandleFunc("DELETE "+sessions+"/{session}", s.withUpload(s.deleteUpload))
	mux.HandleFunc("POST "+sessions+"/{session}/complete", s.withUpload(s.completeUpload))
	file := sessions + "/{session}/files/{file}"
	mux.HandleFunc("HEAD "+file, s.withFile(s.headFile))
	mux.HandleFunc("PATCH "+file, s.withFile(s.patchFile))
	mux.HandleFunc("POST "+file, s.withFile(s.overridden))
	for _, path := range []string{sessions, sessions + "/{session}", file} {
		mux.HandleFunc("OPTIONS "+path, tusOptions)
	}
}

// createUpload begins a session with the node and tells where each file goes on.
func (s *Server) createUpload(w http.ResponseWriter, r *http.Request) {
	leave, err := s.bounds.admit(address.Client(r, s.proxies))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	u, err := s.beginUpload(w, r)
	if err != nil {
		leave()
		s.refuse(w, r, err)
		return
	}
	u.leave = leave
	s.uploads.add(u)
	defer u.use()()
	created := createdUpload{ID: u.id, Files: make([]createdFile, 0, len(u.files))}
	for i, f := range u.files {
		told := createdFile{Path: f.path, Size: f.size, URL: Base + "/sessions/" + u.id + "/files/" + strconv.Itoa(i)}
		if state := u.Upload.State(f.entry); state.Known {
			told.Offset = &state.Offset
		}
		created.Files = append(created.Files, told)
	}
	answer(w, http.StatusCreated, created)
}

func (s *Server) beginUpload(w http.ResponseWriter, r *http.Request) (*upload, error) {
	var asked createRequest
	if err := readJSON(w, r, &asked, mostManifest); err != nil {
		return nil, err
	}
	u := &upload{id: newID()}
	names := namesOf(asked.Spec)
	entries := make([]transfer.UploadEntry, 0, len(asked.Folders)+len(asked.Files))
	for _, folder := range asked.Folders {
		entries = append(entries, transfer.UploadEntry{Path: names.folder(folder), Folder: true})
	}
	for _, f := range asked.Files {
		u.files = append(u.files, &uploadFile{path: f.Path, size: f.Size, entry: len(entries)})
		u.bytes += f.Size
		entries = append(entries, transfer.UploadEntry{Path: names.file(f.Path), Size: f.Size,
			ModTime: timeOf(f.ModTime)})
	}
	if len(entries) == 0 {
		return nil, newProblem(http.StatusBadRequest, "bad_request", "There is no file and no folder to send.")
	}
	sent, err := transfer.NewUpload(s.memory, entries)
	if err != nil {
		return nil, err
	}
	if u.session, err = s.openUpload(r.Context(), asked.Spec, sent); err != nil {
		return nil, err
	}
	if err := u.awaitOffsets(r.Context()); err != nil {
		u.close(err)
		return nil, err
	}
	return u, nil
}

// awaitOffsets waits a while for what the node has of the files. A file that it does not take ends the whole.
func (u *upload) awaitOffsets(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, tellWithin)
	defer cancel()
	for _, f := range u.files[:min(len(u.files), mostAwaited)] {
		_, err := u.Upload.Offset(ctx, f.entry)
		if err != nil && ctx.Err() != nil && parent.Err() == nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// timeOf is a time of whole milliseconds; 0 is none.
func timeOf(seconds float64) time.Time {
	if seconds == 0 || math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}

func newID() string { return rand.Text() }

// readJSON reads a body of at most so many bytes.
func readJSON(w http.ResponseWriter, r *http.Request, v any, most int64) error {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(v)
	var tooLong *http.MaxBytesError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &tooLong):
		return newProblem(http.StatusRequestEntityTooLarge, "too_long",
			"The list of files is too long: send them in several packages.")
	case errors.As(err, &wrong):
		return newProblem(http.StatusBadRequest, "bad_request", "The field "+wrong.Field+" has a wrong type.")
	case err != nil:
		return newProblem(http.StatusBadRequest, "bad_request", "The body is not JSON.")
	}
	return nil
}

func (l *uploads) add(u *upload) {
	u.touch()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byID[u.id] = u
}

func (l *uploads) find(id string) *upload {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byID[id]
}

func (l *uploads) remove(u *upload) {
	l.mu.Lock()
	delete(l.byID, u.id)
	l.mu.Unlock()
	u.leave()
}

func (u *upload) touch() { u.lastUse.Store(time.Now().UnixNano()) }

// use counts a request; the returned function ends it.
func (u *upload) use() (done func()) {
	u.active.Add(1)
	return func() {
		u.touch()
		u.active.Add(-1)
	}
}

// expire ends sessions that nobody asks for any more, and forgets tickets that have expired.
func (s *Server) expire() {
	tick := time.NewTicker(min(s.idle/4, 30*time.Second))
	defer tick.Stop()
	for {
		select {
		case <-s.living.Done():
			return
		case now := <-tick.C:
			s.used.expire(now)
			for _, u := range s.uploads.idle(now.Add(-s.idle)) {
				s.uploads.remove(u)
				u.cancel(errClosed)
			}
		}
	}
}

func (l *uploads) idle(since time.Time) []*upload {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []*upload
	for _, u := range l.byID {
		if u.active.Load() == 0 && u.lastUse.Load() < since.UnixNano() {
			out = append(out, u)
		}
	}
	return out
}

// withUpload finds the session of a request.
func (s *Server) withUpload(next func(http.ResponseWriter, *http.Request, *upload)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Tus-Resumable", tusVersion)
		u := s.uploads.find(r.PathValue("session"))
		if u == nil {
			s.refuse(w, r, newProblem(http.StatusNotFound, "session_unknown",
				"This upload is not known any more. It can be gone on with by a new one: what has arrived is kept."))
			return
		}
		defer u.use()()
		next(w, r, u)
	}
}

type fileState struct {
	Path   string     `json:"path"`
	Offset int64      `json:"offset"`
	Status string     `json:"status"`
	Error  *errorBody `json:"error,omitempty"`
}

type uploadState struct {
	Status string      `json:"status"`
	Error  *errorBody  `json:"error"`
	Count  int         `json:"count"`
	Files  []fileState `json:"files,omitempty"`
}

// fewFiles is how many files are shown without being asked for.
const fewFiles = 1000

// showUpload tells how far an upload is.
func (s *Server) showUpload(w http.ResponseWriter, r *http.Request, u *upload) {
	state := uploadState{Status: "running", Count: len(u.files)}
	if u.isOver() {
		state.Status = "completed"
		if u.err != nil {
			p := problemOf(u.failure())
			state.Status, state.Error = "failed", &errorBody{p.Code, p.Message}
		}
	}
	if len(u.files) <= fewFiles || r.URL.Query().Get("files") == "true" {
		for _, f := range u.files {
			state.Files = append(state.Files, u.state(f))
		}
	}
	answer(w, http.StatusOK, state)
}

func (u *upload) state(f *uploadFile) fileState {
	now := u.Upload.State(f.entry)
	out := fileState{Path: f.path, Offset: now.Offset, Status: "running"}
	switch {
	case now.Err != nil:
		p := problemOf(now.Err)
		out.Status, out.Error = "failed", &errorBody{p.Code, p.Message}
	case now.Done:
		out.Status = "completed"
	}
	return out
}

// failure is why a session failed: where files did, the first of them says more.
func (u *upload) failure() error {
	for _, f := range u.files {
		if err := u.Upload.State(f.entry).Err; err != nil {
			return err
		}
	}
	return u.err
}

// lost makes of the loss of the node what a client has to know: that this session is over, and another one goes on
// with it.
func (u *upload) lost(err error) error {
	if p := problemOf(err); p.Code == "node_unreachable" {
		return &Problem{Status: http.StatusGone, Code: "session_ended", Err: p.Err,
			Message: "The connection to the transfer node was lost. A new upload goes on with this one: what has arrived " +
				"is kept."}
	}
	return err
}

// deleteUpload ends an upload; what the node has of files that are not whole is kept.
func (s *Server) deleteUpload(w http.ResponseWriter, _ *http.Request, u *upload) {
	s.uploads.remove(u)
	u.close(errClosed)
	w.WriteHeader(http.StatusNoContent)
}

type completed struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// completeUpload waits until the node has verified and named all files.
func (s *Server) completeUpload(w http.ResponseWriter, r *http.Request, u *upload) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // One that can't be set bounds the waiting.
	if !u.isOver() {
		for _, f := range u.files {
			if now := u.Upload.State(f.entry); now.Err == nil && now.Offset < f.size {
				s.refuse(w, r, newProblem(http.StatusConflict, "offset_mismatch",
					"The file "+f.path+" has not arrived completely."))
				return
			}
		}
	}
	select {
	case <-u.ended:
	case <-r.Context().Done():
		return
	}
	if u.err != nil {
		s.refuse(w, r, u.lost(u.failure()))
		return
	}
	answer(w, http.StatusOK, completed{Files: len(u.files), Bytes: u.bytes})
}
