package transfer

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// frames are messages as they travel.
func frames(f *testing.F, messages ...control.Message) (b []byte) {
	f.Helper()
	for _, m := range messages {
		var err error
		if b, err = control.Append(b, m); err != nil {
			f.Fatal(err)
		}
	}
	return b
}

// said is a control channel on which a peer says text and hangs up.
func said(text []byte) *conn {
	a, b := pipe()
	go func() {
		// The other end may hang up first.
		_, _ = b.Write(text)
		_ = b.Close()
	}()
	return newConn(a)
}

// ends runs a role whose peer says whatever it likes. The role has to end when the peer has hung up.
func ends(t *testing.T, r role) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_ = r.run(ctx) // It may end well or not.
	if ctx.Err() != nil {
		t.Error("the role does not end")
	}
}

// FuzzManifest has a receiver survive a sender that is authorized and hostile: nothing is made outside of its folder.
func FuzzManifest(f *testing.F) {
	entry := func(kind control.Kind, path string, size int64) *control.Entry {
		return &control.Entry{Kind: kind, Path: path, Size: size, ModTime: 1, Mode: 0o755}
	}
	f.Add(frames(f, entry(control.KindFolder, "d", 0), entry(control.KindFile, "d/e", 0),
		entry(control.KindFile, "f", 3<<20), &control.End{Entries: 3, Bytes: 3 << 20}))
	f.Add(frames(f, entry(control.KindFile, "../out", 0), entry(control.KindFile, "/out", 0),
		entry(control.KindFolder, "..", 0), &control.End{Entries: 3}))
	f.Add(frames(f, entry(control.KindFile, "f", 2<<20), &control.Sending{Ranges: []chunk.Range{{Length: 2 << 20}}},
		&control.Digest{Index: 0}, &control.Digest{Index: 7}))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		to := filepath.Join(dir, "to")
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := storage.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		options, err := Normalize(control.Options{CreateDir: true, PreserveTimes: true, PreserveModes: true})
		if err != nil {
			t.Fatal(err)
		}
		r := newReceiver(said(text), root, func(p string) (string, *fail.Error) { return p, nil }, options)
		r.data = memReceiver{newMemLink()}
		ends(t, r)
		if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
			t.Errorf("made outside of the folder: %v (%v)", names, err)
		}
	})
}

// FuzzStreamedManifest has a receiver whose files go on to a Download survive such a sender.
func FuzzStreamedManifest(f *testing.F) {
	entry := &control.Entry{Kind: control.KindFile, Path: "f", Size: 3 << 20, ModTime: 1, Mode: 0o644}
	f.Add(frames(f, entry, &control.End{Entries: 1, Bytes: 3 << 20}, &control.Digest{Index: 0}))
	f.Add(frames(f, entry, &control.Sending{Ranges: []chunk.Range{{Length: 2 << 20}}}, &control.End{Entries: 7}))
	f.Fuzz(func(t *testing.T, text []byte) {
		options, err := Normalize(control.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := newStreamReceiver(said(text), NewDownload(), options)
		r.data = memReceiver{newMemLink()}
		ends(t, r)
	})
}

// FuzzWishes has a sender survive a receiver that is authorized and hostile.
func FuzzWishes(f *testing.F) {
	f.Add(frames(f, &control.Want{Index: 0}, &control.Want{Index: 1}, &control.FileDone{Index: 0},
		&control.FileDone{Index: 1}, &control.Complete{Files: 2}))
	f.Add(frames(f, &control.Have{Index: 1, Ranges: []chunk.Range{{Length: chunk.Size}},
		Hashes: []control.ChunkHash{{Chunk: 0}}}, &control.Want{Index: 1}))
	f.Add(frames(f, &control.Have{Index: 1, More: true, Final: true},
		&control.FileDone{Index: 1, Status: control.FileFailed}, &control.Rate{TargetKbps: 1 << 62}, &control.Complete{}))
	from := f.TempDir()
	for name, size := range map[string]int{"a": 100, "b": 3 << 20} {
		if err := os.WriteFile(filepath.Join(from, name), make([]byte, size), 0o644); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		options, err := Normalize(control.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := newSender(said(text), []Root{{Tree: HostTree{}, Path: from}}, options)
		link := newMemLink()
		link.src = s
		s.data = memSender{link}
		ends(t, s)
	})
}
