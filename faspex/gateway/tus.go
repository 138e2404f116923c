package gateway

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // A checksum of the tus protocol, against mishaps.
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// The tus 1.0 protocol, core and checksum, on the files of an upload session. The library tusd is not used: its store
// owns creation, locks and ids of single files, while here a session with a node, its manifest and its verification
// span all files, and the offset is the node's word. What is left of the protocol are two methods.

const (
	tusVersion = "1.0.0"
	// bodyIdle is how long a body may stand still.
	bodyIdle = 2 * time.Minute
	// mostHeld is how long a chunk with a checksum may be to be kept until that is known; heldChunks is how many are
	// at a time.
	mostHeld   = 16 << 20
	heldChunks = 2
	// statusChecksum is what tus answers to a checksum that does not match.
	statusChecksum = 460
)

func tusOptions(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Tus-Resumable", tusVersion)
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", "checksum")
	h.Set("Tus-Checksum-Algorithm", "sha1,sha256")
	w.WriteHeader(http.StatusNoContent)
}

// patch is a request that gives bytes of a file.
type patch struct {
	stop  func()
	ended chan struct{}
}

// withFile finds the file of a request.
func (s *Server) withFile(next func(http.ResponseWriter, *http.Request, *upload, *uploadFile)) http.HandlerFunc {
	return s.withUpload(func(w http.ResponseWriter, r *http.Request, u *upload) {
		if v := r.Header.Get("Tus-Resumable"); v != "" && v != tusVersion {
			w.Header().Set("Tus-Version", tusVersion)
			s.refuse(w, r, newProblem(http.StatusPreconditionFailed, "bad_request",
				"This server speaks version 1.0.0 of tus."))
			return
		}
		i, err := strconv.Atoi(r.PathValue("file"))
		if err != nil || i < 0 || i >= len(u.files) {
			s.refuse(w, r, newProblem(http.StatusNotFound, "not_found", "The upload has no such file."))
			return
		}
		next(w, r, u, u.files[i])
	})
}

// overridden is for clients that can't say PATCH.
func (s *Server) overridden(w http.ResponseWriter, r *http.Request, u *upload, f *uploadFile) {
	if r.Header.Get("X-HTTP-Method-Override") != http.MethodPatch {
		s.refuse(w, r, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "Bytes of a file come by PATCH."))
		return
	}
	s.patchFile(w, r, u, f)
}

// headFile tells where a file goes on.
func (s *Server) headFile(w http.ResponseWriter, r *http.Request, u *upload, f *uploadFile) {
	f.interrupt()
	off, err := u.Upload.Offset(r.Context(), f.entry)
	if err != nil {
		p := *problemOf(u.lost(err))
		if u.isOver() {
			p.Status = http.StatusGone // The answer has no body that would tell more.
		}
		s.refuse(w, r, &p)
		return
	}
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(off, 10))
	h.Set("Upload-Length", strconv.FormatInt(f.size, 10))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// interrupt ends the request that gives bytes of a file, if there is one: its client may be gone without anybody
// having noticed.
func (f *uploadFile) interrupt() {
	f.mu.Lock()
	current := f.current
	f.mu.Unlock()
	if current != nil {
		current.stop()
		<-current.ended
	}
}

