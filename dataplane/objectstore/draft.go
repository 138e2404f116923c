package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// Draft is an object until it is whole. A file of one part is gathered in memory and written in one request. Of a
// larger one each part is gathered, and sent when all of its chunks are noted by Append; the journal then has it, so
// that any node finds it (Find). Commit makes the object visible.
//
// Its methods are those of unfinished.Draft. It is safe for use by one writer and the readers of what is written.
type Draft struct {
	tree   *Tree
	key    string
	source unfinished.Source
	unless condition

	mu       sync.Mutex
	changed  *sync.Cond
	upload   Upload // of a file of several parts, once it is begun or found
	begun    bool
	made     bool
	released bool
	parts    map[int64]*gathered
	done     map[int64]Part
	sending  int
	err      error // why no more can be sent
}

// gathered is a part in memory.
type gathered struct {
	data    []byte
	chunks  map[int64][16]byte // those that are whole, by number in the file
	sending bool
}

// Draft is the draft of a file that is not there; see Replaces.
func (t *Tree) Draft(p string, source unfinished.Source) (*Draft, error) {
	key, err := t.keyBelow(p)
	if err != nil {
		return nil, err
	}
	if err := refuseSize(source.Size); err != nil {
		return nil, fail.New(fail.FileTooBig, "%s: %w", source.Name, err)
	}
	d := &Draft{tree: t, key: key, source: source, unless: condition{nothing: true}, parts: map[int64]*gathered{},
		done: map[int64]Part{}}
	d.changed = sync.NewCond(&d.mu)
	d.upload.PartSize = PartSize(source.Size)
	return d, nil
}

// several says that the file has several parts.
func (d *Draft) several() bool { return d.source.Size > leastPart }

// Replaces says what has the name of the file, nil for nothing: Commit replaces that and nothing else.
func (d *Draft) Replaces(info fs.FileInfo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unless = condition{nothing: info == nil}
	if o, ok := info.(*objectInfo); ok {
		d.unless.etag = o.etag
	}
}

// Names are none: nothing of a draft is in the folder.
func (d *Draft) Names() []string { return nil }

// Apart says that there may be a draft, whatever is in the folder.
func (d *Draft) Apart() bool { return d.several() }

// Made says that the upload was begun, or is gone on with.
func (d *Draft) Made() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.made
}

// NoteMade does nothing: small files have no other way here.
func (d *Draft) NoteMade() {}

// Occupied is nothing: no room is set aside.
func (d *Draft) Occupied() int64 { return 0 }

// DropStale does nothing: an upload takes the place of the one before.
func (d *Draft) DropStale() {}

// CloseJournal does nothing: the journal is never open.
func (d *Draft) CloseJournal() {}

// CommitPart fails: the files of an object storage are not sent in shares.
func (d *Draft) CommitPart([16]byte, *chunk.Hashes, chunk.Set, func(*os.File) error) error {
	return fmt.Errorf("parts of a file: %w", errUnsupported)
}

// Find looks for an upload of the same source, and returns the hashes of the chunks that the server has.
func (d *Draft) Find() map[int64][16]byte {
	if !d.several() || d.Made() {
		return nil
	}
	u, err := d.tree.journal.FindUpload(d.tree.ctx, d.tree.storage, d.key)
	if err != nil || u.Size != d.source.Size || u.PartSize != PartSize(u.Size) ||
		!unfinished.SameTime(u.ModTime, d.source.ModTime) {
		return nil // An upload that begins takes its place.
	}
	there, err := d.tree.partsOf(u)
	if err != nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	chunks := map[int64][16]byte{}
	d.upload, d.begun = u, true
	d.upload.Parts = nil
	clear(d.done)
	for _, p := range u.Parts {
		n := int64(p.Number - 1)
		if there[p.Number] != p.ETag || n < 0 || n >= partCount(u.Size, u.PartSize) {
			continue
		}
		g := partRange(n, u.PartSize, u.Size)
		if int64(len(p.Hashes)) != 16*chunk.Count(g.Length) {
			continue
		}
		d.done[n] = p
		for i := range chunk.Count(g.Length) {
			chunks[g.Offset/chunk.Size+i] = [16]byte(p.Hashes[16*i:])
		}
	}
	return chunks
}

// Open begins the upload, or goes on with the one that was found.
func (d *Draft) Open() (*unfinished.File, error) {
	if err := d.begin(); err != nil {
		return nil, err
	}
	return d.OpenKnown()
}

// OpenKnown opens what is there.
func (d *Draft) OpenKnown() (*unfinished.File, error) { return d.View(&draftFile{d}), nil }

// View is an open file as one of a draft.
func (d *Draft) View(f storage.File) *unfinished.File { return unfinished.Whole(f) }

func (d *Draft) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made || !d.several() || d.begun {
		d.made = true
		return d.err
	}
	t := d.tree
	o := t.writeOptions()
	if at := d.source.Keep; at != 0 {
		o.UserMetadata = map[string]string{metaTime: formatTime(at)}
	}
	u := Upload{Storage: t.storage, Key: d.key, Size: d.source.Size, ModTime: d.source.ModTime,
		PartSize: PartSize(d.source.Size)}
	err := t.lasting(t.ctx, func() (err error) {
		u.UploadID, err = t.core.NewMultipartUpload(t.ctx, t.settings.Bucket, d.key, o)
		return err
	})
	if err != nil {
		return t.explain(err)
	}
	var former *Upload
	if u.ID, former, err = t.journal.BeginUpload(t.ctx, u); err != nil {
		return errors.Join(err, t.abort(u))
	}
	if former != nil {
		// One that stays costs room at the server and is nothing of the file: the journal no longer has it.
		_ = t.abort(*former)
	}
	d.upload, d.begun, d.made = u, true, true
	return nil
}

// Check says whether what was written can still be sent.
func (d *Draft) Check() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Release gives the memory back. What is on its way arrives, or fails by itself.
func (d *Draft) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.released = true
	d.drop()
}

// drop forgets what is gathered and not on its way. d.mu is held.
func (d *Draft) drop() {
	for n, p := range d.parts {
		if !p.sending {
			d.tree.memory.give(int64(len(p.data)))
			delete(d.parts, n)
		}
	}
}

// Remove gives the upload up, with all that the server has of it.
func (d *Draft) Remove() error {
	d.mu.Lock()
	d.drop()
	for d.sending > 0 { // A part that arrives after the abort would stay.
		d.changed.Wait()
	}
	u, begun := d.upload, d.begun && d.upload.UploadID != ""
	d.upload, d.begun, d.made, d.err = Upload{PartSize: PartSize(d.source.Size)}, false, false, nil
	clear(d.done)
	d.mu.Unlock()
	if !begun {
		return nil
	}
	// The session may be over, of which nothing has to stay.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.tree.ctx), answerLimit)
	defer cancel()
	t := *d.tree
	t.ctx = ctx
	if err := t.abort(u); err != nil {
		return t.explain(err) // The journal has it still, so that it goes later.
	}
	return t.journal.EndUpload(ctx, u.ID)
}

// name is the file's own.
func (d *Draft) name() string { return path.Base(d.key) }
