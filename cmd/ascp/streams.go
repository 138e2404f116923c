package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// Sources and destinations that are no files, on this side alone: faux:// is bytes without a file,
// stdio:// standard input and output.
const (
	fauxScheme  = "faux://"
	stdioScheme = "stdio://"
)

// streamMemory bounds what of streams is kept until the receiver has it.
const streamMemory = 64 << 20

// completeStreams checks the sources and the destination that are no files.
func (r *request) completeStreams() error {
	streams, stdins := 0, 0
	for _, s := range r.sources {
		switch {
		case !strings.Contains(s.Source, "://"):
			continue
		case r.direction != transferspec.Send || !isStream(s.Source):
			return fail.New(fail.Usage,
				"%s: sources that are not files are faux:///name?size and stdio:///name?size, of this computer", s.Source)
		}
		if _, _, err := streamOf(s.Source); err != nil {
			return err
		}
		streams++
		if strings.HasPrefix(s.Source, stdioScheme) {
			stdins++
		}
	}
	switch {
	case isStream(r.destination):
		if r.direction == transferspec.Send {
			return fail.New(fail.Usage, "%s: the destination of what is sent is a folder or file of the server", r.destination)
		}
		if r.destination != fauxScheme && r.destination != stdioScheme {
			return fail.New(fail.Usage, "%s: a destination that is no folder is faux:// or stdio://", r.destination)
		}
	case streams == 0:
		return nil
	}
	switch {
	case streams > 0 && streams < len(r.sources):
		return fail.New(fail.Usage, "files and sources that are none can't be sent together")
	case stdins > 1:
		return fail.New(fail.Usage, "there is one standard input, and it was named %d times", stdins)
	case r.fileCrypt != "" || r.after != (sourceFate{}) || r.options.Sessions > 1 || r.options.DeleteExtra || r.pairs:
		return fail.New(fail.Usage, "faux:// and stdio:// are neither encrypted, paired, removed, mirrored nor split")
	}
	r.retryTimeout = 0 // What was read of a stream is gone.
	if streams > 0 {   // Nor can it be compared with what is there.
		r.options.Resume = manifest.ResumeNone
		if r.options.Overwrite != manifest.OverwriteNever {
			r.options.Overwrite = manifest.OverwriteAlways
		}
	}
	return nil
}

func isStream(word string) bool {
	return strings.HasPrefix(word, fauxScheme) || strings.HasPrefix(word, stdioScheme)
}

// streamOf reads name and size of a source: scheme:///name?size.
func streamOf(source string) (name string, size int64, err error) {
	_, rest, _ := strings.Cut(source, "://")
	place, number, ok := strings.Cut(rest, "?")
	if !ok {
		return "", 0, fail.New(fail.Usage, "%s: the size is missing, as in %s?1m", source, source)
	}
	if size, err = byteCount(number); err != nil {
		return "", 0, fail.New(fail.Usage, "%s: %w", source, err)
	}
	if name = path.Base(path.Clean("/" + place)); name == "/" {
		name = "stdin"
	}
	return name, size, nil
}

