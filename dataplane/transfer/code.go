package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

// Code is an error number of a transfer, as clients of the field know them.
type Code uint32

// The codes this package uses, with their published numbers.
const (
	CodeProtocol       Code = 1
	CodeNoSuchFile     Code = 4
	CodePermission     Code = 5
	CodeNotDirectory   Code = 6
	CodeIsDirectory    Code = 7
	CodeUsage          Code = 8
	CodeInternal       Code = 11
	CodeControl        Code = 12
	CodeControlTimeout Code = 13
	CodeData           Code = 14
	CodeDataTimeout    Code = 15
	CodeConnectionLost Code = 16
	CodeAuthentication Code = 19
	CodeNothing        Code = 20
	CodeNotRegular     Code = 21
	CodeTooManyOpen    Code = 23
	CodeFileTooBig     Code = 24
	CodeNoSpace        Code = 25
	CodeReadOnly       Code = 26
	CodeSomeFiles      Code = 27
	CodeCanceled       Code = 28
	CodeDiskRead       Code = 35
	CodeDiskWrite      Code = 36
	CodeAuthorization  Code = 37
	CodePeerAborted    Code = 39
	CodeDataStalled    Code = 40
	CodeBadPath        Code = 41
	CodeAlreadyExists  Code = 42
	CodeFileEncryption Code = 48
	CodeBadPassphrase  Code = 49
	CodeInsecure       Code = 51
	CodePathTooLong    Code = 55
	CodeLinkLoop       Code = 63
)

// Error is a failure with its published number. Text is for people: it holds no secret.
type Error struct {
	Code Code
	Text string
	// Err is the cause, if any; its text is not part of Text.
	Err error
}

func (e *Error) Error() string { return e.Text }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error. A wrapped error (%w) becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Text: err.Error(), Err: errors.Unwrap(err)}
}

// AsError finds the Error in err, or makes one of whatever err is, with fallback as its code.
func AsError(err error, fallback Code) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, token.ErrPathNotAllowed):
		return &Error{Code: CodeBadPath, Text: err.Error(), Err: err}
	case errors.Is(err, token.ErrFileNotFound):
		return &Error{Code: CodeNoSuchFile, Text: err.Error(), Err: err}
	case token.IsRefusal(err):
		return &Error{Code: CodeAuthorization, Text: err.Error(), Err: err}
	case errors.Is(err, engine.ErrPeerLost):
		return &Error{Code: CodeDataStalled, Text: "session timed out: no data from the peer, run again to resume", Err: err}
	case errors.Is(err, engine.ErrAborted):
		return &Error{Code: CodePeerAborted, Text: "the peer gave up, run again to resume", Err: err}
	case errors.Is(err, engine.ErrIncomplete):
		return &Error{Code: CodeProtocol, Text: "the sender finished before all data arrived, run again to resume", Err: err}
	case errors.Is(err, context.Canceled):
		return &Error{Code: CodeCanceled, Text: "canceled", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: CodeControlTimeout, Text: "timed out", Err: err}
	}
	return &Error{Code: fallback, Text: err.Error(), Err: err}
}

// fileError turns the failure of a file operation into an Error whose text names the file by its name in the transfer,
// never by the path that it has on this host.
func fileError(name string, err error, fallback Code) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	code, text := fallback, ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code, text = CodeNoSuchFile, "no such file or folder"
	case errors.Is(err, syscall.EROFS):
		code, text = CodeReadOnly, "read-only file system"
	case errors.Is(err, fs.ErrPermission):
		code, text = CodePermission, "permission denied"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code, text = CodeNoSpace, "no space left on disk"
	case errors.Is(err, syscall.EFBIG):
		code, text = CodeFileTooBig, "file is too big for the file system"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		code, text = CodeTooManyOpen, "too many open files"
	case errors.Is(err, syscall.ENOTDIR):
		code, text = CodeNotDirectory, "a parent is not a folder"
	case errors.Is(err, syscall.EISDIR):
		code, text = CodeIsDirectory, "is a folder"
	case errors.Is(err, syscall.ENAMETOOLONG):
		code, text = CodePathTooLong, "the name is too long for the file system"
	case errors.Is(err, syscall.ELOOP):
		code, text = CodeLinkLoop, "symbolic links lead in a circle"
	case errors.Is(err, storage.ErrLink):
		code, text = CodeBadPath, "path leads through a symbolic link, and none is followed"
	case errors.Is(err, storage.ErrNotOwn):
		code, text = CodeAlreadyExists, "something else has the name of its unfinished file: remove or rename it"
	case errors.Is(err, storage.ErrBadPath), errors.Is(err, storage.ErrIsRoot):
		code, text = CodeBadPath, "not an acceptable file name"
	case errors.Is(err, storage.ErrOutside):
		code, text = CodeBadPath, "path leads outside of the permitted folder"
	default:
		text = reason(err)
	}
	return &Error{Code: code, Text: fmt.Sprintf("%s: %s", name, text), Err: err}
}

func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
