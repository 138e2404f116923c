package transfer

import (
	"io/fs"
	"os"
	"slices"
	"time"

	"faspex.io/operator/dataplane/storage"
)

// attributes gives a file what the source has and the options ask for. The order matters: a file that can't be written
// takes no extended attribute, and what belongs to somebody else can't be changed.
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

// firstMode are the permissions of a file until it is whole: private ones are so from the beginning.
func (r *receiver) firstMode(f *gotFile) fs.FileMode {
	if r.options.PreserveModes {
		return fs.FileMode(f.entry.Mode)&0o644 | 0o600
	}
	return 0o644
}

// makeFolder makes the folder of an entry. Where permissions are kept it has them from the beginning, and its owner's
// until all that it holds is there: see finishFolders.
func (r *receiver) makeFolder(f *gotFile) error {
	perm := fs.FileMode(0o755)
	if r.options.PreserveModes {
		perm = fs.FileMode(f.entry.Mode).Perm() | 0o700
	}
	_, err := r.ensureFolderOf(f.target, perm)
	if err != nil || !r.options.PreserveModes {
		return err
	}
	return r.chmodFolder(f.target, perm) // It was there before, or was made with less because of the umask.
}

func (r *receiver) chmodFolder(p string, perm fs.FileMode) error {
	folder, err := r.tree.Open(p)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Chmod(perm)
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

// lastOfFolder is what a folder gets when all that it holds is there; a zero time stays as it is.
type lastOfFolder struct {
	target      string
	access, mod time.Time
	mode        fs.FileMode // if not 0
}

// finishFolder notes what a folder gets at the end. Sessions that share a transfer leave its owner the right to write,
// since none of them knows whether it is the last.
func (r *receiver) finishFolder(f *gotFile) {
	last := lastOfFolder{target: f.target, access: r.accessTime(f), mod: r.modTime(f)}
	if mode := fs.FileMode(f.entry.Mode).Perm(); r.options.PreserveModes && mode != mode|0o700 && r.options.Sessions <= 1 {
		last.mode = mode
	}
	if r.options.PreserveTimes || r.options.PreserveAccessTimes || last.mode != 0 {
		r.last = append(r.last, last)
	}
}

// finishFolders gives folders their times and permissions, the deepest first. A failure is the folder's
// alone and not worth a transfer.
func (r *receiver) finishFolders() {
	for _, f := range slices.Backward(r.last) {
		if !f.mod.IsZero() || !f.access.IsZero() {
			_ = r.tree.Chtimes(f.target, f.access, f.mod)
		}
		if f.mode != 0 {
			_ = r.chmodFolder(f.target, f.mode)
		}
	}
}
