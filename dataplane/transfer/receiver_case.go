package transfer

import (
	"os"
	"path"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// On a storage that takes names which differ in case for one, two files of a transfer may have the same place: the
// later one would replace the other, or be written into it.

// refuseTwin says that another file of the session has the name of f here, or nil. The storage is asked only where two
// names differ in nothing but case.
func (r *receiver) refuseTwin(f *gotFile) *fail.Error {
	if !r.names.TakeFolded(f.target) || !r.foldsCase(path.Dir(f.target)) {
		return nil
	}
	other := "another file of the transfer"
	if name := r.twin(f); name != "" {
		other = name
	}
	return fail.New(fail.AlreadyExists, "%s: has the same name as %s here: the storage takes upper and lower case for one",
		f.entry.Path, other)
}

// foldsCase finds out by a file of a reserved name whether a folder takes upper and lower case for one. A folder that
// is not there yet, or takes no file, is asked again at its next file.
func (r *receiver) foldsCase(dir string) bool {
	d := r.folders[dir]
	if d != nil && d.asked {
		return d.folds
	}
	name := unfinished.SmallName("does case count?")
	probe, shout := path.Join(dir, name), path.Join(dir, strings.ToUpper(name))
	made, err := r.tree.OpenOwn(probe, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return false
	}
	made.Close()
	_, err = r.tree.Lstat(shout)
	_ = r.tree.Remove(probe) // Its name is reserved: nobody else sees or needs it.
	if d != nil {
		d.asked, d.folds = true, err == nil
	}
	return err == nil
}

// twin is the name of what has the place of f, as far as that can be found.
func (r *receiver) twin(f *gotFile) string {
	for _, other := range r.unfinished() {
		if other != f && other.target != f.target && strings.EqualFold(other.target, f.target) {
			return path.Base(other.target)
		}
	}
	entries, err := r.tree.ReadDir(path.Dir(f.target))
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if name := path.Base(f.target); e.Name() != name && strings.EqualFold(e.Name(), name) {
			return e.Name()
		}
	}
	return ""
}
