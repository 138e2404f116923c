package nodeapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

const (
	defaultEvents = 100
	maxEvents     = 1000
	maxGlobs      = 20
)

// listEvents answers events in the order in which they were committed, on whichever node. The iteration token is a place
// in that order, so a caller that keeps it sees each event once.
func (s *Server) listEvents(ctx context.Context, c *caller, r *http.Request) (any, error) {
	f, err := eventFilter(c, r.URL.Query())
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Events(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]client.Event, len(found))
	last := f.AfterID
	for i, e := range found {
		out[i] = describeEvent(e)
		last = e.ID
	}
	return answer{header: nextLink(r, last), body: out}, nil
}

func (s *Server) readEvent(ctx context.Context, c *caller, r *http.Request) (any, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, errNotFound("not found")
	}
	e, err := s.Store.Event(ctx, id)
	if err != nil {
		return nil, err
	}
	f, err := visibleEvents(c)
	if err != nil {
		return nil, err
	}
	if f.AccessKey != nil && e.AccessKey != *f.AccessKey || f.User != "" && e.User != f.User {
		return nil, errNotFound("not found")
	}
	return describeEvent(e), nil
}

func describeEvent(e store.Event) client.Event {
	return client.Event{
		ID: strconv.FormatUint(e.ID, 10), Time: time.UnixMicro(e.AtUsec).UTC(), UserID: e.User, Types: string(e.Type),
		AccessKey: e.AccessKey, Data: e.Data,
	}
}

// visibleEvents selects what a caller may know of: the node user of the Secret all, an access key what happened with it,
// and a user what it did itself.
func visibleEvents(c *caller) (store.EventFilter, error) {
	f := store.EventFilter{Limit: defaultEvents}
	if c.master() {
		return f, nil
	}
	key := c.keyID()
	f.AccessKey = &key
	if c.granted == nil && c.node == nil {
		return f, nil
	}
	if f.User = c.user; f.User == key {
		return f, errForbidden("the events of a user with the name of the access key are not told from the key's own")
	}
	return f, nil
}

func eventFilter(c *caller, q url.Values) (store.EventFilter, error) {
	f, err := visibleEvents(c)
	if err != nil {
		return f, err
	}
	f.Type, f.Globs = q.Get("type"), append(q["type_glob[]"], q["type_glob"]...)
	if len(f.Globs) > maxGlobs {
		return f, errBadRequest(fmt.Sprintf("there can be at most %d type_glob[]", maxGlobs))
	}
	if f.AfterID, err = iterationToken(q); err != nil {
		return f, err
	}
	if f.AfterUsec, err = timeAfter(q); err != nil {
		return f, err
	}
	f.Limit, err = atMost(q, defaultEvents, maxEvents, "count")
	return f, err
}

// iterationToken is the place that a former answer ended at, 0 for the beginning.
func iterationToken(q url.Values) (uint64, error) {
	v := q.Get("iteration_token")
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return 0, errBadRequest("iteration_token is not one of this node")
	}
	return n, nil
}

// timeAfter is after_time in microseconds since 1970, 0 if it is not given.
func timeAfter(q url.Values) (int64, error) {
	v := q.Get("after_time")
	if v == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return 0, errBadRequest("after_time must be a time such as 2026-01-31T12:00:00Z")
	}
	return t.UnixMicro(), nil
}

// atMost is the number of entries that a query asks for by one of several names.
func atMost(q url.Values, fallback, most int, names ...string) (int, error) {
	limit := fallback
	for _, name := range names {
		v := q.Get(name)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return 0, errBadRequest(name + " must be a positive number")
		}
		limit = min(n, most)
	}
	return limit, nil
}

// nextLink names the call that goes on after a place; empty if there is none yet.
func nextLink(r *http.Request, last uint64) http.Header {
	header := http.Header{}
	if last == 0 {
		return header
	}
	next := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path}
	query := r.URL.Query()
	query.Set("iteration_token", strconv.FormatUint(last, 10))
	next.RawQuery = query.Encode()
	header.Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", next.String()))
	return header
}

// logFile logs what a caller did to a file, if that is logged of its access key. The file is changed already: an event
// that can't be written is told to the log.
func (s *Server) logFile(ctx context.Context, c *caller, kind store.EventType, data map[string]any) {
	if c.key == nil || !c.key.Logging.Files {
		return
	}
	if err := s.Store.LogFile(ctx, c.keyID(), c.user, kind, data); err != nil {
		s.Log.Warn("an event was not logged", "type", string(kind), "access_key", c.keyID(), "error", err)
	}
}
