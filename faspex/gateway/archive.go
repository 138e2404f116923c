package gateway

import (
	"archive/zip"
	"context"
	"hash/crc32"
	"io"
	"time"

	"faspex.io/operator/dataplane/transfer"
)

// An archive is a ZIP file of what a download lists: entries are stored as they are, so its length is known before
// the first byte. Sizes and checksums follow the bytes of each file, and stand in the directory at the end, from
// which programs read; what is larger than 4 GB, or more than 65535 files, has the ZIP64 form.

const (
	// askAheadBytes and askAheadFiles are how much is asked for of the node before it is taken.
	askAheadBytes = 4 << 20
	askAheadFiles = 256
)

// archiver names the entries of an archive.
type archiver struct{ names uniquePaths }

func newArchiver() *archiver { return &archiver{names: uniquePaths{}} }

// header is that of an entry.
func (a *archiver) header(e transfer.DownloadEntry) *zip.FileHeader {
	h := &zip.FileHeader{Name: safePath(e.Path), Method: zip.Store}
	if e.Folder {
		h.Name += "/" // A folder whose name is that of another is the same folder.
	} else {
		h.Name = a.names.take(h.Name)
		h.Flags |= 0x8 // Sizes and checksum follow the bytes.
		h.UncompressedSize64, h.CompressedSize64 = uint64(e.Size), uint64(e.Size)
	}
	h.Flags |= 0x800 // Names are UTF-8.
	stamp(h, e.ModTime)
	return h
}

// stamp sets the time of an entry: in the old form, local to nobody, and in seconds since 1970.
func stamp(h *zip.FileHeader, at time.Time) {
	if at.IsZero() || at.Unix() < 0 || at.Unix() > 1<<31-1 {
		return
	}
	at = at.UTC()
	if at.Year() >= 1980 {
		h.SetModTime(at) //nolint:staticcheck // CreateRaw does not look at Modified.
	}
	t := uint32(at.Unix())
	h.Extra = []byte{'U', 'T', 5, 0, 1, byte(t), byte(t >> 8), byte(t >> 16), byte(t >> 24)}
}

// archiveLength is how long the archive of entries is: it is written, but with no bytes in the files.
func archiveLength(entries []transfer.DownloadEntry) (int64, error) {
	var n counter
	z, a := zip.NewWriter(&n), newArchiver()
	blank := make([]byte, 1<<20)
	for _, e := range entries {
		w, err := z.CreateRaw(a.header(e))
		if err != nil {
			return 0, err
		}
		for left := e.Size; left > 0 && !e.Folder; left -= int64(len(blank)) {
			if _, err := w.Write(blank[:min(left, int64(len(blank)))]); err != nil {
				return 0, err
			}
		}
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return int64(n), nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// writeArchive writes the archive of all that a download lists.
func writeArchive(ctx context.Context, d *transfer.Download, w io.Writer) error {
	z, a := zip.NewWriter(w), newArchiver()
	asked, ahead, files := 0, int64(0), 0
	for i := 0; ; i++ {
		entries, complete, err := d.List(ctx)
		if err != nil && (i < len(entries) || !complete) {
			return err
		}
		if i == len(entries) {
			break
		}
		for asked < len(entries) && (asked <= i || ahead < askAheadBytes && files < askAheadFiles) {
			if e := entries[asked]; e.Err != nil {
				return e.Err
			} else if !e.Folder {
				if err := d.Ask(asked, 0, e.Size); err != nil {
					return err
				}
				ahead, files = ahead+e.Size, files+1
			}
			asked++
		}
		e := entries[i]
		h := a.header(e)
		out, err := z.CreateRaw(h)
		if err != nil {
			return err
		}
		if e.Folder {
			continue
		}
		sum := crc32.NewIEEE()
		if _, err := d.WriteTo(ctx, i, &summed{w: out, sum: sum}); err != nil {
			return err
		}
		h.CRC32 = sum.Sum32()
		ahead, files = ahead-e.Size, files-1
	}
	return z.Close()
}

// summed takes the checksum of what it passes on.
type summed struct {
	w   io.Writer
	sum io.Writer
}

func (s *summed) Write(p []byte) (int, error) {
	_, _ = s.sum.Write(p) // It never fails.
	return s.w.Write(p)
}
