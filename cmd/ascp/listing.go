package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
)

// fileList is the list of files that --file-manifest asks for.
type fileList struct{ form, folder, suffix string }

func (l *fileList) complete() error {
	if l.form != "" && l.form != "text" && l.form != "none" {
		return fail.New(fail.Usage, "--file-manifest is text or none, not %q", l.form)
	}
	return nil
}

// inProgress is the published suffix of a list that is not complete.
const inProgress = ".aspera-inprogress"

// listing writes a line for each file: path, size, checksum and what became of it, with tabs between them. It has
// another name until the transfer has ended.
type listing struct {
	name, partial string

	mu      sync.Mutex
	file    *os.File
	out     *bufio.Writer
	written map[string]bool // files of this run that have their line: a later session of it has them already
	// kept are files that were there already. Their checksums are computed at the end, if tree is not nil.
	kept     []transfer.FileEvent
	checksum string
	tree     transfer.SourceTree
}

// digestKept has the list give the checksums of files that were there already, too, of which nobody else reads the
// content.
func (l *listing) digestKept(r *request, target transfer.TargetTree) {
	if l == nil || r.options.Checksum == transfer.ChecksumNone || r.fileCrypt != "" || r.streaming() {
		return
	}
	l.checksum, l.tree = r.options.Checksum, transfer.HostTree{}
	if target != nil {
		l.tree = target
	}
}

// digest is the checksum of a file that was there already, as far as it can be read before ctx ends.
func (l *listing) digest(ctx context.Context, e transfer.FileEvent) string {
	f, err := l.tree.Open(e.Target)
	if err != nil {
		return "-"
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	h := transfer.NewChecksum(l.checksum)
	if _, err := io.Copy(h, f); err != nil || ctx.Err() != nil {
		return "-"
	}
	return l.checksum + ":" + hex.EncodeToString(h.Sum(nil))
}

// begin opens the list, if one was asked for.
func (l *fileList) begin(r *request) (*listing, error) {
	if l.form != "text" {
		return nil, nil //nolint:nilnil // No list is asked for.
	}
	name := filepath.Join(l.folder, "aspera-transfer-"+r.transferID+"-manifest.txt")
	if r.options.Sessions > 1 {
		name = filepath.Join(l.folder, fmt.Sprintf("aspera-transfer-%s-%d-manifest.txt", r.transferID, r.options.Session))
	}
	suffix := l.suffix
	fill(&suffix, inProgress)
	f, err := os.OpenFile(name+suffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fail.New(fail.Usage, "the list of files (--file-manifest) can't be written: %w", err)
	}
	out := &listing{name: name, partial: name + suffix, file: f, out: bufio.NewWriter(f), written: map[string]bool{}}
	out.line("#", string(r.direction), shown(r.host), time.Now().UTC().Format(time.RFC3339))
	return out, nil
}

// add writes the line of a file.
func (l *listing) add(e transfer.FileEvent) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	checksum, status := "-", "completed"
	if e.Checksum != "" {
		checksum = e.ChecksumType + ":" + e.Checksum
	}
	switch {
	case e.Err != nil:
		status = fmt.Sprintf("failed (%d): %s", e.Err.Code, shown(e.Err.Text))
	case e.LeftOut != nil:
		status = "left out: " + shown(e.LeftOut.Text)
	case e.Skipped && l.written[e.Path]:
		return
	case e.Skipped && l.tree != nil:
		l.written[e.Path] = true
		l.kept = append(l.kept, e)
		return
	case e.Skipped:
		l.written[e.Path] = true
		status = "skipped"
	default:
		l.written[e.Path] = true
	}
	l.line(shown(e.Path), strconv.FormatInt(e.Size, 10), checksum, status)
}

// line writes fields. l.mu is held, or nobody else has l.
func (l *listing) line(fields ...string) {
	for i, f := range fields {
		if i > 0 {
			f = "\t" + f
		}
		_, _ = l.out.WriteString(f) // A failure stays with the writer: end reports it.
	}
	_ = l.out.WriteByte('\n')
}

// end says how the transfer ended and gives the list its name.
func (l *listing) end(ctx context.Context, failure error) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.kept {
		l.line(shown(e.Path), strconv.FormatInt(e.Size, 10), l.digest(ctx, e), "skipped")
	}
	if e := fail.Of(failure, fail.Internal); e != nil {
		l.line("#", fmt.Sprintf("failed (%d): %s", e.Code, shown(e.Text)))
	} else {
		l.line("#", "completed")
	}
	err := l.out.Flush()
	if closed := l.file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(l.partial, l.name)
	}
	if err != nil {
		return fail.New(fail.DiskWrite, "the list of files (--file-manifest) can't be written: %w", err)
	}
	return nil
}
