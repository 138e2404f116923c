package nodeapi

import "fmt"

// APIErrorOf is the status and the text that an error is answered with.
func APIErrorOf(err error) string {
	e := toAPIError(err)
	return fmt.Sprint(e.status, " ", e.message)
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