// byteCount reads a number of bytes, with a suffix of 1024 each.
func byteCount(text string) (int64, error) {
	number, shift := text, 0
	if text != "" {
		if i := strings.IndexByte("kmgtp", text[len(text)-1]|0x20); i >= 0 {
			number, shift = text[:len(text)-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n<<shift>>shift != n {
		return 0, fmt.Errorf("%q is no size in bytes, or with suffix k, m, g, t, p", text)
	}
	return n << shift, nil
}

// streaming says that nothing on this side is a file.
func (r *request) streaming() bool {
	return isStream(r.destination) || len(r.sources) > 0 && isStream(r.sources[0].Source)
}

// prepareStreams sets the client up, and returns what has to run beside it.
func (t *task) prepareStreams() (func(context.Context) error, error) {
	if t.direction == transferspec.Receive {
		if err := t.nameSources(); err != nil {
			return nil, err
		}
		t.client.Download = transfer.NewDownload()
		if t.destination == fauxScheme {
			return t.takeStreams(io.Discard, false), nil
		}
		t.quiet = true // The output is the file's.
		return t.takeStreams(os.Stdout, true), nil
	}
	t.client.Hello.Destination, t.client.Hello.Single = t.destination, len(t.sources) == 1
	entries := make([]transfer.UploadEntry, len(t.sources))
	for i, s := range t.sources {
		name, size, err := streamOf(s.Source)
		if err != nil {
			return nil, err
		}
		if t.maskNames {
			name = t.mask().File(name)
		}
		entries[i] = transfer.UploadEntry{Path: name, Size: size, ModTime: time.Now()}
	}
	upload, err := transfer.NewUpload(transfer.NewMemory(streamMemory, streamMemory), entries)
	if err != nil {
		return nil, err
	}
	t.client.Upload = upload
	return func(ctx context.Context) error { return t.giveStreams(ctx, upload, entries) }, nil
}

// zeroes are bytes without a file.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// giveStreams gives the bytes of each source.
func (t *task) giveStreams(ctx context.Context, u *transfer.Upload, entries []transfer.UploadEntry) error {
	for i, e := range entries {
		off, err := u.Offset(ctx, i)
		if err != nil {
			continue // The receiver says what is wrong with it.
		}
		in := io.Reader(os.Stdin)
		if strings.HasPrefix(t.sources[i].Source, fauxScheme) {
			in = io.LimitReader(zeroes{}, e.Size)
		}
		if _, err := io.CopyN(io.Discard, in, off); err != nil {
			return fail.New(fail.DiskRead, "%s: %w", t.sources[i].Source, err)
		}
		n, err := u.ReadFrom(ctx, i, off, in)
		switch {
		case errors.Is(err, transfer.ErrTooLong):
			return fail.New(fail.Usage, "%s: there are more than %d bytes", t.sources[i].Source, e.Size)
		case err == nil && off+n < e.Size:
			return fail.New(fail.Usage, "%s: there are %d bytes only", t.sources[i].Source, off+n)
		case err != nil && ctx.Err() == nil && !u.State(i).Done:
			return fail.New(fail.DiskRead, "%s: %w", t.sources[i].Source, err)
		}
	}
	return nil
}

// takeStreams writes what comes, which for a single output is one file.
func (t *task) takeStreams(w io.Writer, single bool) func(context.Context) error {
	return func(ctx context.Context) error {
		d := t.client.Download
		for i := 0; ; {
			entries, complete, err := d.List(ctx)
			if err != nil {
				return ignoreEnd(err)
			}
			if single && countFiles(entries) != 1 {
				return fail.New(fail.Usage, "standard output takes one file, and the server sends %d", countFiles(entries))
			}
			for ; i < len(entries); i++ {
				if entries[i].Folder || entries[i].Err != nil {
					continue
				}
				if err := d.Ask(i, 0, entries[i].Size); err != nil {
					return ignoreEnd(err)
				}
				if _, err := d.WriteTo(ctx, i, w); err != nil {
					return ignoreEnd(err)
				}
			}
			if complete {
				return nil
			}
		}
	}
}

// ignoreEnd leaves it to the session to say why it ended.
func ignoreEnd(err error) error {
	if e := fail.Of(err, fail.DiskWrite); e.Code != fail.Canceled {
		return e
	}
	return nil
}

func countFiles(entries []transfer.DownloadEntry) (n int) {
	for _, e := range entries {
		if !e.Folder {
			n++
		}
	}
	return n
}

// alongside runs a session with what gives or takes its bytes. A failure of that ends the session.
func (t *task) alongside(ctx context.Context, bytes func(context.Context) error) (transfer.Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() {
		err := bytes(ctx)
		if err != nil && ctx.Err() == nil {
			cancel(err)
		}
		ended <- err
	}()
	summary, err := t.persist(ctx)
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return summary, cause
	}
	// What was received may still be on its way to the output. Whoever reads the input, or failed, is not waited for:
	// that may be a terminal on which nobody types (TestInterruptedStream).
	if err == nil && t.direction == transferspec.Receive {
		err = <-ended
	}
	return summary, err
}
