package nodeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

const (
	// maxBodyBytes bounds a request.
	maxBodyBytes = 8 << 20
	// maxSetupBytes is for setups, so that one with more paths than a token holds is told how many fit.
	maxSetupBytes = 64 << 20
)

// answer is a result with more than a body.
type answer struct {
	// status is 200 if it is 0.
	status int
	header http.Header
	body   any
}

// serve authenticates, calls and answers.
func (s *Server) serve(h handler) http.Handler { return s.serveBodies(maxBodyBytes, h) }

// serveBodies is serve for requests of at most so many bytes.
func (s *Server) serveBodies(most int64, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		c, err := s.authenticate(r)
		if err != nil {
			s.countRefusal(r, err)
			s.fail(w, r, err)
			return
		}
		defer c.close()
		note(r.Context(), c)
		result, err := h(store.By(r.Context(), c.user), c, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if a, ok := result.(answer); ok {
			for name, values := range a.header {
				w.Header()[name] = values
			}
			if a.status != 0 {
				s.write(w, r, a.status, a.body)
				return
			}
			result = a.body
		}
		if file, ok := result.(content); ok {
			file.send(w, r)
			return
		}
		switch result {
		case nil:
			w.WriteHeader(http.StatusNoContent)
			return
		case empty{}:
			w.WriteHeader(http.StatusOK)
			return
		}
		s.write(w, r, http.StatusOK, result)
	})
}

// countRefusal counts a log-in that was refused; one that could not be decided is none.
func (s *Server) countRefusal(r *http.Request, err error) {
	if s.Refused == nil {
		return
	}
	switch e := toAPIError(err); {
	case errors.Is(err, token.ErrThrottled):
		s.Refused("throttled")
	case e.status == http.StatusUnauthorized && r.Header.Get("Authorization") == "":
		s.Refused("missing")
	case e.status == http.StatusUnauthorized:
		s.Refused("credentials")
	case e.status == http.StatusForbidden:
		s.Refused("not_permitted")
	}
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := toAPIError(err)
	if e.failed() {
		s.Log.Error("node api call failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="node", charset="UTF-8"`)
	}
	if wait := retryAfter(err); wait > 0 {
		// Rounded up: whoever comes back at that time is let in.
		w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	s.write(w, r, e.status, failed{e.body()})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	buf, err := json.Marshal(body)
	if err != nil {
		s.Log.Error("node api answer can't be encoded", "method", r.Method, "route", r.Pattern, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// The client may be gone, which nobody here can help.
	_, _ = w.Write(append(buf, '\n'))
}

// decode reads a JSON body into out. Unknown fields are ignored, as clients send options that this node does not have.
func decode(r *http.Request, out any) error {
	text, err := body(r)
	if err != nil {
		return err
	}
	if !utf8.Valid(text) {
		return errNotUTF8
	}
	return decodeText(text, out)
}

// errNotUTF8 is for texts whose names would become others.
var errNotUTF8 = errBadRequest("request is not UTF-8")

func body(r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge,
			fmt.Sprintf("request is too large, there may be %d bytes", tooLarge.Limit)}
	case err != nil:
		return nil, errBadRequest("request ends too early")
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errBadRequest("request has no body")
	}
	return text, nil
}

// decodeText reads a JSON value.
func decodeText(text []byte, out any) error {
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(text, out)
	switch {
	case errors.As(err, &wrongType):
		return errBadRequest(fmt.Sprintf("field %q must not be a %s", wrongType.Field, wrongType.Value))
	case err != nil:
		return errBadRequest("request is not JSON")
	}
	return nil
}
