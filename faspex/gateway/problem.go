package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/faspex/process"
)

// Problem is an error as clients see it. Code is for programs, Message for people.
type Problem struct {
	Status     int
	Code       string
	Message    string
	RetryAfter int // seconds; 0 is none
	Err        error
}

func (p *Problem) Error() string { return p.Message }

func (p *Problem) Unwrap() error { return p.Err }

func newProblem(status int, code, message string) *Problem {
	return &Problem{Status: status, Code: code, Message: message}
}

// kinds of failures of sessions: what a client is told.
var kinds = map[fail.Code]Problem{
	fail.Authorization: {Status: http.StatusForbidden, Code: "token_refused",
		Message: "The node does not accept this permission: it is not valid for this, or it has expired."},
	fail.Authentication: {Status: http.StatusForbidden, Code: "token_refused",
		Message: "The node does not let this user in."},
	fail.Canceled: {Status: http.StatusForbidden, Code: "token_withdrawn",
		Message: "The transfer was ended on the node: its permission was withdrawn, or an administrator canceled it."},
	fail.NoSpace: {Status: http.StatusInsufficientStorage, Code: "node_full",
		Message: "There is no room left where the package is stored."},
	fail.NoSuchFile: {Status: http.StatusNotFound, Code: "no_such_package",
		Message: "The package, or a file of it, is not there any more."},
	fail.BadPath: {Status: http.StatusNotFound, Code: "no_such_package",
		Message: "The permission is not for this file or folder, or its name can't be stored."},
	fail.PathTooLong: {Status: http.StatusUnprocessableEntity, Code: "bad_name",
		Message: "The name of a file is too long for the storage."},
	fail.AlreadyExists: {Status: http.StatusConflict, Code: "file_busy",
		Message: "Another transfer writes this file, or two files have one name.", RetryAfter: 5},
	fail.IsDirectory: {Status: http.StatusConflict, Code: "file_conflict",
		Message: "A folder has the name of a file that is sent."},
	fail.NotDirectory: {Status: http.StatusConflict, Code: "file_conflict",
		Message: "A file has the name of a folder that is sent."},
	fail.FileTooBig: {Status: http.StatusRequestEntityTooLarge, Code: "too_long",
		Message: "The files are too big for the storage."},
	fail.Usage: {Status: http.StatusBadRequest, Code: "bad_request",
		Message: "The transfer can't be carried out as it was asked for."},
}

// unreachable are the codes of a node that does not answer.
var unreachable = map[fail.Code]bool{
	fail.Control: true, fail.ControlTimeout: true, fail.Data: true, fail.DataTimeout: true, fail.ConnectionLost: true,
	fail.DataStalled: true,
	fail.PeerAborted: true, fail.Insecure: true,
}

// problemOf turns whatever went wrong into what a client is told.
func problemOf(err error) *Problem {
	var p *Problem
	var f *fail.Error
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, transfer.ErrOffset):
		return &Problem{Status: http.StatusConflict, Code: "offset_mismatch",
			Message: "The bytes do not follow those that are there.", Err: err}
	case errors.Is(err, transfer.ErrTooLong):
		return &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_long",
			Message: "The file has more bytes than were announced.", Err: err}
	case errors.As(err, &f):
		if known, ok := kinds[f.Code]; ok {
			known.Err = err
			return &known
		}
		if unreachable[f.Code] {
			return &Problem{Status: http.StatusBadGateway, Code: "node_unreachable",
				Message:    "The transfer node does not answer, or the connection to it was lost.",
				RetryAfter: 5, Err: err}
		}
		return &Problem{Status: http.StatusBadGateway, Code: "node_error",
			Message: "The transfer node reports: " + f.Text, Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Problem{Status: http.StatusRequestTimeout, Code: "request_timeout",
			Message: "The request was given up.", Err: err}
	}
	return &Problem{Status: http.StatusInternalServerError, Code: "internal_error",
		Message: "The request could not be answered. Try again.", Err: err}
}

// body is the JSON of a problem, in the form of core's API and, in error, that of the page's.
type body struct {
	Status    string    `json:"status"`
	Code      string    `json:"code"`
	Message   string    `json:"message"`
	RequestID string    `json:"request_id,omitempty"`
	Error     errorBody `json:"error"`
}

type errorBody struct {
	Code        string `json:"code"`
	UserMessage string `json:"user_message"`
}

func (p *Problem) body(requestID string) body {
	return body{Status: strconv.Itoa(p.Status), Code: p.Code, Message: p.Message, RequestID: requestID,
		Error: errorBody{p.Code, p.Message}}
}

// problem is what the client of a request is told of an error. What it is not told is logged.
func (s *Server) problem(r *http.Request, err error) *Problem {
	p := problemOf(err)
	if p.Err != nil && p.Status >= http.StatusInternalServerError {
		s.log.WarnContext(r.Context(), "request failed", "request", process.RequestID(r.Context()), "code", p.Code,
			"error", p.Err)
	}
	return p
}

// refuse answers a request with what went wrong.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problem(r, err)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p.body(process.RequestID(r.Context()))) // a failed write means the client has gone
	}
}

// refusePerson answers a request that may be a person's, who follows an address.
func (s *Server) refusePerson(w http.ResponseWriter, r *http.Request, err error) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.refuse(w, r, err)
		return
	}
	p := s.problem(r, err)
	h := w.Header()
	h.Del("Content-Disposition")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	id := html.EscapeString(process.RequestID(r.Context()))
	fmt.Fprintf(w, refusalPage, html.EscapeString(p.Message), id)
}

const refusalPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Download</title>
<h1>The download can't begin</h1>
<p>%s</p>
<p>Request: %s</p>
</html>
`

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a failed write means the client has gone
}
