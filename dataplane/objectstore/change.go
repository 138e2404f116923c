package objectstore

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // S3 has servers compare MD5; nothing is proved by it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"syscall"

	"github.com/minio/minio-go/v7"
)

// condition is what has to be at a key when an object is written to it: nothing, or the object with an etag; without
// either, whatever is.
type condition struct {
	nothing bool
	etag    string
}

func (c condition) set(o *minio.PutObjectOptions) {
	switch {
	case c.nothing:
		o.SetMatchETagExcept("*")
	case c.etag != "":
		o.SetMatchETag(c.etag)
	}
}

// errOvertaken is for an object that another writer was faster with.
var errOvertaken = fmt.Errorf("another object was written to this name meanwhile: %w", fs.ErrExist)

// put writes an object in one request. modified is the modification time that it is given, 0 for none.
func (t *Tree) put(ctx context.Context, key string, content []byte, modified int64, c condition) error {
	sum := md5.Sum(content) //nolint:gosec // as above
	o := t.writeOptions()
	if modified != 0 {
		o.UserMetadata = map[string]string{metaTime: formatTime(modified)}
	}
	c.set(&o)
	_, err := t.core.PutObject(ctx, t.settings.Bucket, key, bytes.NewReader(content), int64(len(content)),
		base64.StdEncoding.EncodeToString(sum[:]), "", o)
	return t.written(ctx, err, key, hex.EncodeToString(sum[:]), func() error {
		if err := t.holds(ctx, key, c); err != nil {
			return err
		}
		return t.put(ctx, key, content, modified, condition{})
	})
}

// written looks at how a conditional write ended. A request that was repeated finds what it wrote itself: etag tells.
// Servers that know no conditions are asked before, and then for a write without one.
func (t *Tree) written(ctx context.Context, err error, key, etag string, without func() error) error {
	switch {
	case hasStatus(err, http.StatusPreconditionFailed) || hasStatus(err, http.StatusConflict):
		o, looked := t.core.Client.StatObject(ctx, t.settings.Bucket, key, minio.StatObjectOptions{})
		if looked == nil && etag != "" && strings.Trim(o.ETag, `"`) == etag {
			return nil
		}
		return errOvertaken
	case hasStatus(err, http.StatusNotImplemented):
		return without()
	}
	return err
}

// holds fails unless a condition is true now.
func (t *Tree) holds(ctx context.Context, key string, c condition) error {
	if c == (condition{}) {
		return nil
	}
	o, err := t.core.Client.StatObject(ctx, t.settings.Bucket, key, minio.StatObjectOptions{})
	switch {
	case err != nil && !isMissing(err):
		return err
	case c.nothing && err == nil, !c.nothing && (err != nil || strings.Trim(o.ETag, `"`) != c.etag):
		return errOvertaken
	}
	return nil
}

// Create makes a file with its content. It is an error if there is one.
func (t *Tree) Create(p string, content []byte, _ fs.FileMode) error {
	key, err := t.keyBelow(p)
	if err != nil {
		return err
	}
	if err := t.mayHold(p, path.Dir(path.Clean("/"+p))); err != nil {
		return err
	}
	return failed("create", p, t.explain(t.put(t.ctx, key, content, 0, condition{nothing: true})))
}

// mayHold fails unless dir is a folder that something can be made in.
func (t *Tree) mayHold(p, dir string) error {
	info, err := t.Lstat(dir)
	switch {
	case err != nil:
		return failed("open", p, err)
	case !info.IsDir():
		return failed("open", p, syscall.ENOTDIR)
	}
	return nil
}

// Mkdir makes one folder; its parent must exist.
func (t *Tree) Mkdir(p string, _ fs.FileMode) error {
	key, err := t.key(p)
	if err != nil {
		return err
	}
	if key == t.prefix {
		return failed("mkdir", p, fs.ErrExist)
	}
	if err := t.mayHold(p, path.Dir(path.Clean("/"+p))); err != nil {
		return err
	}
	switch _, err := t.Lstat(p); {
	case err == nil:
		return failed("mkdir", p, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return t.mark(key)
}

// mark makes the object that a folder without others is.
func (t *Tree) mark(key string) error {
	return t.explain(t.put(t.ctx, key+"/", nil, 0, condition{}))
}

// MkdirAll makes a folder; those above it are there with it.
func (t *Tree) MkdirAll(p string, _ fs.FileMode) error {
	key, err := t.key(p)
	if err != nil || key == t.prefix {
		return err
	}
	info, err := t.Lstat(p) // It says so if one above is a file.
	switch {
	case err == nil && !info.IsDir():
		return failed("mkdir", p, syscall.ENOTDIR)
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return t.mark(key)
}

// Remove removes a file or an empty folder. The folder that it was in stays.
func (t *Tree) Remove(p string) error {
	key, err := t.keyBelow(p)
	if err != nil {
		return err
	}
	info, err := t.Lstat(p)
	if err != nil {
		return err
	}
	if info.IsDir() {
		key += "/"
		page, err := t.page(key, "", "", 2)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if o.Key != key {
				return failed("remove", p, syscall.ENOTEMPTY)
			}
		}
	}
	return t.removing(p, func() error {
		return t.core.Client.RemoveObject(t.ctx, t.settings.Bucket, key, minio.RemoveObjectOptions{})
	})
}

// removing has a folder be there after what it held was removed. It is marked before, so that a kill loses no folder.
func (t *Tree) removing(p string, remove func() error) error {
	key, err := t.key(path.Dir(path.Clean("/" + p)))
	if err != nil {
		return err
	}
	if key != t.prefix {
		if err := t.mark(key); err != nil {
			return err
		}
	}
	return t.explain(remove())
}

// RemoveAll removes a file, or a folder with all that it holds. What is not there is no error.
func (t *Tree) RemoveAll(p string) error {
	key, err := t.keyBelow(p)
	if err != nil {
		return err
	}
	switch _, err := t.Lstat(p); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return t.removing(p, func() error {
		if err := t.keys(key+"/", t.removeObjects); err != nil {
			return err
		}
		return t.core.Client.RemoveObject(t.ctx, t.settings.Bucket, key, minio.RemoveObjectOptions{})
	})
}

func (t *Tree) removeObjects(objects []minio.ObjectInfo) error {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	named := make(chan minio.ObjectInfo, len(objects))
	for _, o := range objects {
		named <- minio.ObjectInfo{Key: o.Key}
	}
	close(named)
	for e := range t.core.Client.RemoveObjects(ctx, t.settings.Bucket, named, minio.RemoveObjectsOptions{}) {
		if e.Err != nil && !isMissing(e.Err) {
			return t.explain(e.Err)
		}
	}
	return t.ctx.Err()
}
