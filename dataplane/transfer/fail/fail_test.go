package fail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/storage"
)

func TestFileNamesTheFileByItsNameInTheTransfer(t *testing.T) {
	host := filepath.Join(t.TempDir(), "host", "path")
	_, missing := os.Open(host)
	for name, c := range map[string]struct {
		err  error
		code Code
	}{
		"missing":              {missing, NoSuchFile},
		"read-only":            {&fs.PathError{Op: "open", Path: host, Err: syscall.EROFS}, ReadOnly},
		"not permitted":        {&fs.PathError{Op: "open", Path: host, Err: syscall.EACCES}, Permission},
		"full":                 {&fs.PathError{Op: "write", Path: host, Err: syscall.ENOSPC}, NoSpace},
		"over quota":           {&fs.PathError{Op: "write", Path: host, Err: syscall.EDQUOT}, NoSpace},
		"too many open":        {&fs.PathError{Op: "open", Path: host, Err: syscall.EMFILE}, TooManyOpen},
		"below a file":         {&fs.PathError{Op: "open", Path: host, Err: syscall.ENOTDIR}, NotDirectory},
		"links in a circle":    {&fs.PathError{Op: "open", Path: host, Err: syscall.ELOOP}, LinkLoop},
		"no name":              {fmt.Errorf("%w: not UTF-8", storage.ErrBadPath), BadPath},
		"something else":       {&fs.PathError{Op: "read", Path: host, Err: syscall.EIO}, DiskRead},
		"an Error with a code": {&Error{Code: FileTooBig, Text: "too big", Err: errors.New("cause")}, FileTooBig},
	} {
		t.Run(name, func(t *testing.T) {
			got := File("folder/name", c.err, DiskRead)
			if got.Code != c.code || strings.Contains(got.Text, host) || !errors.Is(got, c.err) {
				t.Errorf("code %d, text %q, cause %v", got.Code, got.Text, got.Err)
			}
		})
	}
}

func TestOfFindsTheError(t *testing.T) {
	known := New(NoSpace, "no space")
	for name, c := range map[string]struct {
		err  error
		want Code
	}{
		"wrapped":      {fmt.Errorf("write: %w", known), NoSpace},
		"canceled":     {fmt.Errorf("wait: %w", context.Canceled), Canceled},
		"out of time":  {context.DeadlineExceeded, ControlTimeout},
		"without code": {errors.New("odd"), Internal},
	} {
		if got := Of(c.err, Internal); got.Code != c.want {
			t.Errorf("%s: code %d, want %d", name, got.Code, c.want)
		}
	}
	if got := Of(nil, Internal); got != nil {
		t.Errorf("Of(nil) = %v", got)
	}
}
