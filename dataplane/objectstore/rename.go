package objectstore

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"syscall"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	// mostRenamed is how many objects a folder may have that is renamed while its caller waits.
	mostRenamed = 1000
	// copiesAtOnce is how many objects of a folder are copied at a time.
	copiesAtOnce = 16
)

// Rename gives a file another name, and replaces what has it, or a folder: that is copied on the server, object by
// object, and then removed. What can't be copied as a whole is left as it was.
func (t *Tree) Rename(from, to string) error {
	info, err := t.MayRename(from, to)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if err := t.CopyFolder(from, to, func() {}); err != nil {
			return errors.Join(err, t.RemoveAll(to))
		}
		return t.DropCopied(from, to)
	}
	source, err := t.keyBelow(from)
	if err != nil {
		return err
	}
	target, err := t.keyBelow(to)
	if err != nil {
		return err
	}
	if err := t.copy(source, target, info.Size()); err != nil {
		return err
	}
	return t.removing(from, func() error {
		return t.core.Client.RemoveObject(t.ctx, t.settings.Bucket, source, minio.RemoveObjectOptions{})
	})
}

// MayRename says why a file or folder can't have another name, or what it is.
func (t *Tree) MayRename(from, to string) (fs.FileInfo, error) {
	source, err := t.keyBelow(from)
	if err != nil {
		return nil, err
	}
	target, err := t.keyBelow(to)
	if err != nil {
		return nil, err
	}
	info, err := t.Lstat(from)
	if err != nil {
		return nil, err
	}
	if err := t.mayHold(to, path.Dir(path.Clean("/"+to))); err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return info, nil
	}
	if strings.HasPrefix(target+"/", source+"/") {
		return nil, failed("rename", to, syscall.EINVAL)
	}
	if taken, err := t.hasFolder(target); err != nil || taken {
		return nil, errors.Join(err, failed("rename", to, fs.ErrExist))
	}
	return info, nil
}

// TakesLong says that the rename of a folder is not for a caller who waits.
func (t *Tree) TakesLong(p string) (bool, error) {
	key, err := t.keyBelow(p)
	if err != nil {
		return false, err
	}
	n, enough := 0, errors.New("enough")
	err = t.keys(key+"/", func(some []minio.ObjectInfo) error {
		if n += len(some); n > mostRenamed {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return true, nil
	}
	return false, err
}

// CopyFolder copies all objects of a folder, and tells of each. It can be called again when it was cut off.
func (t *Tree) CopyFolder(from, to string, copied func()) error {
	source, target, err := t.both(from, to)
	if err != nil {
		return err
	}
	return t.keys(source, func(some []minio.ObjectInfo) error {
		return t.several(some, func(o minio.ObjectInfo) error {
			name := target + strings.TrimPrefix(o.Key, source)
			if err := t.lasting(t.ctx, func() error { return t.copy(o.Key, name, o.Size) }); err != nil {
				return err
			}
			copied()
			return nil
		})
	})
}

// DropCopied removes the objects of a folder that CopyFolder has copied. What was written there since is copied before.
// It can be called again when it was cut off.
func (t *Tree) DropCopied(from, to string) error {
	source, target, err := t.both(from, to)
	if err != nil {
		return err
	}
	return t.removing(from, func() error {
		return t.keys(source, func(some []minio.ObjectInfo) error {
			err := t.several(some, func(o minio.ObjectInfo) error {
				name := target + strings.TrimPrefix(o.Key, source)
				there, err := t.core.Client.StatObject(t.ctx, t.settings.Bucket, name, minio.StatObjectOptions{})
				if err == nil && there.Size == o.Size && !there.LastModified.Before(o.LastModified) {
					return nil
				}
				return t.copy(o.Key, name, o.Size)
			})
			if err != nil {
				return err
			}
			return t.removeObjects(some)
		})
	})
}

// both are what the keys in two folders begin with.
func (t *Tree) both(from, to string) (source, target string, err error) {
	if source, err = t.keyBelow(from); err != nil {
		return "", "", err
	}
	if target, err = t.keyBelow(to); err != nil {
		return "", "", err
	}
	return source + "/", target + "/", nil
}

// several calls fn with all of some objects, a few at a time.
func (t *Tree) several(some []minio.ObjectInfo, fn func(minio.ObjectInfo) error) error {
	var group errgroup.Group
	group.SetLimit(copiesAtOnce)
	for _, o := range some {
		group.Go(func() error {
			if t.ctx.Err() != nil {
				return context.Cause(t.ctx)
			}
			return t.explain(fn(o))
		})
	}
	return group.Wait()
}

// mostCopied is how large an object can be that one request copies.
const mostCopied = 5 << 30

// copy copies an object on the server, with its metadata. A copy that was asked for is waited for, also when the tree is
// no longer wanted: the server would make it after what comes next.
func (t *Tree) copy(from, to string, size int64) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	ctx := context.WithoutCancel(t.ctx)
	o := t.writeOptions()
	source := minio.CopySrcOptions{Bucket: t.settings.Bucket, Object: from}
	if size <= mostCopied {
		header := http.Header{}
		if o.ServerSideEncryption != nil {
			o.ServerSideEncryption.Marshal(header)
		}
		if o.StorageClass != "" {
			header.Set("x-amz-storage-class", o.StorageClass)
		}
		set := map[string]string{}
		for name := range header {
			set[name] = header.Get(name)
		}
		_, err := t.core.CopyObject(ctx, t.settings.Bucket, from, t.settings.Bucket, to, set, source,
			minio.PutObjectOptions{})
		return t.explain(err)
	}
	_, err := t.core.Client.ComposeObject(ctx, minio.CopyDestOptions{
		Bucket: t.settings.Bucket, Object: to, Encryption: t.sse,
	}, source)
	return t.explain(err)
}
