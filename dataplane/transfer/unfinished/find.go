package unfinished

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"faspex.io/operator/dataplane/transfer/chunk"
)

// Find looks for what is there of the file, and returns the hashes of the chunks that the journal says are in the
// partial file, if both belong to the source. It decides on the draft's names: see Draft.
func (d *Draft) Find() map[int64][16]byte {
	if d.made {
		return nil
	}
	var head journalHeader
	var chunks map[int64][16]byte
	if name := path.Base(d.target); visible(name) {
		head, chunks = d.findVisible()
	}
	if d.digest {
		head, chunks = d.findReserved()
	}
	if want := d.header(); !d.known || head.Size != want.Size || !SameTime(head.ModTime, want.ModTime) {
		return nil
	}
	delete(chunks, chunk.Count(d.source.Size)) // It says that a part is whole, which is found out again.
	return chunks
}

// findVisible looks under the visible names. A draft that does not use them removes what there is of an earlier one.
func (d *Draft) findVisible() (journalHeader, map[int64][16]byte) {
	v := *d
	v.digest, v.source.Part = false, nil
	head, chunks, journal := v.readJournal()
	info, err := d.tree.Lstat(v.partial())
	missing := errors.Is(err, fs.ErrNotExist)
	v.source.Size = head.Size
	own := journal == ours && err == nil && sole(info) && !v.contradicted(chunks)
	switch {
	case own && d.digest:
		_ = d.tree.Remove(v.partial())
		_ = d.tree.Remove(v.journal())
	case own:
		d.known, d.is, d.hide = true, identityOf(info), v.hide
		return head, chunks
	case journal == ours:
		_ = d.tree.Remove(v.journal()) // Its partial file is gone, or something else has the name.
	}
	d.digest = d.digest || !missing || journal == foreign
	return journalHeader{}, nil
}

func (d *Draft) findReserved() (journalHeader, map[int64][16]byte) {
	if !d.journaled() {
		return journalHeader{}, nil
	}
	info, err := d.tree.Lstat(d.partial())
	if err != nil || !sole(info) {
		return journalHeader{}, nil
	}
	head, chunks, journal := d.readJournal()
	if d.source.Part == nil && journal != ours {
		return journalHeader{}, nil
	}
	d.known, d.is = true, identityOf(info)
	if len(chunks) == 0 {
		return head, chunks
	}
	f, err := d.tree.OpenForContent(d.partial(), d.total())
	if err != nil {
		return journalHeader{}, nil
	}
	defer f.Close()
	d.view(f)
	d.show(chunks)
	return head, chunks
}

// whose says what has the name of a journal.
type whose int

const (
	nobodys whose = iota
	ours
	foreign
)

func (d *Draft) readJournal() (journalHeader, map[int64][16]byte, whose) {
	f, err := d.tree.OpenOwn(d.journal(), os.O_RDONLY, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return journalHeader{}, nil, nobodys
	case err != nil:
		return journalHeader{}, nil, foreign
	}
	defer f.Close()
	head, chunks, err := readJournal(f)
	if err != nil {
		return journalHeader{}, nil, foreign
	}
	return head, chunks, ours
}

// mostCompared is how many chunks are compared to find out whose a partial file is. Mostly the first one tells.
const mostCompared = 16

// contradicted says that a partial file has none of the chunks that the journal promises, and others in their places:
// then somebody has put a file of his own there. What a crash has lost reads as zeros or is not there, and says
// nothing. The hashes in chunks are decrypted on the way.
func (d *Draft) contradicted(chunks map[int64][16]byte) bool {
	if len(chunks) == 0 {
		return false
	}
	f, err := d.tree.OpenForContent(d.partial(), d.total())
	if err != nil {
		return true
	}
	defer f.Close()
	content := d.view(f)
	d.show(chunks)
	buf := chunk.TakeBuffer()
	defer buf.GiveBack()
	differs := false
	for _, i := range chunk.Sample(slices.Sorted(maps.Keys(chunks)), mostCompared) {
		g := chunk.At(i, d.source.Size)
		if g.Length <= 0 {
			continue
		}
		n, _ := io.ReadFull(io.NewSectionReader(content, g.Offset, g.Length), buf[:g.Length]) // Less is there, or nothing.
		if int64(n) == g.Length && chunk.Hash(buf[:n]) == chunks[i] {
			return false
		}
		differs = differs || len(bytes.Trim(buf[:n], "\x00")) > 0
	}
	return differs
}
