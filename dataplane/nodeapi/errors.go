package nodeapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// apiError is an answer to the caller: a status and a text that may be shown to a user.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func errBadRequest(message string) error { return &apiError{http.StatusBadRequest, message} }

func errForbidden(message string) error { return &apiError{http.StatusForbidden, message} }

func errNotFound(message string) error { return &apiError{http.StatusNotFound, message} }

func errConflict(message string) error { return &apiError{http.StatusConflict, message} }

// toAPIError maps what lower layers report to what a caller may know. Anything unknown is a 500 without
// details, which are logged instead.
func toAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	if remote := (*storage.RemoteError)(nil); errors.As(err, &remote) {
		// Its caller can do nothing about a storage that is not there, nor about one that refuses the node.
		status := http.StatusServiceUnavailable
		if remote.Refused {
			status = http.StatusBadGateway
		}
		return &apiError{status, remote.Text}
	}
	if many := (token.TooManyPathsError{}); errors.As(err, &many) {
		return &apiError{http.StatusBadRequest, fmt.Sprintf("too many paths for one token: the first %d of %d fit; ask for "+
			"the others in further requests, or for a folder", many.Fit, many.Paths)}
	}
	for _, m := range []struct {
		is      error
		status  int
		message string
	}{
		{token.ErrTooLarge, http.StatusBadRequest, "the path, the cookie and the tags are too long for one token"},
		{storage.ErrBadPath, http.StatusBadRequest, "not a valid path"},
		{syscall.ELOOP, http.StatusConflict, "symbolic links lead in a circle"},
		{storage.ErrLink, http.StatusForbidden, "path leads through a symbolic link"},
		{storage.ErrOutside, http.StatusForbidden, "path leads outside the storage"},
		{storage.ErrIsRoot, http.StatusForbidden, "the root folder can't be removed or renamed"},
		{token.ErrThrottled, http.StatusTooManyRequests, "too many failed logins, try again later"},
		{store.ErrBusy, http.StatusTooManyRequests, "too many logins at once, try again"},
		{fileaccess.ErrChanging, http.StatusConflict, "the folder changes too quickly, try again"},
		{store.ErrOutsideParent, http.StatusConflict, store.ErrOutsideParent.Error()},
		{store.ErrHasKeys, http.StatusConflict,
			"access keys were made with this one: delete them first, or all of them with ?recursive=true"},
		{store.ErrTooDeep, http.StatusConflict, "too many access keys are above this one"},
		{store.ErrExists, http.StatusConflict, "exists already"},
		{store.ErrNotFound, http.StatusNotFound, "not found"},
		{token.ErrFileNotFound, http.StatusNotFound, "no such file id"},
		{fs.ErrNotExist, http.StatusNotFound, "no such file or directory"},
		{fs.ErrExist, http.StatusConflict, "exists already"},
		{syscall.EROFS, http.StatusForbidden, "the file system is read-only"},
		{fs.ErrPermission, http.StatusForbidden, "permission denied"},
		{syscall.ENOTEMPTY, http.StatusConflict, "directory is not empty"},
		{syscall.ENOTDIR, http.StatusConflict, "not a directory"},
		{syscall.EISDIR, http.StatusConflict, "is a directory"},
		{syscall.EXDEV, http.StatusConflict, "the two paths are on different storages"},
		{syscall.EBUSY, http.StatusConflict, "is in use, or the top of a storage"},
		{syscall.ETXTBSY, http.StatusConflict, "is in use"},
		{syscall.EINVAL, http.StatusConflict, "the storage can't do that with this path"},
		{syscall.ENAMETOOLONG, http.StatusBadRequest, "the name is too long for the storage"},
		{syscall.EILSEQ, http.StatusBadRequest, "the storage takes no such name"},
		{syscall.EOPNOTSUPP, http.StatusConflict, "the storage can't do that"},
		{syscall.ENOSPC, http.StatusInsufficientStorage, "no space left"},
		{syscall.EDQUOT, http.StatusInsufficientStorage, "the quota of the storage is used up"},
		{syscall.EFBIG, http.StatusInsufficientStorage, "the file is too big for the storage"},
		{syscall.EMLINK, http.StatusInsufficientStorage, "the folder can't hold more"},
		{syscall.EMFILE, http.StatusInternalServerError, "the node has too many files open, try again"},
		{syscall.ENFILE, http.StatusInternalServerError, "the node has too many files open, try again"},
		{syscall.EIO, http.StatusInternalServerError, "the storage reports an input/output error"},
		{syscall.ESTALE, http.StatusInternalServerError, "the storage has lost the file while it was in use, try again"},
	} {
		if errors.Is(err, m.is) {
			return &apiError{m.status, m.message}
		}
	}
	if store.IsUnavailable(err) {
		return &apiError{http.StatusServiceUnavailable, "the node can't reach its database, try again"}
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return &apiError{http.StatusInternalServerError, "the storage reports: " + number.Error()}
	}
	return &apiError{http.StatusInternalServerError, "internal error"}
}

// busyWait is when to come again after too many logins at once: each takes a fraction of a second.
const busyWait = time.Second

// retryAfter is when whoever gets an error may come again, 0 if that is not known.
func retryAfter(err error) time.Duration {
	var throttled token.ThrottledError
	switch {
	case errors.As(err, &throttled):
		return throttled.RetryAfter
	case errors.Is(err, store.ErrBusy):
		return busyWait
	}
	return 0
}

// failed reports whether the node is at fault: such errors are logged with their cause.
func (e *apiError) failed() bool {
	return e.status == http.StatusInternalServerError || e.status == http.StatusServiceUnavailable ||
		e.status == http.StatusBadGateway
}

func (e *apiError) body() *client.ErrorBody {
	return &client.ErrorBody{Code: e.status, Reason: http.StatusText(e.status), UserMessage: e.message}
}
