package client

import (
	"errors"
	"fmt"
	"net/http"

	"faspex.io/operator/faspex/api"
)

// Error is an answer of Faspex that is not a success. It holds the server's message and nothing of
// the request but method and path.
type Error struct {
	Method  string
	Path    string
	Status  int    // HTTP status
	Code    string // a word for programs, may be empty
	Message string
	// Fields are the fields of the request that are to blame, if the server names them. It repeats no values.
	Fields []api.FieldError
}

// Error tells method, path, status and the server's message.
func (e *Error) Error() string {
	msg := e.Message
	if msg == "" {
		msg = http.StatusText(e.Status)
	}
	return fmt.Sprintf("faspex %s %s: %d: %s", e.Method, e.Path, e.Status, msg)
}

// IsNotFound reports whether Faspex answered that the thing does not exist.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsConflict reports whether Faspex answered that the thing exists already or is in use.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsUnauthorized reports whether Faspex refused the login or the token.
func IsUnauthorized(err error) bool {
	return hasStatus(err, http.StatusUnauthorized) || hasStatus(err, http.StatusForbidden)
}

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}
