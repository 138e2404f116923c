package nodeapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"faspex.io/operator/dataplane/storage"
)

// APIErrorOf is the status and the text that an error is answered with.
func APIErrorOf(err error) string {
	e := toAPIError(err)
	return fmt.Sprint(e.status, " ", e.message)
}

// Refusal is how a server answers a call that fails.
func Refusal(s *Server, err error) *http.Response {
	w := httptest.NewRecorder()
	s.fail(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody), err)
	return w.Result()
}

// LimitVisits sets how many entries a search visits at most.
func LimitVisits(s *Server, n int) { s.visitLimit.Store(int64(n)) }

// Patterns are those of the router's calls.
func Patterns(s *Server) (patterns []string) {
	for _, r := range s.routes() {
		patterns = append(patterns, r.pattern)
	}
	return patterns
}

// ShortenLeases sets for how long a job is a node's without its word.
func ShortenLeases(s *Server, lease time.Duration) { s.jobs.lease, s.transferJobs.lease = lease, lease }

// Crash has the jobs of a server end as if its process were killed.
func Crash(s *Server) {
	s.jobs.crashed.Store(true)
	s.transferJobs.crashed.Store(true)
}

// PageCost is what a part of a folder is and took.
type PageCost struct {
	First                 string
	Entries, Looked, Held int
}

// ReadPage reads the entries of the root that follow a name.
func ReadPage(files storage.Tree, after string, count int) (PageCost, error) {
	o, err := entryOrder("")
	if err != nil {
		return PageCost{}, err
	}
	l := listing{files: files, folder: "/", order: o, count: count}
	if after != "" {
		l.after = &candidate{path: "/" + after}
	}
	p, err := l.read(context.Background())
	cost := PageCost{Entries: len(p.entries), Looked: p.looked, Held: p.held}
	if len(p.entries) > 0 {
		cost.First = p.entries[0].Basename
	}
	return cost, err
}

// NotServed are the published calls that are refused, in order.
func NotServed() []string { return slices.Sorted(maps.Keys(notServed)) }
