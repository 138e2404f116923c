package objectstore

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // S3 has servers compare MD5; nothing is proved by it
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/minio/minio-go/v7"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
)

// Append notes that a chunk is written. A part whose chunks are all noted is sent.
func (d *Draft) Append(number int64, sum [16]byte, _ *chunk.Hashes, _ chunk.Set) error {
	if !d.several() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err
	}
	n := number * chunk.Size / d.upload.PartSize
	p := d.parts[n]
	if p == nil || p.sending {
		return fmt.Errorf("%s: a chunk is noted that was not written", d.name())
	}
	p.chunks[number] = sum
	if int64(len(p.chunks)) < chunk.Count(int64(len(p.data))) {
		return nil
	}
	p.sending = true
	d.sending++
	d.tree.memory.sent(int64(len(p.data)))
	go d.send(n, p)
	return nil
}

// send sends a part, and notes that it is there.
func (d *Draft) send(n int64, p *gathered) {
	sent, err := d.sendPart(n, p)
	d.tree.memory.arrived(int64(len(p.data)))
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.parts, n)
	if d.sending--; err == nil {
		d.done[n] = sent
	} else if d.err == nil {
		d.err = err
	}
	d.changed.Broadcast()
}

func (d *Draft) sendPart(n int64, p *gathered) (Part, error) {
	t := d.tree
	free, err := t.memory.slot(t.ctx)
	if err != nil {
		return Part{}, err
	}
	defer free()
	sum := md5.Sum(p.data) //nolint:gosec // as above
	out := Part{Number: int(n) + 1}
	first := n * d.upload.PartSize / chunk.Size
	for i := range int64(len(p.chunks)) {
		hash := p.chunks[first+i]
		out.Hashes = append(out.Hashes, hash[:]...)
	}
	err = t.lasting(t.ctx, func() error {
		got, err := t.core.PutObjectPart(t.ctx, t.settings.Bucket, d.key, d.upload.UploadID, out.Number,
			bytes.NewReader(p.data), int64(len(p.data)),
			minio.PutObjectPartOptions{Md5Base64: base64.StdEncoding.EncodeToString(sum[:])})
		out.ETag = strings.Trim(got.ETag, `"`)
		return err
	})
	switch {
	case isMissing(err):
		return Part{}, errOtherUpload(d)
	case err != nil:
		return Part{}, t.explain(err)
	}
	if err := t.journal.AddPart(t.ctx, d.upload.ID, out); errors.Is(err, ErrNoDraft) {
		return Part{}, errOtherUpload(d)
	} else if err != nil {
		return Part{}, err
	}
	return out, nil
}

// errOtherUpload is for an upload that another one of the same name has ended.
func errOtherUpload(d *Draft) error {
	return &fail.Error{Code: fail.AlreadyExists, Passing: true,
		Text: d.source.Name + ": its upload was ended by another one of the same name, run again"}
}

// Commit makes the object visible, if what has its name is what Replaces said.
func (d *Draft) Commit() error {
	if !d.several() {
		return d.commitOne()
	}
	d.mu.Lock()
	for d.sending > 0 && d.err == nil {
		d.changed.Wait()
	}
	u, unless, err := d.upload, d.unless, d.err
	var parts []minio.CompletePart
	whole := md5.New() //nolint:gosec // as above
	for n := range partCount(u.Size, u.PartSize) {
		p, ok := d.done[n]
		if !ok && err == nil {
			err = fmt.Errorf("%s: part %d of it was not written", d.name(), n+1)
		}
		sum, _ := hex.DecodeString(p.ETag) // Of some encrypted objects it is no MD5: then the sum is nobody's.
		whole.Write(sum)
		parts = append(parts, minio.CompletePart{PartNumber: p.Number, ETag: p.ETag})
	}
	d.mu.Unlock()
	if err != nil {
		return err
	}
	t := d.tree
	etag := fmt.Sprintf("%x-%d", whole.Sum(nil), len(parts))
	if err := t.lasting(t.ctx, func() error { return t.complete(u, parts, unless, etag) }); err != nil {
		if errors.Is(err, errOvertaken) {
			return errors.Join(d.overtaken(), d.Remove())
		}
		return t.explain(err)
	}
	// The object is there. A row that stays is of an upload that is gone: who sweeps finds that out.
	_ = t.journal.EndUpload(context.WithoutCancel(t.ctx), u.ID)
	return nil
}

