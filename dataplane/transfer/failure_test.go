package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// fullDisk has no room for one file.
type fullDisk struct {
	*storage.Root
	name string
}

func (d fullDisk) OpenForContent(p string, size int64) (storage.File, error) {
	if p != d.name {
		return d.Root.OpenForContent(p, size)
	}
	f, err := d.Root.OpenForContent(p, size)
	if err != nil {
		return nil, err
	}
	return unwritable{f}, nil
}

// littleSpace is a disk that is nearly full.
type littleSpace struct {
	*storage.Root
	dir string
}

func (d littleSpace) Space(string) (storage.Space, error) {
	return storage.Space{Total: 100 << 20, Free: 20<<20 - occupied(d.dir, "a.partial", "a")}, nil
}

// occupied is how many bytes of disk files in a folder have, as far as they are there.
func occupied(dir string, names ...string) (n int64) {
	for _, name := range names {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			n += storage.Allocated(info)
		}
	}
	return n
}

func TestFullDiskFailsTheFileAlone(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	x.target = func(r *storage.Root) TargetTree { return fullDisk{Root: r, name: "big.partial"} }
	write(t, filepath.Join(x.from, "big"), noise(1, 6<<20))
	write(t, filepath.Join(x.from, "small"), []byte("1"))
	_, got := x.do(t)
	var e *fail.Error
	if !errors.As(got, &e) || e.Code != fail.SomeFiles {
		t.Fatalf("got %v", got)
	}
	if e := x.events["big"].Err; e == nil || e.Code != fail.NoSpace || !strings.Contains(e.Text, "no space left on disk") {
		t.Errorf("big: %v", e)
	}
	if x.events["small"].Err != nil {
		t.Errorf("small: %v", x.events["small"].Err)
	}
}

func TestLackOfSpaceIsNoticedBeforeData(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	x.target = func(r *storage.Root) TargetTree { return littleSpace{r, x.to} }
	write(t, filepath.Join(x.from, "a"), noise(1, 18<<20))
	write(t, filepath.Join(x.from, "b"), noise(2, 18<<20))
	x.do(t)
	if x.events["a"].Err != nil || x.events["b"].Err == nil || x.events["b"].Err.Code != fail.NoSpace {
		t.Errorf("a: %v, b: %v", x.events["a"].Err, x.events["b"].Err)
	}
	if x.link.moved != 18<<20 {
		t.Errorf("%d bytes moved", x.link.moved)
	}
}

func TestSourceThatChangesIsNotDelivered(t *testing.T) {
	for name, change := range map[string]func(string) error{
		"rewritten": func(p string) error { return os.WriteFile(p, noise(9, 8<<20), 0o644) },
		"truncated": func(p string) error { return os.Truncate(p, 5<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			x := run{from: t.TempDir(), to: t.TempDir()}
			file := filepath.Join(x.from, "f")
			write(t, file, noise(8, 8<<20))
			then := time.Now().Add(-time.Hour)
			if err := os.Chtimes(file, then, then); err != nil {
				t.Fatal(err)
			}
			x.between = func(off int64) {
				if off == 4<<20 {
					if err := change(file); err != nil {
						t.Error(err)
					}
				}
			}
			x.do(t)
			if e := x.events["f"].Err; e == nil {
				t.Error("the file is delivered")
			}
			if got := tree(t, x.to); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// A peer that falls silent, without a word from the network, is noticed in bounded time.
func TestSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe()
		c := newConn(a)
		began := time.Now()
		peer := newConn(b)
		// The peer lives for a while, and then hangs without closing anything.
		for range 10 {
			if err := peer.send(&control.Keepalive{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(keepaliveEvery)
			synctest.Wait()
		}
		err := c.watch(t.Context())
		var e *fail.Error
		if !errors.As(err, &e) || e.Code != fail.ConnectionLost || !strings.Contains(e.Text, "run again to resume") {
			t.Errorf("got %v", err)
		}
		if silent := time.Since(began) - 10*keepaliveEvery; silent > silenceLimit+2*keepaliveEvery {
			t.Errorf("noticed after %v", silent)
		}
		c.close()
		peer.close()
		c.finish(nil)
		peer.finish(nil)
	})
}