// begin makes a request the one that gives bytes of a file, instead of the one before.
func (f *uploadFile) begin(p *patch) {
	for {
		f.mu.Lock()
		before := f.current
		if before == nil {
			f.current = p
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
		before.stop()
		<-before.ended
	}
}

func (f *uploadFile) end(p *patch) {
	f.mu.Lock()
	f.current = nil
	f.mu.Unlock()
	close(p.ended)
}

// patchFile takes bytes of a file.
func (s *Server) patchFile(w http.ResponseWriter, r *http.Request, u *upload, f *uploadFile) {
	off, check, err := patchHeaders(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // One that can't be set bounds the request.
	p := &patch{ended: make(chan struct{}), stop: func() {
		cancel()
		_ = control.SetReadDeadline(time.Unix(1, 0))
	}}
	f.begin(p)
	n, err := s.give(ctx, u, f, off, r.ContentLength, check, &patchBody{r: r.Body, control: control, ctx: ctx})
	s.bounds.bytes.WithLabelValues("in").Add(float64(n))
	f.end(p)
	now := u.Upload.State(f.entry)
	if now.Known {
		w.Header().Set("Upload-Offset", strconv.FormatInt(now.Offset, 10))
	}
	if err != nil {
		w.Header().Set("Connection", "close") // What is left of the body is not read.
		s.refuse(w, r, u.lost(err))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

func patchHeaders(r *http.Request) (off int64, check *checksum, err error) {
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"),
		";"); strings.TrimSpace(t) != "application/offset+octet-stream" {
		return 0, nil, newProblem(http.StatusUnsupportedMediaType, "bad_request",
			"The bytes of a file come as application/offset+octet-stream.")
	}
	off, err = strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || off < 0 {
		return 0, nil, newProblem(http.StatusBadRequest, "bad_request", "Upload-Offset says where the bytes begin.")
	}
	if text := r.Header.Get("Upload-Checksum"); text != "" {
		if check, err = parseChecksum(text); err != nil {
			return 0, nil, err
		}
	}
	return off, check, nil
}

// give gives the bytes of a body to the upload.
func (s *Server) give(ctx context.Context, u *upload, f *uploadFile, off, length int64, check *checksum,
	b io.Reader) (int64, error) {
	now, err := u.Upload.Offset(ctx, f.entry)
	switch {
	case err != nil:
		return 0, err
	case off != now:
		return 0, newProblem(http.StatusConflict, "offset_mismatch", "The file goes on at "+strconv.FormatInt(now,
			10)+".")
	case length > f.size-off:
		return 0, newProblem(http.StatusRequestEntityTooLarge, "too_long",
			"The file has more bytes than were announced.")
	case check == nil:
		return u.Upload.ReadFrom(ctx, f.entry, off, b)
	case length < 0 || length > mostHeld:
		return 0, newProblem(http.StatusRequestEntityTooLarge, "too_long",
			"A chunk with a checksum tells its length, which is at most 16 MiB.")
	}
	select {
	case s.held <- struct{}{}:
		defer func() { <-s.held }()
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	chunk := make([]byte, length)
	if _, err := io.ReadFull(b, chunk); err != nil {
		return 0, err
	}
	check.hash.Write(chunk)
	if !bytes.Equal(check.hash.Sum(nil), check.want) {
		return 0, newProblem(statusChecksum, "checksum_mismatch",
			"The bytes are not those that their checksum is of. They were not taken.")
	}
	return u.Upload.ReadFrom(ctx, f.entry, off, bytes.NewReader(chunk))
}

// checksum is an Upload-Checksum.
type checksum struct {
	hash hash.Hash
	want []byte
}

func parseChecksum(text string) (*checksum, error) {
	name, value, _ := strings.Cut(text, " ")
	c := &checksum{}
	switch name {
	case "sha1":
		c.hash = sha1.New() //nolint:gosec // see the import
	case "sha256":
		c.hash = sha256.New()
	default:
		return nil, newProblem(http.StatusBadRequest, "bad_request",
			"Upload-Checksum is sha1 or sha256, a space and base64.")
	}
	want, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(want) != c.hash.Size() {
		return nil, newProblem(http.StatusBadRequest, "bad_request",
			"Upload-Checksum is sha1 or sha256, a space and base64.")
	}
	c.want = want
	return c, nil
}

// patchBody is the body of a request that may take as long as it likes, if it does not stand still.
type patchBody struct {
	r       io.Reader
	control *http.ResponseController
	ctx     context.Context //nolint:containedctx // of the request that the body belongs to
	until   time.Time
}

func (b *patchBody) Read(p []byte) (int, error) {
	if now := time.Now(); b.until.Sub(now) < bodyIdle/2 {
		b.until = now.Add(bodyIdle)
		_ = b.control.SetReadDeadline(b.until) // One that can't be set bounds the request.
	}
	// It is looked at after the deadline is set, for who stops the request cancels first and then ends the deadline:
	// whichever of the two deadlines is later, the body is not waited for.
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	n, err := b.r.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = newProblem(http.StatusRequestTimeout, "request_timeout",
			"The bytes did not come, or another request goes on with the file.")
	}
	return n, err
}
