package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/ticket"
)

func (s *Server) registerTickets(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Base+"/tickets/{ticket}", s.redeem) // GET is HEAD, too.
}

// usedTickets are the tickets whose download has begun.
type usedTickets struct {
	mu   sync.Mutex
	byID map[string]usedTicket
}

type usedTicket struct {
	etag    string // empty while the first answer is made
	expires time.Time
}

var errTicketUsed = newProblem(http.StatusGone, "ticket_used",
	"This download address was used already. Start the download again from the package.")

// begin takes a ticket that was not used, or one that goes on with what it began: etag is that of what it goes on
// with, then.
func (u *usedTickets) begin(t ticket.Ticket, r *http.Request) (etag string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	used, ok := u.byID[t.ID]
	if !ok {
		if r.Method == http.MethodGet {
			u.byID[t.ID] = usedTicket{expires: t.Expires}
		}
		return "", nil
	}
	named := r.Header.Get("If-Range") == used.etag || slices.Contains(etags(r.Header.Get("If-Match")), used.etag)
	if used.etag == "" || !named || r.Header.Get("Range") == "" && r.Header.Get("If-Range") == "" {
		return "", errTicketUsed
	}
	return used.etag, nil
}

// etags are those of a list.
func etags(list string) []string {
	var out []string
	for e := range strings.SplitSeq(list, ",") {
		out = append(out, strings.TrimSpace(e))
	}
	return out
}

// settle says what a ticket gave; empty is nothing, so that it can be used again.
func (u *usedTickets) settle(t ticket.Ticket, etag string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if etag == "" {
		delete(u.byID, t.ID)
		return
	}
	u.byID[t.ID] = usedTicket{etag: etag, expires: t.Expires}
}

func (u *usedTickets) expire(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, t := range u.byID {
		if now.After(t.expires) {
			delete(u.byID, id)
		}
	}
}

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

// redeem gives what a ticket is for.
func (s *Server) redeem(w http.ResponseWriter, r *http.Request) {
	t, err := ticket.Open(s.ring, r.PathValue("ticket"), time.Now())
	switch {
	case errors.Is(err, ticket.ErrExpired):
		s.refusePerson(w, r, newProblem(http.StatusGone, "ticket_expired",
			"This download address is not valid any more. Start the download again from the package."))
		return
	case err != nil:
		s.refusePerson(w, r, newProblem(http.StatusNotFound, "ticket_invalid",
			"There is no such download. Start it again from the package."))
		return
	}
	before, err := s.used.begin(t, r)
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	first, etag := before == "" && r.Method == http.MethodGet, before
	if first {
		defer func() { s.used.settle(t, etag) }()
	}
	leave, err := s.bounds.admit(address.Client(r, s.proxies))
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	defer leave()
	session, err := s.openDownload(r.Context(), t.Spec)
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	defer session.close(errClosed)
	c, err := session.content(r, t)
	if err == nil && before != "" && c.etag != before {
		err = newProblem(http.StatusPreconditionFailed, "file_changed",
			"The files have changed since the download began. Start it again from the package.")
	}
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	if etag = c.etag; etag == "" {
		etag = `"-"` // Nothing goes on with it.
	}
	if first {
		s.used.settle(t, etag) // A download that breaks can be gone on with at once.
	}
	s.serve(w, r, c)
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
	c := &content{session: x, entries: entries, file: -1, name: t.Name, size: -1}
	if !t.Zip && len(entries) == 1 && !entries[0].Folder {
		c.file, c.size, c.changed = 0, entries[0].Size, entries[0].ModTime
		if c.name == "" {
			c.name = path.Base(entries[0].Path)
		}
	} else if c.name == "" {
		c.name = "files.zip"
	}
	if !complete {
		return c, nil
	}
	if c.file < 0 {
		if !strings.HasSuffix(strings.ToLower(c.name), ".zip") {
			c.name += ".zip"
		}
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

// refusePerson answers a request that may be a person's, who follows an address.
func (s *Server) refusePerson(w http.ResponseWriter, r *http.Request, err error) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.refuse(w, r, err)
		return
	}
	p := problemOf(err)
	if p.Err != nil && p.Status >= 500 {
		s.log.WarnContext(r.Context(), "request failed", "request", process.RequestID(r.Context()), "code", p.Code,
			"error", p.Err)
	}
	h := w.Header()
	h.Del("Content-Disposition")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	fmt.Fprintf(w,
		"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"+
			"<title>Download</title>\n<h1>The download can't begin</h1>\n<p>%s</p>\n<p>Request: %s</p>\n</html>\n",
		html.EscapeString(p.Message), html.EscapeString(process.RequestID(r.Context())))
}