// complete ends an upload. One that is gone may have been completed by a request whose answer was lost.
func (t *Tree) complete(u Upload, parts []minio.CompletePart, unless condition, etag string) error {
	o := minio.PutObjectOptions{}
	unless.set(&o)
	// Servers that know no conditions ignore them. What is there already is seen even so.
	if err := t.holds(t.ctx, u.Key, unless); err != nil {
		return t.written(t.ctx, minio.ErrorResponse{StatusCode: 412}, u.Key, etag, nil)
	}
	_, err := t.core.CompleteMultipartUpload(t.ctx, t.settings.Bucket, u.Key, u.UploadID, parts, o)
	if isMissing(err) {
		return t.written(t.ctx, minio.ErrorResponse{StatusCode: 412}, u.Key, etag, nil)
	}
	return t.written(t.ctx, err, u.Key, etag, func() error {
		_, err := t.core.CompleteMultipartUpload(t.ctx, t.settings.Bucket, u.Key, u.UploadID, parts,
			minio.PutObjectOptions{})
		return err
	})
}

// commitOne writes a file of one part.
func (d *Draft) commitOne() error {
	t := d.tree
	d.mu.Lock()
	p := d.parts[0]
	unless, err := d.unless, d.err
	if p == nil {
		p = &gathered{}
	}
	if err == nil && int64(len(p.data)) != d.source.Size {
		err = fmt.Errorf("%s: it was not written", d.name())
	}
	size := int64(len(p.data))
	if err == nil {
		p.sending = true
		t.memory.sent(size)
	}
	d.mu.Unlock()
	if err != nil {
		return err
	}
	err = d.putOne(p.data, unless)
	t.memory.arrived(size)
	d.mu.Lock()
	delete(d.parts, 0)
	d.mu.Unlock()
	if errors.Is(err, errOvertaken) {
		return d.overtaken()
	}
	return t.explain(err)
}

func (d *Draft) putOne(data []byte, unless condition) error {
	t := d.tree
	free, err := t.memory.slot(t.ctx)
	if err != nil {
		return err
	}
	defer free()
	return t.lasting(t.ctx, func() error { return t.put(t.ctx, d.key, data, d.source.Keep, unless) })
}

func (d *Draft) overtaken() error {
	return fail.New(fail.AlreadyExists, "%s: %w", d.source.Name, errOvertaken)
}

// partsOf are the etags of the parts that the server has of an upload.
func (t *Tree) partsOf(u Upload) (map[int]string, error) {
	const atOnce = 1000
	there := map[int]string{}
	for marker := 0; ; {
		page, err := t.core.ListObjectParts(t.ctx, t.settings.Bucket, u.Key, u.UploadID, marker, atOnce)
		if err != nil {
			return nil, t.explain(err)
		}
		for _, p := range page.ObjectParts {
			there[p.PartNumber] = strings.Trim(p.ETag, `"`)
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= marker {
			return there, nil
		}
		marker = page.NextPartNumberMarker
	}
}

// abort has the server forget an upload and its parts. One that it does not know is no error.
func (t *Tree) abort(u Upload) error {
	err := t.core.AbortMultipartUpload(t.ctx, t.settings.Bucket, u.Key, u.UploadID)
	if isMissing(err) {
		return nil
	}
	return t.explain(err)
}

// Abort gives up an upload that the journal has, and forgets it there.
func (t *Tree) Abort(u Upload) error {
	if err := t.abort(u); err != nil {
		return err
	}
	return t.journal.EndUpload(t.ctx, u.ID)
}
