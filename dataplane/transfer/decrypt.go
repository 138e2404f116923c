package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// Decryption has a receiver decrypt the files that have the suffix of encrypted ones, once they are whole.
type Decryption struct {
	Passphrase *atrest.Passphrase
	// Strict ends the session at the first file that has another passphrase. Otherwise such files stay encrypted.
	Strict bool
}

// nameDecrypted finds the names of a file that is to be decrypted: it arrives under the one with the suffix.
func (r *receiver) nameDecrypted(f *gotFile) {
	name := strings.TrimSuffix(path.Base(f.target), atrest.Suffix)
	if r.decrypt == nil || !strings.HasSuffix(f.entry.Path, atrest.Suffix) || name == "" {
		return
	}
	f.plain = path.Join(path.Dir(f.target), name)
	f.target = f.plain + atrest.Suffix
}

// decryptedBefore applies the overwrite policy to a file that is here in plain. Content can't be compared with what is
// encrypted, so under diff it is the same file if size and time are. It reports whether that settles the file.
func (r *receiver) decryptedBefore(f *gotFile) (bool, error) {
	if f.plain == "" {
		return false, nil
	}
	existing, err := r.tree.Lstat(f.plain)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case existing.IsDir():
		return false, fail.New(fail.IsDirectory, "%s: a folder has this name",
			strings.TrimSuffix(f.entry.Path, atrest.Suffix))
	}
	if special(existing) {
		return false, errNotRegular(f)
	}
	at := existing.ModTime().UnixNano()
	same := existing.Mode().IsRegular() && at == f.entry.ModTime && atrest.PlainSizeIs(existing.Size(), f.entry.Size)
	older := at < f.entry.ModTime
	var skip bool
	switch r.options.Overwrite {
	case manifest.OverwriteAlways:
	case manifest.OverwriteNever:
		skip = true
	case manifest.OverwriteOlder:
		skip = !older
	case manifest.OverwriteDiffOrOlder:
		skip = !older && same
	default:
		skip = same && r.options.Resume != manifest.ResumeNone
	}
	if !skip {
		return false, nil
	}
	return true, r.done(f, control.FileSkipped, nil)
}

// keepFile settles a file that need not be sent, because it is here under the name it arrives with.
func (r *receiver) keepFile(f *gotFile) error {
	if f.plain == "" {
		return r.done(f, control.FileSkipped, nil)
	}
	if err := f.begin(finalizing); err != nil {
		return err
	}
	r.work.add(func(ctx context.Context) error { return r.settle(ctx, f, control.FileSkipped) })
	return nil
}

// settle ends a file that is whole under the name it arrived with: a file to be decrypted is, or says why it can't be.
func (r *receiver) settle(ctx context.Context, f *gotFile, status control.FileStatus) error {
	if f.plain == "" {
		return r.done(f, status, nil)
	}
	err := r.unseal(ctx, f)
	switch {
	case err == nil:
		return r.done(f, status, nil)
	case ctx.Err() != nil:
		return nil // It is decrypted the next time.
	case errors.Is(err, atrest.ErrPassphrase):
		wrong := fail.New(fail.BadPassphrase, "%s: the passphrase is another one, the file stays encrypted", f.entry.Path)
		if !r.decrypt.Strict {
			f.mu.Lock()
			f.encrypted = wrong
			f.mu.Unlock()
			return r.done(f, status, nil)
		}
		if err := r.done(f, control.FileFailed, wrong); err != nil {
			return err
		}
		return wrong
	case errors.Is(err, atrest.ErrDamaged), errors.Is(err, atrest.ErrFormat):
		return r.done(f, control.FileFailed, fail.New(fail.FileEncryption, "%s: %w, it stays as it is", f.entry.Path, err))
	}
	return r.done(f, control.FileFailed, fail.File(f.entry.Path, err, fail.DiskWrite))
}

// unseal decrypts a file beside its encrypted form, gives it its name when all of it is authenticated, and
// then removes the encrypted form.
func (r *receiver) unseal(ctx context.Context, f *gotFile) error {
	in, err := r.tree.Open(f.target)
	if err != nil {
		return err
	}
	defer in.Close()
	partial := path.Join(path.Dir(f.plain), unfinished.SmallName(path.Base(f.plain)))
	if err := r.tree.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := r.tree.OpenOwn(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, r.firstMode(f))
	if err != nil {
		return err
	}
	n, err := r.decrypt.Passphrase.Decrypt(out, readerUntil{ctx, in})
	if err == nil {
		err = r.attributes(f, out)
	}
	if err == nil && n >= syncFrom {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = r.saveExisting(f.plain)
	}
	if err == nil {
		err = r.tree.Rename(partial, f.plain)
	}
	if err != nil {
		_ = r.tree.Remove(partial) // What failed before is what matters.
		return err
	}
	return r.tree.Remove(f.target)
}

// readerUntil reads until its context ends.
type readerUntil struct {
	ctx context.Context
	r   io.Reader
}

func (r readerUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
