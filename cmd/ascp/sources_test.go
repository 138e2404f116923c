package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
)

func listed(t *testing.T, dir string) string {
	t.Helper()
	return strings.Join(slices.Sorted(maps.Keys(tree(t, dir))), " ")
}

// What has arrived is removed or moved at the source that sends, and nothing else: not what failed, what the receiver
// had already, what was left out, or what a link leads to outside of the source.
func TestSourcesAfterwards(t *testing.T) {
	for name, c := range map[string]struct {
		args                  string
		left, archive, output string
	}{
		"remove": {"--remove-after-transfer", "d d/a d/a/deep d/empty d/kept d/left.tmp d/outside", "",
			"d/outside/o"},
		"remove skipped": {"--remove-after-transfer --remove-skipped", "d d/a d/a/deep d/empty d/left.tmp d/outside", "",
			""},
		"and empty folders": {"--remove-after-transfer --remove-empty-directories", "d d/kept d/left.tmp d/outside", "",
			""},
		"and the source": {"--remove-after-transfer --remove-skipped --remove-empty-source-directory -N nothing",
			"d d/left.tmp d/outside", "", ""},
		"empty folders alone": {"--remove-empty-directories", "d d/a d/a/deep d/a/deep/f d/kept d/left.tmp d/outside d/top",
			"", ""},
		"move": {"--move-after-transfer=ARCHIVE", "d d/a d/a/deep d/empty d/kept d/left.tmp d/outside",
			"d d/a d/a/deep d/a/deep/f d/top", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			from, outside, archive := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "archive")
			writeFiles(t, from, map[string][]byte{"d/top": []byte("1"), "d/a/deep/f": []byte("2"), "d/kept": []byte("3"),
				"d/left.tmp": []byte("4")})
			writeFiles(t, outside, map[string][]byte{"o": []byte("5")})
			writeFiles(t, n.dir, map[string][]byte{"d/kept": []byte("3")})
			if err := os.Mkdir(filepath.Join(from, "d/empty"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(from, "d/outside")); err != nil {
				t.Fatal(err)
			}
			args := append(strings.Fields(strings.Replace(c.args, "ARCHIVE", archive, 1)), "-E", "*.tmp",
				from+"/d", "127.0.0.1:/")
			said := stderrOf(t, func() { n.ascp(t, n.sending(t, "/"), args...) })
			if got := listed(t, from); got != c.left {
				t.Errorf("left are %s, want %s", got, c.left)
			}
			if got := listed(t, outside); got != "o" {
				t.Error("what a link leads to is gone")
			}
			if c.archive != "" {
				if got := listed(t, archive); got != c.archive {
					t.Errorf("the archive has %s, want %s", got, c.archive)
				}
			}
			if !strings.Contains(said, c.output) {
				t.Errorf("said %q, want %q", said, c.output)
			}
			if got := listed(t, n.dir); got != "d d/a d/a/deep d/a/deep/f d/empty d/kept d/outside d/outside/o d/top" {
				t.Errorf("arrived are %s", got)
			}
		})
	}
}

