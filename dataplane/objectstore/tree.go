package objectstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"

	"faspex.io/operator/dataplane/storage"
)

// mostKey is the longest name of an object, in bytes.
const mostKey = 1024

// Tree is a folder of a bucket for one call or session, whose context it has: its methods are those of folders of the
// host, which have none. Safe for concurrent use.
type Tree struct {
	*Bucket
	ctx     context.Context
	prefix  string // of the keys: "" or "folder/"
	mount   string // what all paths begin with: "" or "/name"
	journal Journal
	storage string // its id in the journal
}

var _ storage.Tree = (*Tree)(nil)

// Tree is the folder p of the storage, for as long as ctx lasts. Its uploads are in the journal under the storage's id.
func (b *Bucket) Tree(ctx context.Context, p, id string, journal Journal) *Tree {
	return &Tree{Bucket: b, ctx: ctx, prefix: prefixOf(path.Join(b.settings.Path, p)), journal: journal, storage: id}
}

// Under is the folder by paths that begin with a name, as of a folder that holds this one as its only entry.
func (t *Tree) Under(name string) *Tree {
	mounted := *t
	mounted.mount = "/" + name
	return &mounted
}

// prefixOf is what the keys of all that is in a folder begin with.
func prefixOf(folder string) string {
	if folder = strings.Trim(folder, "/"); folder != "" {
		return folder + "/"
	}
	return ""
}

// key is the object of a file.
func (t *Tree) key(p string) (string, error) {
	clean, err := storage.Clean(p)
	if err != nil {
		return "", err
	}
	if t.mount != "" {
		below, ok := strings.CutPrefix(clean+"/", t.mount+"/")
		if !ok {
			return "", failed("open", p, fs.ErrNotExist)
		}
		clean = path.Clean("/" + below)
	}
	if clean == "/" {
		return t.prefix, nil
	}
	key := t.prefix + clean[1:]
	if len(key) >= mostKey { // A folder's has a slash more.
		return "", failed("open", p, syscall.ENAMETOOLONG)
	}
	return key, nil
}

// keyBelow is key for what is not the top.
func (t *Tree) keyBelow(p string) (string, error) {
	key, err := t.key(p)
	if err == nil && key == t.prefix {
		return "", storage.ErrIsRoot
	}
	return key, err
}

// Close ends nothing: the bucket is for others, too.
func (t *Tree) Close() error { return nil }

// Capabilities of a bucket.
func (t *Tree) Capabilities() storage.Capabilities { return storage.Capabilities{Times: true} }

// Lstat describes a file or folder. Where an object and a folder have one name, it is the object.
func (t *Tree) Lstat(p string) (fs.FileInfo, error) {
	key, err := t.key(p)
	if err != nil {
		return nil, err
	}
	if key == t.prefix {
		return folderInfo(path.Base("/" + t.mount)), nil
	}
	info, err := t.stat(key)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	there, err := t.hasFolder(key)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, failed("stat", p, t.missing(key))
	}
	return folderInfo(path.Base(p)), nil
}

// missing is why there is nothing at a key: it may be beneath a file.
func (t *Tree) missing(key string) error {
	rest := strings.TrimPrefix(key, t.prefix)
	for above := path.Dir(rest); above != "." && above != "/"; above = path.Dir(above) {
		there, err := t.hasFolder(t.prefix + above)
		if err != nil {
			return err
		}
		if there {
			break
		}
		if _, err := t.stat(t.prefix + above); err == nil {
			return syscall.ENOTDIR
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fs.ErrNotExist
}

// Stat is Lstat: there are no links.
func (t *Tree) Stat(p string) (fs.FileInfo, error) { return t.Lstat(p) }

// Identify is Lstat with what tells an object from another that has or gets its name: its etag. Folders are names.
func (t *Tree) Identify(p string) (fs.FileInfo, storage.Identity, error) {
	info, err := t.Lstat(p)
	if err != nil {
		return nil, storage.Identity{}, err
	}
	return info, identityOf(info), nil
}

func identityOf(info fs.FileInfo) storage.Identity {
	o, ok := info.(*objectInfo)
	if !ok {
		return storage.Identity{Inode: 1}
	}
	sum := sha256.Sum256([]byte(o.etag))
	return storage.Identity{Inode: binary.BigEndian.Uint64(sum[:8])}
}

func (t *Tree) stat(key string) (*objectInfo, error) {
	o, err := t.core.Client.StatObject(t.ctx, t.settings.Bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, t.explain(err)
	}
	info := infoOf(o)
	info.name = path.Base(key)
	return info, nil
}

// hasFolder says whether there is anything in a folder, or the folder itself.
func (t *Tree) hasFolder(key string) (bool, error) {
	page, err := t.page(key+"/", "", "", 1)
	return len(page.Contents) > 0, err
}

// Readlink fails: nothing is a link.
func (t *Tree) Readlink(p string) (string, error) { return "", failed("readlink", p, syscall.EINVAL) }

// Symlink fails.
func (t *Tree) Symlink(_, p string) error { return failed("symlink", p, errUnsupported) }

// Space fails: a bucket has no size.
func (t *Tree) Space(string) (storage.Space, error) { return storage.Space{}, storage.ErrSpaceUnknown }

// errUnsupported is both what callers of this package and those of the system look for.
var errUnsupported = fmt.Errorf("%w: %w", errors.ErrUnsupported, syscall.EOPNOTSUPP)

func failed(op, p string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: p, Err: err}
}

// objectInfo describes an object.
type objectInfo struct {
	name     string
	size     int64
	modified time.Time
	etag     string
}

func (i *objectInfo) Name() string       { return i.name }
func (i *objectInfo) Size() int64        { return i.size }
func (i *objectInfo) Mode() fs.FileMode  { return 0o644 }
func (i *objectInfo) ModTime() time.Time { return i.modified }
func (i *objectInfo) IsDir() bool        { return false }
func (i *objectInfo) Sys() any           { return nil }

// folderInfo describes a folder by its name. It has no time of its own.
type folderInfo string

func (i folderInfo) Name() string     { return string(i) }
func (folderInfo) Size() int64        { return 0 }
func (folderInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (folderInfo) ModTime() time.Time { return time.Unix(0, 0).UTC() }
func (folderInfo) IsDir() bool        { return true }
func (folderInfo) Sys() any           { return nil }

// metaTime is the metadata of an object that has the modification time of its source, in seconds since 1970 with nine
// digits behind the point, as rclone writes it.
const metaTime = "Mtime"

func infoOf(o minio.ObjectInfo) *objectInfo {
	info := &objectInfo{size: o.Size, modified: o.LastModified, etag: strings.Trim(o.ETag, `"`)}
	if at, ok := parseTime(o.UserMetadata[metaTime]); ok {
		info.modified = at
	}
	return info
}

func formatTime(nsec int64) string {
	at := time.Unix(0, nsec)
	return fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond())
}

func parseTime(text string) (time.Time, bool) {
	whole, part, _ := strings.Cut(text, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(part) > 9 {
		return time.Time{}, false
	}
	nsec := int64(0)
	if part != "" {
		if nsec, err = strconv.ParseInt(part+strings.Repeat("0", 9-len(part)), 10, 64); err != nil || nsec < 0 {
			return time.Time{}, false
		}
	}
	return time.Unix(sec, nsec), true
}
