package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/store"
)

// WireError is the body; under this name it can be embedded beside the method Error.
type WireError = api.Error

// problem is an error as clients see it.
type problem struct {
	WireError
	status     int
	retryAfter string // the header of that name; empty when another try is of no use
}

// Error is the message for the client.
func (p *problem) Error() string { return p.Message }

// GetStatus is the HTTP status.
func (p *problem) GetStatus() int { return p.status }

// GetHeaders are the headers that go with the body.
func (p *problem) GetHeaders() http.Header {
	if p.retryAfter == "" {
		return nil
	}
	return http.Header{"Retry-After": {p.retryAfter}}
}

var codes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "request_timeout",
	http.StatusConflict:              "conflict",
	http.StatusPreconditionFailed:    "changed",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusTooManyRequests:       "too_many_requests",
	http.StatusBadGateway:            "node_error",
	http.StatusServiceUnavailable:    "unavailable",
}

func newProblem(status int, message string) *problem {
	code, ok := codes[status]
	if !ok {
		code = "internal_error"
	}
	return &problem{WireError: WireError{Message: message, Status: strconv.Itoa(status), Code: code}, status: status}
}

func badRequest(message string) error { return newProblem(http.StatusBadRequest, message) }

func forbidden(message string) error { return newProblem(http.StatusForbidden, message) }

func conflict(message string) error { return newProblem(http.StatusConflict, message) }

func notFound(what string) error {
	return newProblem(http.StatusNotFound, "There is no such "+what+".")
}

// badField refuses a request for some of its fields, named by their paths in the body, so that a form can
// show the sentence beside them.
func badField(message string, paths ...string) error {
	return atFields(newProblem(http.StatusBadRequest, message), paths...)
}

func atFields(p *problem, paths ...string) *problem {
	for _, path := range paths {
		p.Errors = append(p.Errors, api.FieldError{Location: "body." + path, Message: p.Message})
	}
	return p
}

// missing lists the names that are marked, in order.
func missing(fields map[string]bool) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name, absent := range fields {
			if absent && !yield(name) {
				return
			}
		}
	})
}

// The library builds its errors, those of validation among them, through this variable. Values that people sent are
// left out, for they may be passwords.
func init() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := fromLibrary(status, message, errs)
		if ctx != nil {
			p.RequestID = process.RequestID(ctx.Context())
		}
		return p
	}
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromLibrary(status, message, errs)
	}
}

func fromLibrary(status int, message string, errs []error) *problem {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // what the published API answers to a bad body
	}
	var details []string
	var fields []api.FieldError
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			details = append(details, strings.TrimPrefix(strings.TrimPrefix(d.Location, "body."), "query.")+": "+d.Message)
			fields = append(fields, api.FieldError{Location: missingField(d), Message: d.Message})
		}
	}
	if len(details) > 0 {
		slices.Sort(details)
		slices.SortFunc(fields,
			func(a, b api.FieldError) int { return strings.Compare(a.Location+a.Message, b.Location+b.Message) })
		message += ": " + strings.Join(details, "; ")
	}
	p := newProblem(status, message)
	p.Errors = fields
	return p
}

// missingField names a required field that is not there: the library names the object that lacks it.
func missingField(d *huma.ErrorDetail) string {
	rest, ok := strings.CutPrefix(d.Message, "expected required property ")
	name, _, found := strings.Cut(rest, " to be present")
	if !ok || !found {
		return d.Location
	}
	return d.Location + "." + name
}

// busyRetry is the Retry-After of an answer to one who found too many before them, in seconds.
const busyRetry = "5"

// answer turns an error of a handler into what the client is told. What it is not told is logged here, once.
func (s *Server) answer(ctx context.Context, what string, err error) error {
	var p *problem
	var no *policy.Refusal
	var wait *auth.WaitError
	var codeWait *store.WaitError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &no):
		p = newProblem(map[policy.Kind]int{policy.Forbidden: http.StatusForbidden,
			policy.NotNow: http.StatusConflict}[no.Kind], no.Reason)
		p.Code = no.Code
	case errors.As(err, &wait):
		p = newProblem(http.StatusTooManyRequests, wait.Sentence())
		p.retryAfter = auth.RetryAfter(wait.Wait)
	case errors.As(err, &codeWait):
		p = newProblem(http.StatusTooManyRequests, "A code was mailed a moment ago. Look into your mail.")
		if codeWait.Locked {
			p = newProblem(http.StatusTooManyRequests,
				"Too many wrong codes. Try again in "+auth.InWords(codeWait.Wait)+".")
			p.Code = "mfa_locked"
		}
		p.retryAfter = auth.RetryAfter(codeWait.Wait)
	case errors.Is(err, auth.ErrBusy):
		p = newProblem(http.StatusServiceUnavailable,
			"Too many passwords are checked at this moment. Try again in a few seconds.")
		p.retryAfter = busyRetry
	case errors.Is(err, store.ErrNotFound):
		p = newProblem(http.StatusNotFound, "There is no such "+what+".")
	case errors.Is(err, store.ErrLoginTaken):
		p = atFields(newProblem(http.StatusConflict, "Another account has this name or e-mail address."), "email")
	case errors.Is(err, store.ErrChanged):
		p = newProblem(http.StatusConflict, "The "+what+" was changed meanwhile. Try again.")
	case errors.Is(err, store.ErrConflict):
		p = atFields(newProblem(http.StatusConflict, "A "+what+" of that name exists."), "name")
	case errors.Is(err, store.ErrLastAdmin):
		p = newProblem(http.StatusConflict, "This is the last active admin. Make somebody else an admin first.")
	case errors.Is(err, store.ErrInUse):
		p = newProblem(http.StatusConflict, "The "+what+" is still in use.")
	case errors.Is(err, context.Canceled):
		p = newProblem(http.StatusRequestTimeout, "The request was given up.")
	case store.Unavailable(err):
		s.log.WarnContext(ctx, "database does not answer", "request", process.RequestID(ctx), "error", err)
		p = newProblem(http.StatusServiceUnavailable, "The database does not answer. Try again.")
	default:
		s.log.ErrorContext(ctx, "request failed", "request", process.RequestID(ctx), "error", err)
		p = newProblem(http.StatusInternalServerError, "The request could not be answered. Try again.")
	}
	told := *p
	told.RequestID = process.RequestID(ctx)
	return &told
}

func writeProblem(w http.ResponseWriter, p *problem) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(p.WireError) // a failed write means the client has gone
}

// errNoHTTP refuses an upload by a browser to one whose invitation wants another way.
func errNoHTTP() error {
	p := newProblem(http.StatusForbidden, "The invitation does not allow uploads by a browser. Use ascp.")
	p.Code = "http_upload_prevented"
	return p
}
