package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
)

// mostSaved is how many files of a name are saved within one second.
const mostSaved = 1000

// saveExisting gives the file that is about to be replaced another name, if that was asked for: with the time and a
// number before its extension, as published.
func (r *receiver) saveExisting(target string) error {
	if !r.options.SaveBeforeOverwrite {
		return nil
	}
	existing, err := r.tree.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || existing.IsDir() {
		return err
	}
	now := time.Now()
	for i := 1; i <= mostSaved; i++ {
		saved := savedName(target, now, i)
		if _, err := r.tree.Lstat(saved); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return r.tree.Rename(target, saved)
	}
	return fail.New(fail.AlreadyExists, "%s: what is there can't be saved, all names for that are taken",
		path.Base(target))
}

// refuseSaving says why what has the name of a file could not be saved, before anything of the file is sent.
func (r *receiver) refuseSaving(f *gotFile) *fail.Error {
	if !r.options.SaveBeforeOverwrite || r.maySave == nil || r.maySave(savedName(f.target, time.Now(), 1)) {
		return nil
	}
	return fail.New(fail.BadPath, "%s: the authorization does not allow to save what is there under another name",
		f.entry.Path)
}

func savedName(target string, at time.Time, index int) string {
	dir, name := path.Split(target)
	extension := path.Ext(name)
	if extension == name { // A hidden file has none.
		extension = ""
	}
	return fmt.Sprintf("%s%s.%s.%d%s", dir, strings.TrimSuffix(name, extension), at.UTC().Format("2006.01.02.15.04.05"),
		index, extension)
}
