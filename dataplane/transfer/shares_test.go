package transfer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"github.com/google/go-cmp/cmp"
)

// shares are the sessions of one transfer from one folder to another.
func shares(t *testing.T, from, to string, n int) []*run {
	t.Helper()
	var out []*run
	for i := range n {
		o := control.Options{Session: i + 1, Sessions: n, SplitFrom: 3 << 20, PreserveTimes: true}
		out = append(out, &run{from: from, to: to, options: o})
	}
	return out
}

// twoShares are two sessions of a large file, and a check that it is all there is in the end.
func twoShares(t *testing.T) (sessions []*run, delivered func()) {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	content := noise(1, 20<<20)
	write(t, filepath.Join(from, "big"), content)
	return shares(t, from, to, 2), func() {
		t.Helper()
		if got, err := os.ReadFile(filepath.Join(to, "big")); err != nil || !bytes.Equal(got, content) {
			t.Errorf("the file is not what was sent: %d bytes, %v", len(got), err)
		}
		if got := tree(t, to); len(got) != 1 {
			t.Errorf("left behind: %v", got)
		}
	}
}

func fillShares(t *testing.T, dir string) {
	t.Helper()
	for i := range 60 {
		write(t, filepath.Join(dir, "small", fmt.Sprint(i)), noise(uint64(i), i*1000))
	}
	write(t, filepath.Join(dir, "big"), noise(100, 20<<20+5))
	write(t, filepath.Join(dir, "just split"), noise(101, 3<<20))
	write(t, filepath.Join(dir, "not split"), noise(102, 3<<20-1))
}

func TestSharesOfATransferMakeItWhole(t *testing.T) {
	for _, together := range []bool{true, false} {
		t.Run(fmt.Sprintf("together %v", together), func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			fillShares(t, from)
			sessions := shares(t, from, to, 3)
			var group sync.WaitGroup
			for _, x := range sessions {
				group.Go(func() {
					if sent, got := x.do(t); sent != nil || got != nil {
						t.Errorf("session %d: sender %v, receiver %v", x.options.Session, sent, got)
					}
				})
				if !together {
					group.Wait()
				}
			}
			group.Wait()
			if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
				t.Errorf("(-sent +got):\n%s", diff)
			}
			var moved int64
			for _, x := range sessions {
				moved += x.link.moved
				if x.link.moved < 6<<20 {
					t.Errorf("session %d moved %d bytes, which is no fair share", x.options.Session, x.link.moved)
				}
				x.mustDo(t)
				if x.link.moved != 0 {
					t.Errorf("session %d moves %d bytes again", x.options.Session, x.link.moved)
				}
			}
			if want := int64(20<<20 + 5 + 3<<20 + 3<<20 - 1 + 1000*60*59/2); moved != want {
				t.Errorf("%d bytes moved, want %d", moved, want)
			}
		})
	}
}

func TestACutShareResumes(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "big"), noise(1, 20<<20))
	sessions := shares(t, from, to, 2)
	sessions[0].mustDo(t)
	sessions[1].cutAfter = 7 << 20
	sessions[1].do(t)
	moved := sessions[1].link.moved
	if _, err := os.Stat(filepath.Join(to, "big")); err == nil {
		t.Fatal("a file of which a part is missing has its name")
	}
	// What is not whole is no file to send on.
	onward := run{from: to, to: t.TempDir()}
	onward.do(t)
	if got := tree(t, onward.to); len(got) != 0 {
		t.Errorf("sent on: %v", got)
	}
	sessions[1].cutAfter = 0
	sessions[1].mustDo(t)
	if again := sessions[1].link.moved + moved - 10<<20; moved < 6<<20 || again > chunk.Size {
		t.Errorf("%d bytes moved before, %d of them again", moved, again)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
		t.Errorf("(-sent +got):\n%s", diff)
	}
}

// A damaged part is not vouched for by the parts that are whole.
func TestADamagedShareIsSentAgain(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	write(t, filepath.Join(from, "big"), noise(1, 20<<20))
	sessions := shares(t, from, to, 2)
	sessions[0].mustDo(t)
	sessions[1].cutAfter = 7 << 20
	sessions[1].do(t)
	f, err := os.OpenFile(filepath.Join(to, unfinished.SmallName("big")), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("damage"), 12<<20); err != nil {
		t.Fatal(err)
	}
	sessions[1].cutAfter = 0
	for range 2 { // The first attempt may only find out.
		sessions[1].do(t)
	}
	if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
		t.Errorf("(-sent +got):\n%s", diff)
	}
}
