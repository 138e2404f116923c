package transfer

import (
	"os"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// overtaken is a tree in which another session gives a file its name just before this one
// opens the partial file to do so.
type overtaken struct {
	*storage.Root
	t        *testing.T
	journals []string
	whole    int64 // size of the last journal once its part is whole
}

func (o *overtaken) overtake(p string) {
	last, err := o.Root.Lstat(o.journals[len(o.journals)-1])
	if err != nil || last.Size() < o.whole || p != unfinished.SmallName("big") {
		return
	}
	for _, journal := range o.journals {
		if err := o.Root.Remove(journal); err != nil {
			o.t.Error(err)
		}
	}
	if err := o.Root.Rename(p, "big"); err != nil {
		o.t.Error(err)
	}
}

func (o *overtaken) OpenForContent(p string, size int64) (storage.File, error) {
	o.overtake(p)
	return o.Root.OpenForContent(p, size)
}

func (o *overtaken) OpenOwn(p string, flag int, perm os.FileMode) (*os.File, error) {
	o.overtake(p)
	return o.Root.OpenOwn(p, flag, perm)
}

// Two sessions whose parts become whole at one time both find that the file is. Who is second has nothing left to do.
func TestTwoSessionsFindAFileWhole(t *testing.T) {
	sessions, delivered := twoShares(t)
	sessions[0].mustDo(t)
	sessions[1].target = func(r *storage.Root) TargetTree {
		stem := strings.TrimSuffix(unfinished.SmallName("big"), ".partial")
		const header, record = 24, 28
		return &overtaken{Root: r, t: t, journals: []string{stem + ".1-2.aspx", stem + ".2-2.aspx"},
			whole: header + 11*record}
	}
	sessions[1].mustDo(t)
	delivered()
}