// What the receiver refuses stays at the source.
func TestSourcesThatDidNotArriveStay(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/good": []byte("1"), "d/bad": []byte("2")})
	if err := os.MkdirAll(filepath.Join(n.dir, "d/bad"), 0o755); err != nil {
		t.Fatal(err)
	}
	tok := n.grant(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/"}}})
	if status := n.ascp(t, tok, "--remove-after-transfer", "--remove-empty-source-directory",
		from+"/d", "127.0.0.1:/"); status != 1 {
		t.Errorf("status %d", status)
	}
	if got := listed(t, from); got != "d d/bad" {
		t.Errorf("left are %s", got)
	}
}

// A source stays until the receiver has verified it, whatever ends the transfer before: node-90, with
// TestSourcesAfterwards, TestSourcesOfTheServerAfterwards, TestDeleteBeforeTransfer and TestSaveBeforeOverwrite.
func TestSourcesStayUntilTheyAreVerified(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, archive := t.TempDir(), filepath.Join(t.TempDir(), "archive")
	content := noise(6, 12<<20)
	for _, flag := range []string{"--remove-after-transfer", "--move-after-transfer=" + archive} {
		to := "/" + strings.Trim(strings.SplitN(flag, "=", 2)[0], "-")
		writeFiles(t, from, map[string][]byte{"d/f": content})
		args := n.overSSH(t, flag, "--remove-empty-source-directory", "-d", from+"/d", "127.0.0.1:"+to)
		for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
			cmd := process(t, "ascp", n.sending(t, to), append([]string{"-l", "20M"}, args...)...)
			startProcess(t, cmd)
			waitForPart(t, filepath.Join(n.dir, to, "d/f"), 2*chunk)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Errorf("%s: the transfer ended before %v", flag, signal)
			}
			if got, err := os.ReadFile(filepath.Join(from, "d/f")); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, after %v: %d bytes are left (%v)", flag, signal, len(got), err)
			}
		}
		if status := run(args, withToken(n.sending(t, to))); status != 0 {
			t.Errorf("%s: status %d", flag, status)
		}
		if got := listed(t, from); got != "" {
			t.Errorf("%s: left are %s", flag, got)
		}
		if got, err := os.ReadFile(filepath.Join(n.dir, to, "d/f")); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes arrived (%v)", flag, len(got), err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(archive, "d/f")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the archive has %d bytes (%v)", len(got), err)
	}
}

// The archive is not overwritten, and an archive that can't be made leaves sources where they are.
func TestSourcesThatCanNotBeMovedStay(t *testing.T) {
	n := startNode(t)
	from, archive := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("new"), "g": []byte("g")})
	writeFiles(t, archive, map[string][]byte{"f": []byte("old"), "file": nil})
	said := stderrOf(t, func() {
		if status := n.ascp(t, n.sending(t, "/"), "--move-after-transfer="+archive, from+"/f", "127.0.0.1:/"); status != 1 {
			t.Errorf("status %d", status)
		}
		if status := n.ascp(t, n.sending(t, "/"), "--move-after-transfer="+archive+"/file",
			from+"/g", "127.0.0.1:/"); status != 1 {
			t.Errorf("status %d", status)
		}
	})
	if !strings.Contains(said, "the archive has") || listed(t, from) != "f g" || listed(t, n.dir) != "f g" {
		t.Errorf("said %q; left %s, arrived %s", said, listed(t, from), listed(t, n.dir))
	}
	if got, err := os.ReadFile(filepath.Join(archive, "f")); err != nil || string(got) != "old" {
		t.Errorf("the archive has %q (%v)", got, err)
	}
}

// What has another content, or is no file any more, when the receiver says that it has it, stays.
func TestSourcesThatHaveChangedStay(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/same": []byte("1"), "d/longer": []byte("1"), "d/folder": []byte("1")})
	var said []string
	d := newDisposal(sourceFate{remove: true}, []transfer.Root{{Path: from + "/d", Name: "d"}},
		func(text string) { said = append(said, text) })
	defer d.close()
	var events []transfer.FileEvent
	for _, name := range []string{"same", "longer", "folder"} {
		p := filepath.Join(from, "d", name)
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, transfer.FileEvent{Path: "d/" + name, Target: p, Size: 1, PlainSize: 1,
			ModTime: info.ModTime().UnixNano()})
	}
	writeFiles(t, from, map[string][]byte{"d/longer": []byte("12")})
	if err := errors.Join(os.Remove(from+"/d/folder"), os.Mkdir(from+"/d/folder", 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		d.sent(e)
	}
	if got := listed(t, from); got != "d d/folder d/longer" || len(said) != 2 {
		t.Errorf("left are %s, said %q", got, said)
	}
}
