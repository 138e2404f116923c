package gateway

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

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
	c, done, err := s.openContent(r, t)
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	defer done()
	if before != "" && c.etag != before {
		s.refusePerson(w, r, newProblem(http.StatusPreconditionFailed, "file_changed",
			"The files have changed since the download began. Start it again from the package."))
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
