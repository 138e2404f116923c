package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
)

// owners may send to what they may receive, and replace it there unless they keep what is there.
type owners struct {
	token.Authorizer
	keep bool
}

func (o owners) Authorize(ctx context.Context, r token.Request) (token.Grant, error) {
	asked := r.Direction
	if r.Direction == token.Send {
		r.Direction, r.Sources = token.Receive, nil
		for _, p := range r.Pairs {
			r.Sources = append(r.Sources, p.Destination)
		}
		r.Pairs = nil
	}
	g, err := o.Authorizer.Authorize(ctx, r)
	g.Direction, g.KeepExisting = asked, o.keep
	return g, err
}

func asOwner(keep bool) change {
	return func(s *transfer.Server, _ *sshd.Config) { s.Authorizer = owners{s.Authorizer, keep} }
}

// What has been received and verified is removed at the server, for who may replace it there, and nothing else.
func TestSourcesOfTheServerAfterwards(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, left string
	}{
		"remove": {"--remove-after-transfer",
			"d d/a d/a/deep d/empty d/kept d/left.tmp d/link d/outside e e/f"},
		"remove skipped": {"--remove-after-transfer --remove-skipped",
			"d d/a d/a/deep d/empty d/left.tmp d/link d/outside e e/f"},
		"and empty folders": {"--remove-after-transfer --remove-empty-directories",
			"d d/kept d/left.tmp d/link d/outside e e/f"},
		"and the source": {"--remove-after-transfer --remove-empty-source-directory 127.0.0.1:/out/e",
			"d d/kept d/left.tmp d/link d/outside"},
		"empty folders alone": {"--remove-empty-directories",
			"d d/a d/a/deep d/a/deep/f d/kept d/left.tmp d/link d/outside d/top e e/f"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, asOwner(false))
			to := t.TempDir()
			writeFiles(t, n.dir, map[string][]byte{"out/d/top": []byte("1"), "out/d/a/deep/f": []byte("2"),
				"out/d/kept": []byte("3"), "out/d/left.tmp": []byte("4"), "secret/o": []byte("5"), "out/e/f": []byte("6")})
			writeFiles(t, to, map[string][]byte{"d/kept": []byte("3")})
			for link, target := range map[string]string{"outside": "../../secret", "link": "a"} {
				if err := os.Symlink(target, filepath.Join(n.dir, "out/d", link)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(n.dir, "out/d/empty"), 0o755); err != nil {
				t.Fatal(err)
			}
			args := append(strings.Fields(c.args), "-E", "*.tmp", "--symbolic-links=skip", "127.0.0.1:/out/d", to)
			if status := n.ascp(t, n.receiving(t, "/out"), args...); status != 0 {
				t.Errorf("status %d", status)
			}
			if got := listed(t, filepath.Join(n.dir, "out")); got != c.left {
				t.Errorf("left are %s, want %s", got, c.left)
			}
			if got := listed(t, filepath.Join(n.dir, "secret")); got != "o" {
				t.Error("what a link leads to is gone")
			}
			if got := listed(t, to); !strings.HasPrefix(got, "d d/a d/a/deep d/a/deep/f d/empty d/kept d/top") {
				t.Errorf("arrived are %s", got)
			}
		})
	}
}

// What can't be removed at the server is told: what a link leads to stays, although it is sent.
func TestSourcesOfTheServerThatCanNotBeRemovedAreTold(t *testing.T) {
	n := startNode(t, asOwner(false))
	writeFiles(t, n.dir, map[string][]byte{"out/other/f": []byte("1"), "out/d/g": []byte("2")})
	if err := os.Symlink("../other", filepath.Join(n.dir, "out/d/link")); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	said := stderrOf(t, func() {
		n.ascp(t, n.receiving(t, "/out"), "--remove-after-transfer", "127.0.0.1:/out/d", to)
	})
	if got := listed(t, n.dir); got != "out out/d out/d/link out/other out/other/f" || listed(t, to) !=
		"d d/g d/link d/link/f" || !strings.Contains(said, "not removed at the server: 1 of the files, the first: d/link/f") {
		t.Errorf("left are %s, said %q", got, said)
	}
}

// Who may only read removes nothing, nor does who may add files and replace none. Nothing is received then.
func TestSourcesOfTheServerNeedTheRight(t *testing.T) {
	for name, changes := range map[string][]change{"a token to read": nil, "no right to replace": {asOwner(true)}} {
		n := startNode(t, changes...)
		writeFiles(t, n.dir, map[string][]byte{"out/f": []byte("1")})
		to := t.TempDir()
		said := stderrOf(t, func() {
			if status := n.ascp(t, n.receiving(t, "/out"), "--remove-after-transfer", "127.0.0.1:/out/f", to); status != 1 {
				t.Errorf("%s: status %d", name, status)
			}
		})
		if got := listed(t, n.dir); got != "out out/f" || listed(t, to) != "" ||
			!strings.Contains(said, "not to remove them") {
			t.Errorf("%s: left are %s, said %q", name, got, said)
		}
	}
}

// A source stays until the client has verified it, and a connection that is lost has none asked for that is gone.
func TestSourcesOfTheServerStayUntilTheyAreVerified(t *testing.T) {
	t.Parallel()
	n := startNode(t, asOwner(false))
	content, to := noise(7, cutSize), t.TempDir()
	writeFiles(t, n.dir, map[string][]byte{"out/a": []byte("1"), "out/f": content})
	r, flags := behind(t, n, false)
	args := append(flags, "-q", "-l", "100M", "--remove-after-transfer", "127.0.0.1:/out/a", "127.0.0.1:/out/f", to)
	cmd := process(t, "ascp", n.receiving(t, "/out"), append([]string{"--retry-timeout=60"}, args...)...)
	startProcess(t, cmd)
	waitForPart(t, filepath.Join(to, "f"), enough)
	if _, err := os.Stat(filepath.Join(n.dir, "out/f")); err != nil {
		t.Errorf("before it has arrived: %v", err)
	}
	r.cut()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := listed(t, n.dir); got != "out" {
		t.Errorf("left are %s", got)
	}
	if got, err := os.ReadFile(filepath.Join(to, "f")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived (%v)", len(got), err)
	}
}

// A connection may be lost when all has arrived and nothing is left to be asked for.
func TestSourcesOfTheServerThatAreAllGone(t *testing.T) {
	t.Parallel()
	n := startNode(t, asOwner(false))
	writeFiles(t, n.dir, map[string][]byte{"out/other": []byte("1")})
	args := n.overSSH(t, "--remove-after-transfer", "127.0.0.1:/out/f", t.TempDir())
	for _, arrived := range []bool{false, true} {
		r, err := parse(args, withToken(n.receiving(t, "/out")))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		task := newTask(r, cancel)
		if arrived { // with an earlier session
			task.arrivals.add(transfer.FileEvent{Path: "f"})
		}
		if err := task.run(ctx); (err == nil) != arrived {
			t.Errorf("arrived %v: %v", arrived, err)
		}
	}
}
