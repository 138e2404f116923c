package objectstore

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/minio/minio-go/v7"

	"faspex.io/operator/dataplane/storage"
)

// listedAtOnce is how many entries a server tells at once, at most.
const listedAtOnce = 1000

// page is what a server tells at once of the keys that begin with a prefix; token is where the page before ended.
func (t *Tree) page(prefix, token, delimiter string, most int) (minio.ListBucketV2Result, error) {
	if t.ctx.Err() != nil {
		return minio.ListBucketV2Result{}, context.Cause(t.ctx)
	}
	page, err := t.core.ListObjectsV2(t.settings.Bucket, prefix, "", token, delimiter, most)
	return page, t.explain(err)
}

// entry is an entry of a folder.
type entry struct{ fs.FileInfo }

func (e entry) Type() fs.FileMode                      { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error)             { return e.FileInfo, nil }
func (e entry) String() string                         { return fs.FormatDirEntry(e) }
func (e entry) Known() (fs.FileInfo, storage.Identity) { return e.FileInfo, identityOf(e.FileInfo) }
func (t *Tree) listed(name string, o minio.ObjectInfo) entry {
	i := infoOf(o)
	i.name = name
	return entry{i}
}

// Each calls fn with every entry of a folder in the order of their names. An object is told with the time when it was
// written. Names that no path can have are left out.
func (t *Tree) Each(p string, fn func(fs.DirEntry) error) error {
	key, err := t.key(p)
	if err != nil {
		return err
	}
	prefix := key
	if key != t.prefix {
		prefix += "/"
	}
	some, token := false, ""
	var files names
	last := ""
	tellFolder := func(name string) error {
		if name == last || !usable(name) || files.holds(name) {
			return nil
		}
		last = name
		return fn(entry{folderInfo(name)})
	}
	for {
		page, err := t.page(prefix, token, "/", listedAtOnce)
		if err != nil {
			return err
		}
		some = some || len(page.Contents)+len(page.CommonPrefixes) > 0
		for len(page.Contents)+len(page.CommonPrefixes) > 0 {
			folders, objects := page.CommonPrefixes, page.Contents
			if len(objects) == 0 || len(folders) > 0 && folders[0].Prefix < objects[0].Key {
				page.CommonPrefixes = folders[1:]
				name := strings.TrimSuffix(strings.TrimPrefix(folders[0].Prefix, prefix), "/")
				err = tellFolder(name)
			} else {
				page.Contents = objects[1:]
				name, folder := strings.CutSuffix(strings.TrimPrefix(objects[0].Key, prefix), "/")
				switch {
				case !usable(name):
				case !folder:
					files.note(name)
					err = fn(t.listed(name, objects[0]))
				default: // Some servers tell the object of an empty folder, too, or as well.
					err = tellFolder(name)
				}
			}
			if err != nil {
				return err
			}
		}
		if token = page.NextContinuationToken; !page.IsTruncated || token == "" {
			break
		}
	}
	if some || key == t.prefix {
		return nil
	}
	if _, err := t.stat(key); err != nil {
		return failed("list", p, err)
	}
	return failed("list", p, syscall.ENOTDIR)
}

// names are those of objects that a folder may have as well. The entries of a listing come in the order of their keys,
// so that between an object and the folder of its name are only keys that begin like both.
type names []string

func (n *names) note(name string) {
	for len(*n) > 0 && !strings.HasPrefix(name, (*n)[len(*n)-1]) {
		*n = (*n)[:len(*n)-1]
	}
	*n = append(*n, name)
}

func (n names) holds(name string) bool { return slices.Contains(n, name) }

// usable says that a path can have a name.
func usable(name string) bool {
	if name == "" || name == "." || name == ".." || name == storage.Mark || strings.Contains(name, "/") {
		return false
	}
	_, err := storage.Clean(name)
	return err == nil
}

// ReadDir lists a folder, sorted by name.
func (t *Tree) ReadDir(p string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	err := t.Each(p, func(e fs.DirEntry) error {
		all = append(all, e)
		return nil
	})
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, err
}

// keys calls fn with all objects whose keys begin with a prefix, a page at a time.
func (t *Tree) keys(prefix string, fn func([]minio.ObjectInfo) error) error {
	for token := ""; ; {
		page, err := t.page(prefix, token, "", listedAtOnce)
		if err != nil {
			return err
		}
		if len(page.Contents) > 0 {
			if err := fn(page.Contents); err != nil {
				return err
			}
		}
		if token = page.NextContinuationToken; !page.IsTruncated || token == "" {
			return nil
		}
	}
}
