package transfer

import (
	"io/fs"
	"os"
	"slices"
	"time"

	"faspex.io/operator/dataplane/storage"
)

// attributes gives a file what the source has and the options ask for. The order matters: a file that can't be written takes
// no extended attribute, and what belongs to somebody else can't be changed.
func (r *receiver) attributes(f *gotFile, file *os.File) error {
	if err := setXattrs(f, file); err != nil {
		return err
	}
	if r.options.PreserveModes {
		if err := file.Chmod(fs.FileMode(f.entry.Mode).Perm()); err != nil {
			return err
		}
	}
	if r.options.PreserveTimes || r.options.PreserveAccessTimes {
		if err := storage.SetTimes(file, r.accessTime(f), r.modTime(f)); err != nil {
			return err
		}
	}
	if uid, gid, ok := owner(f); ok {
		return file.Chown(uid, gid)
	}
	return nil
}

// folderAttributes gives a folder its extended attributes and its owner. Its times come last, see finishFolders.
func (r *receiver) folderAttributes(f *gotFile) error {
	if a := f.entry.Attributes; a == nil || len(a.Xattrs) == 0 && a.UID == nil && a.GID == nil {
		return nil
	}
	folder, err := r.tree.Open(f.target)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := setXattrs(f, folder); err != nil {
		return err
	}
	if uid, gid, ok := owner(f); ok {
		return folder.Chown(uid, gid)
	}
	return nil
}

func setXattrs(f *gotFile, file *os.File) error {
	if f.entry.Attributes == nil {
		return nil
	}
	for _, x := range f.entry.Attributes.Xattrs {
		if err := storage.SetXattr(file, storage.Xattr(x)); err != nil {
			return err
		}
	}
	return nil
}

// owner is who a file is to belong to; -1 leaves a number as it is.
func owner(f *gotFile) (uid, gid int, ok bool) {
	uid, gid = -1, -1
	if a := f.entry.Attributes; a != nil && a.UID != nil {
		uid = int(*a.UID)
	}
	if a := f.entry.Attributes; a != nil && a.GID != nil {
		gid = int(*a.GID)
	}
	return uid, gid, uid >= 0 || gid >= 0
}

// modTime is the modification time that a file gets, zero for none.
func (r *receiver) modTime(f *gotFile) time.Time {
	if !r.options.PreserveTimes {
		return time.Time{}
	}
	return time.Unix(0, f.entry.ModTime)
}

// accessTime is likewise; without one of its own a file gets that of its modification.
func (r *receiver) accessTime(f *gotFile) time.Time {
	if a := f.entry.Attributes; a != nil && a.AccessTime != 0 {
		return time.Unix(0, a.AccessTime)
	}
	return r.modTime(f)
}

// folderTimes are what a folder gets when all that it holds is there; a zero time stays as it is.
type folderTimes struct {
	target      string
	access, mod time.Time
}

// finishFolders gives folders their times, the deepest first. A failure is the folder's alone and not worth a transfer.
func (r *receiver) finishFolders() {
	for _, f := range slices.Backward(r.times) {
		_ = r.tree.Chtimes(f.target, f.access, f.mod)
	}
}
