package unfinished

import (
	"errors"
	"io/fs"
	"os"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
)

func (d *Draft) header() journalHeader {
	return journalHeader{Size: d.source.Size, ModTime: d.source.ModTime}
}

// Append notes in the journal that a chunk is in the partial file. The journal begins anew with those of the
// chunks of data that before has.
func (d *Draft) Append(number int64, sum [16]byte, before *chunk.Hashes, data chunk.Set) error {
	record := journalRecord(number, d.hidden(sum))
	if d.log == nil {
		log, err := d.rewriteJournal()
		if err != nil {
			return d.notOwn(err)
		}
		d.log = log
		begin := d.header().encode()
		for _, g := range data {
			for i := range g.Chunks() {
				if before.Has(i) {
					begin = append(begin, journalRecord(i, d.hidden(before.Sum(i)))...)
				}
			}
		}
		record = append(begin, record...)
	}
	_, err := d.log.Write(record)
	return err
}

// CloseJournal closes the journal; Append begins it anew.
func (d *Draft) CloseJournal() {
	if d.log != nil {
		d.log.Close()
		d.log = nil
	}
}

// createJournal makes an empty journal. What has a reserved name is the program's, and of no use any more.
func (d *Draft) createJournal() (*os.File, error) {
	f, err := d.tree.OpenOwn(d.journal(), ownFlags, 0o644)
	if !taken(err) || !d.digest {
		return f, err
	}
	if err := ignoreMissing(d.tree.Remove(d.journal())); err != nil {
		return nil, err
	}
	return d.tree.OpenOwn(d.journal(), ownFlags, 0o644)
}

// rewriteJournal opens the journal and empties it, if it is one.
func (d *Draft) rewriteJournal() (*os.File, error) {
	f, err := d.tree.OpenOwn(d.journal(), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.digest {
		return d.createJournal()
	}
	if err != nil {
		return nil, err
	}
	if _, _, err = readJournal(f); err != nil && !d.digest {
		f.Close()
		return nil, storage.ErrNotOwn
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// hidden is a hash as the journal has it. The hashes of chunks of a file that is encrypted on disk would
// tell who knows a file that it is this one. The cipher is the partial file's own, so that it stays the same
// when the storage gets another key.
func (d *Draft) hidden(sum [16]byte) [16]byte {
	if d.hide != nil {
		d.hide.Encrypt(sum[:], sum[:])
	}
	return sum
}

// show undoes what hidden did to the hashes of a journal.
func (d *Draft) show(chunks map[int64][16]byte) {
	if d.hide == nil {
		return
	}
	for i, sum := range chunks {
		d.hide.Decrypt(sum[:], sum[:])
		chunks[i] = sum
	}
}
