package transfer

import (
	"os"
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"github.com/google/go-cmp/cmp"
)

// The journals of an attempt in other parts go with the next attempt.
func TestJournalsOfOtherPartsDoNotStay(t *testing.T) {
	for name, c := range map[string]struct{ before, after int }{
		"parts, then whole":        {2, 1},
		"parts, then other parts":  {2, 3},
		"whole, then parts":        {1, 2},
		"parts, then fewer of all": {3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			write(t, filepath.Join(from, "big"), noise(1, 20<<20))
			attempt := func(n int) []*run {
				if n == 1 {
					return []*run{{from: from, to: to, options: control.Options{PreserveTimes: true}}}
				}
				return shares(t, from, to, n)
			}
			for _, x := range attempt(c.before) {
				x.cutAfter = 4 << 20
				x.do(t)
			}
			for _, x := range attempt(c.after) {
				x.mustDo(t)
			}
			if diff := cmp.Diff(tree(t, from), tree(t, to)); diff != "" {
				t.Errorf("(-sent +got):\n%s", diff)
			}
		})
	}
}

// A journal does not vouch for a part of a partial file that was made after it.
func TestJournalsDoNotVouchForAnotherPartialFile(t *testing.T) {
	sessions, delivered := twoShares(t)
	to := sessions[0].to
	sessions[1].mustDo(t)
	if err := os.Remove(filepath.Join(to, unfinished.SmallName("big"))); err != nil {
		t.Fatal(err)
	}
	sessions[0].mustDo(t)
	if _, err := os.Stat(filepath.Join(to, "big")); err == nil {
		t.Error("a file of which a part is missing has its name")
	}
	sessions[1].mustDo(t)
	delivered()
}
