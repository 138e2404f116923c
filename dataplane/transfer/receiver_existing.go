package transfer

import (
	"io/fs"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// mayReplace refuses to replace a file where the grant permits to add files alone. A file that is as the sender has it
// stays, so that an upload can be repeated.
func (r *receiver) mayReplace(f *gotFile, existing fs.FileInfo) (keep bool, refused error) {
	if !r.keepExisting {
		return false, nil
	}
	there := manifest.Existing{Regular: existing.Mode().IsRegular(), Size: existing.Size(),
		ModTime: existing.ModTime().UnixNano()}
	same := there.Regular && there.Size == f.total() && there.ModTime == f.entry.ModTime
	if same || manifest.Overwrite(r.options, &f.entry, f.total(), there) == manifest.Keep {
		return true, nil
	}
	return false, fail.New(fail.Permission, "%s: a file has this name, and there is no permission to replace it",
		f.entry.Path)
}
