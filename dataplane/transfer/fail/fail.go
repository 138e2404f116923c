// Package fail gives the failures of a transfer their published numbers and their words.
//
// It knows the failures of files and of contexts. Those of the engine and of tokens are known to who uses these.
package fail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"faspex.io/operator/dataplane/storage"
)

// Code is an error number of a transfer, as clients of the field know them.
type Code uint32

// The codes, with their published numbers.
const (
	Protocol       Code = 1
	NoSuchFile     Code = 4
	Permission     Code = 5
	NotDirectory   Code = 6
	IsDirectory    Code = 7
	Usage          Code = 8
	Internal       Code = 11
	Control        Code = 12
	ControlTimeout Code = 13
	Data           Code = 14
	DataTimeout    Code = 15
	ConnectionLost Code = 16
	Authentication Code = 19
	Nothing        Code = 20
	NotRegular     Code = 21
	TooManyOpen    Code = 23
	FileTooBig     Code = 24
	NoSpace        Code = 25
	ReadOnly       Code = 26
	SomeFiles      Code = 27
	Canceled       Code = 28
	DiskRead       Code = 35
	DiskWrite      Code = 36
	Authorization  Code = 37
	PeerAborted    Code = 39
	DataStalled    Code = 40
	BadPath        Code = 41
	AlreadyExists  Code = 42
	FileEncryption Code = 48
	BadPassphrase  Code = 49
	Insecure       Code = 51
	PathTooLong    Code = 55
	StorageRefused Code = 59
	LinkLoop       Code = 63
)

// Error is a failure with its published number. Text is for people: it holds no secret.
type Error struct {
	Code Code
	Text string
	// Passing says that the same may go well in a moment, whatever the code is.
	Passing bool
	// Err is the cause, if any; its text is not part of Text.
	Err error
}

func (e *Error) Error() string { return e.Text }

func (e *Error) Unwrap() error { return e.Err }

// passing are the failures of sessions that were cut, as by a network or a server that is away for a while or an address
// that has changed.
var passing = []Code{Control, ControlTimeout, Data, DataTimeout, ConnectionLost, DataStalled}

// Passes says that another session may go well.
func (e *Error) Passes() bool { return e.Passing || slices.Contains(passing, e.Code) }

// New makes an Error. A wrapped error (%w) becomes its cause.
func New(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Text: err.Error(), Err: errors.Unwrap(err)}
}

// Of finds the Error in err, or makes one of whatever err is, with fallback as its code. The Error of nil is nil.
func Of(err error, fallback Code) *Error {
	var e *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Text: "canceled", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: ControlTimeout, Text: "timed out", Err: err}
	}
	return &Error{Code: fallback, Text: err.Error(), Err: err}
}

// File turns the failure of a file operation into an Error whose text names the file by its name in the transfer,
// never by the path that it has on this host.
func File(name string, err error, fallback Code) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	code, text := fallback, ""
	var remote *storage.RemoteError
	switch {
	case errors.As(err, &remote):
		if remote.Refused {
			code = StorageRefused
		}
		return &Error{Code: code, Text: name + ": " + remote.Text, Passing: !remote.Refused, Err: err}
	case errors.Is(err, fs.ErrNotExist):
		code, text = NoSuchFile, "no such file or folder"
	case errors.Is(err, syscall.EROFS):
		code, text = ReadOnly, "read-only file system"
	case errors.Is(err, fs.ErrPermission):
		code, text = Permission, "permission denied"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code, text = NoSpace, "no space left on disk"
	case errors.Is(err, syscall.EFBIG):
		code, text = FileTooBig, "file is too big for the file system"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		code, text = TooManyOpen, "too many open files"
	case errors.Is(err, syscall.ENOTDIR):
		code, text = NotDirectory, "a part of the path is a file, not a folder"
	case errors.Is(err, syscall.EISDIR):
		code, text = IsDirectory, "is a folder"
	case errors.Is(err, syscall.ENAMETOOLONG):
		code, text = PathTooLong, "the name is too long for the file system"
	case errors.Is(err, syscall.ELOOP):
		code, text = LinkLoop, "symbolic links lead in a circle"
	case errors.Is(err, storage.ErrLink):
		code, text = BadPath, "path leads through a symbolic link, and none is followed"
	case errors.Is(err, storage.ErrNotOwn):
		code, text = AlreadyExists, "something else has the name of its unfinished file: remove or rename it"
	case errors.Is(err, storage.ErrBadPath), errors.Is(err, storage.ErrIsRoot):
		code, text = BadPath, "not an acceptable file name"
		if _, why, ok := strings.Cut(err.Error(), storage.ErrBadPath.Error()+": "); ok {
			text += " (" + why + ")"
		}
	case errors.Is(err, storage.ErrOutside):
		code, text = BadPath, "path leads outside of the permitted folder"
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
