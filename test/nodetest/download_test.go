package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

func fetch(t *testing.T, spec transferspec.Spec) (*transfer.Download, chan error) {
	t.Helper()
	channel, err := dial.Open(t.Context(), dial.Options{
		Host: spec.RemoteHost, Port: spec.SSHPort, User: spec.RemoteUser, Token: true,
		HostKey: &dial.HostKey{Fingerprint: spec.SSHFP},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := transfer.NewDownload()
	c := &transfer.Client{
		Download: d, MaxMemory: 8 << 20,
		Hello: control.Hello{Agent: "test", Direction: "receive", Token: spec.Token, Tags: spec.Tags,
			Cookie: spec.Cookie},
		Dial: func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
			return udplink.Dial(ctx, net.JoinHostPort(spec.RemoteHost, strconv.Itoa(port)), cfg, udplink.Options{})
		},
	}
	for _, p := range spec.Paths {
		c.Hello.Sources = append(c.Hello.Sources, control.Source{Source: p.Source})
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := c.Run(ctx, channel)
		ended <- err
		close(ended)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return d, ended
}

func put(t *testing.T, n *Node, name string, b []byte) {
	t.Helper()
	p := filepath.Join(n.Dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, b, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestDownloadGivesFilesInOrder(t *testing.T) {
	n := Start(t)
	want := map[string][]byte{}
	for i := range 40 {
		size := 7000 * i
		if i%8 == 7 {
			size = 3_000_001 * (i / 8)
		}
		name := fmt.Sprintf("p/d%d/f%02d", i%3, i)
		want[name] = noise(uint64(i), size)
		put(t, n, name, want[name])
	}
	if err := os.Mkdir(filepath.Join(n.Dir, "p/empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, ended := fetch(t, n.Download(t, "/p"))
	entries, complete, err := d.List(t.Context())
	if err != nil || !complete || len(entries) != 45 {
		t.Fatalf("%d entries, complete %v: %v", len(entries), complete, err)
	}
	var files []int
	for i, e := range entries {
		if !e.Folder {
			files = append(files, i)
		}
	}
	// Some are asked for ahead, one is skipped.
	next := 0
	for i, entry := range files {
		for ; next < min(len(files), i+5); next++ {
			e := entries[files[next]]
			if next == 3 {
				err = d.Skip(files[next])
			} else {
				err = d.Ask(files[next], 0, e.Size)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if i == 3 {
			continue
		}
		var b bytes.Buffer
		if _, err := d.WriteTo(t.Context(), entry, &b); err != nil {
			t.Fatal(entries[entry].Path, err)
		}
		if !bytes.Equal(b.Bytes(), want[entries[entry].Path]) {
			t.Errorf("%s: %d bytes of %d, others than the file has", entries[entry].Path, b.Len(), entries[entry].Size)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if o, p := n.Last(t).Ended(t); o.Status != "completed" {
		t.Errorf("the node recorded %+v, %+v", o, p)
	}
}

func TestDownloadGivesParts(t *testing.T) {
	n := Start(t)
	b := noise(1, 9<<20+5)
	put(t, n, "big", b)
	size := int64(len(b))
	for _, c := range [][2]int64{{0, 0}, {0, 1}, {size - 1, size}, {3<<20 + 17, 5<<20 + 1}, {5 << 20, size}, {1,
		size}} {
		d, ended := fetch(t, n.Download(t, "/big"))
		if _, _, err := d.List(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.Ask(0, c[0], c[1]); err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if _, err := d.WriteTo(t.Context(), 0, &got); err != nil || !bytes.Equal(got.Bytes(), b[c[0]:c[1]]) {
			t.Errorf("%v: %d bytes: %v", c, got.Len(), err)
		}
		if err := <-ended; err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// slow reads a little at a time.
type slow struct {
	bytes.Buffer
	gate chan struct{}
}

func (s *slow) Write(p []byte) (int, error) {
	s.gate <- struct{}{}
	<-s.gate
	return s.Buffer.Write(p)
}

func TestDownloadWaitsForWhoTakesIt(t *testing.T) {
	n := Start(t)
	b := noise(1, 40<<20)
	put(t, n, "big", b)
	d, ended := fetch(t, n.Download(t, "/big"))
	if _, _, err := d.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Ask(0, 0, int64(len(b))); err != nil {
		t.Fatal(err)
	}
	w := &slow{gate: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := d.WriteTo(t.Context(), 0, w)
		done <- err
	}()
	for {
		select {
		case <-w.gate:
			w.gate <- struct{}{}
			continue
		case err := <-done:
			if err != nil || !bytes.Equal(w.Bytes(), b) {
				t.Errorf("%d bytes: %v", w.Len(), err)
			}
		}
		break
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestDownloadEndsWithWhoIsGone(t *testing.T) {
	n := Start(t)
	put(t, n, "big", noise(1, 20<<20))
	d, _ := fetch(t, n.Download(t, "/big"))
	if _, _, err := d.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Ask(0, 0, 20<<20); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	if _, err := d.WriteTo(t.Context(), 0, writerFunc(func([]byte) (int, error) { return 0, gone })); !errors.Is(err,
		gone) {
		t.Error(err)
	}
	n.Last(t).Cancel()
	if _, err := d.WriteTo(t.Context(), 0, io.Discard); err == nil {
		t.Error("a download that the node has ended goes on")
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
