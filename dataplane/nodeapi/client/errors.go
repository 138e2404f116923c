package client

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrorBody is the error object of the Node API.
type ErrorBody struct {
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
	UserMessage string `json:"user_message"`
}

// Error is an answer of the node that is not a success. It holds the node's message and nothing of the
// request but its method and path.
type Error struct {
	Method string
	Path   string
	// Status is the HTTP status; for an error of one path inside a successful answer it is the code of that error.
	Status      int
	Reason      string
	UserMessage string
}

// Error tells method, path, status and the node's message.
func (e *Error) Error() string {
	msg := e.UserMessage
	if msg == "" {
		msg = http.StatusText(e.Status)
	}
	return fmt.Sprintf("node api %s %s: %d: %s", e.Method, e.Path, e.Status, msg)
}

// IsNotFound reports whether the node answered that the thing does not exist.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsConflict reports whether the node answered that the thing exists already.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsUnauthorized reports whether the node refused the credentials.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsUnsupported reports whether the node answered that it does not know the call at all. Ask only of calls that name no
// thing: of others the same answer means that the thing does not exist.
func IsUnsupported(err error) bool {
	return hasStatus(err, http.StatusNotFound) || hasStatus(err, http.StatusMethodNotAllowed)
}

func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}
