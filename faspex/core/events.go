package core

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/process"
)

const (
	eventsPath = Base + v5 + "/events"
	// heartbeat keeps proxies from taking a silent stream for a dead one, and is when the right to it is looked at again.
	heartbeat = 20 * time.Second
	// retryEvents is how long browsers wait before they come again, in milliseconds.
	retryEvents = 3000
)

// describeEvents adds the stream, which the library could only describe as one answer.
func (s *Server) describeEvents() {
	text := &huma.Schema{Type: huma.TypeString}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "events", Method: http.MethodGet, Path: v5 + "/events", Tags: []string{"event"},
		Summary: "Be told the ids of packages and transfers that change for the caller, as server-sent events",
		Description: "Events are named package and transfer, with data {\"id\": \"<package id>\"}; ready when the stream begins; and reset when events were " +
			"missed, so that whatever is shown has to be read again. An event may come twice.",
		Parameters: []*huma.Param{{Name: "Last-Event-ID", In: "header", Schema: text}},
		Security:   []map[string][]string{{"bearer": {}}},
		Responses: map[string]*huma.Response{
			"200": {Description: "A stream that ends with the access token",
				Content: map[string]*huma.MediaType{"text/event-stream": {Schema: text}}},
			"401": {Description: "Not logged in"},
		},
	})
}

// streamEvents is GET events.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	p, ok := s.mayStream(w, r)
	if !ok {
		return
	}
	sub, err := s.events.subscribe(r.Context(), p.Account.ID, hearsOfAll(p), lastEvent(r))
	if err != nil {
		writeProblem(w, s.answer(r.Context(), "event", err).(*problem))
		return
	}
	defer s.events.leave(sub)
	rc := http.NewResponseController(w)
	// A stream lives longer than an answer may take. Where the connection has no deadlines there is none to lift.
	_ = errors.Join(rc.SetWriteDeadline(time.Time{}), rc.SetReadDeadline(time.Time{}))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // the router passes each event on at once
	_, _ = fmt.Fprintf(w, "retry: %d\n\n", retryEvents)
	tick := time.NewTicker(s.heartbeat)
	defer tick.Stop()
	for {
		for _, e := range sub.take() {
			_, _ = w.Write(e.text()) // a failed write shows at the flush
		}
		if rc.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.events.stopped:
			return
		case <-sub.wake:
		case <-tick.C:
			p, err := s.auth.Authenticate(r.Context(), auth.Bearer(r.Header.Get("Authorization")))
			if err != nil || hearsOfAll(p) != sub.all {
				return // signed out, over, or of another role by now: whoever comes again is told
			}
			_, _ = w.Write([]byte(": still here\n\n"))
		}
	}
}

// hearsOfAll reports whether somebody is told of everyone's packages.
func hearsOfAll(p auth.Principal) bool { return policy.May(actor(p.Account), policy.ReadAllPackages) }

// mayStream finds who asks, and answers those who may not.
func (s *Server) mayStream(w http.ResponseWriter, r *http.Request) (auth.Principal, bool) {
	p, err := s.auth.Authenticate(r.Context(), auth.Bearer(r.Header.Get("Authorization")))
	if err == nil {
		return p, true
	}
	told := newProblem(http.StatusUnauthorized, notLoggedIn)
	if !errors.Is(err, auth.ErrToken) {
		told = s.answer(r.Context(), "event", err).(*problem)
	}
	told.RequestID = process.RequestID(r.Context())
	writeProblem(w, told)
	return p, false
}

// lastEvent is the id that the client saw last; -1 when it comes for the first time.
func lastEvent(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil || id < 0 {
		return -1
	}
	return id
}
