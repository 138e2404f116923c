package gateway

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/ticket"
)

// content is what a download gives.
type content struct {
	session *session
	entries []transfer.DownloadEntry
	file    int // the entry of a single file; -1 is an archive of all
	name    string
	size    int64 // -1 is unknown
	etag    string
	changed time.Time
	plain   bool // the client reads no other name than one in ASCII
}

// openContent opens a session with the node and finds out what a ticket gives. done ends the session.
func (s *Server) openContent(r *http.Request, t ticket.Ticket) (c *content, done func(), err error) {
	leave, err := s.bounds.admit(address.Client(r, s.proxies))
	if err != nil {
		return nil, nil, err
	}
	session, err := s.openDownload(r.Context(), t.Spec)
	if err != nil {
		leave()
		return nil, nil, err
	}
	done = func() {
		session.close(errClosed)
		leave()
	}
	if c, err = session.content(r, t); err != nil {
		done()
		return nil, nil, err
	}
	return c, done, nil
}

// content waits for the list of files and finds out what to give.
func (x *session) content(r *http.Request, t ticket.Ticket) (*content, error) {
	entries, complete, err := x.Download.List(r.Context())
	if err != nil && !complete {
		return nil, err
	}
	for _, e := range entries {
		if e.Err != nil {
			return nil, e.Err
		}
	}
	c := &content{session: x, entries: entries, file: -1, size: -1}
	if !t.Zip && len(entries) == 1 && !entries[0].Folder {
		c.file, c.size, c.changed = 0, entries[0].Size, entries[0].ModTime
		c.name = cmp.Or(t.Name, path.Base(entries[0].Path))
	} else if c.name = cmp.Or(t.Name, "files"); !strings.HasSuffix(strings.ToLower(c.name), ".zip") {
		c.name += ".zip"
	}
	if !complete {
		return c, nil
	}
	if c.file < 0 {
		if c.size, err = archiveLength(entries); err != nil {
			return nil, err
		}
	}
	c.etag = etagOf(c.file < 0, entries)
	return c, nil
}

// etagOf stands for the content: the same files, of the same sizes and times, in the same form.
func etagOf(zip bool, entries []transfer.DownloadEntry) string {
	h := sha256.New()
	fmt.Fprintf(h, "1 %v\n", zip)
	for _, e := range entries {
		h.Write([]byte(e.Path))
		h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte{0}, uint64(e.Size)),
			uint64(e.ModTime.UnixNano())))
	}
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// serve answers with a content, or the part of it that is asked for.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *content) {
	h := w.Header()
	h.Set("Content-Disposition", disposition(c.name))
	if c.plain {
		plain, _, _ := strings.Cut(disposition(c.name), "; filename*=")
		h.Set("Content-Disposition", plain)
	}
	h.Set("Content-Type", "application/octet-stream")
	if c.file < 0 {
		h.Set("Content-Type", "application/zip")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox")
	h.Set("Cache-Control", "private, no-cache")
	if !c.changed.IsZero() {
		h.Set("Last-Modified", c.changed.UTC().Format(http.TimeFormat))
	}
	want, status := span{0, c.size}, http.StatusOK
	if c.etag != "" {
		h.Set("ETag", c.etag)
		h.Set("Accept-Ranges", "bytes")
		if condition := r.Header.Get("If-Range"); condition == "" || condition == c.etag {
			part, ok, err := parseRange(r.Header.Get("Range"), c.size)
			if err != nil {
				h.Set("Content-Range", "bytes */"+strconv.FormatInt(c.size, 10))
				s.refusePerson(w, r, newProblem(http.StatusRequestedRangeNotSatisfiable, "bad_range",
					"The part that was asked for is not in the file."))
				return
			}
			if ok {
				want, status = part, http.StatusPartialContent
				h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.from, part.to-1, c.size))
			}
		}
	}
	if c.size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(want.to-want.from, 10))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	out := &patient{w: w, control: http.NewResponseController(w)}
	err := c.write(r, out, want)
	s.bounds.bytes.WithLabelValues("out").Add(float64(out.n))
	if err != nil {
		s.log.InfoContext(r.Context(), "download broke off", "request", process.RequestID(r.Context()), "bytes",
			out.n, "error", err)
		panic(http.ErrAbortHandler) // The client has to see that it is not whole.
	}
}

// write writes a span of a content.
func (c *content) write(r *http.Request, w io.Writer, want span) error {
	d := c.session.Download
	if c.file >= 0 {
		if err := d.Ask(c.file, want.from, want.to); err != nil {
			return err
		}
		if _, err := d.WriteTo(r.Context(), c.file, w); err != nil {
			return err
		}
		return c.session.finish(r)
	}
	if c.size >= 0 && want.to < c.size || want.from > 0 {
		w = &cut{w: w, want: want, stops: want.to < c.size}
	}
	switch err := writeArchive(r.Context(), d, w); {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return err
	}
	return c.session.finish(r)
}

// finish waits for the end of a session all of whose files were taken, so that the node knows it as complete.
func (x *session) finish(r *http.Request) error {
	select {
	case <-x.ended:
		return x.err
	case <-r.Context().Done():
		return nil // All has been given.
	}
}
