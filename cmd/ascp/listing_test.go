package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
)

func mkfifo(p string) error { return syscall.Mkfifo(p, 0o600) }

// The list has a line for each file, with size, checksum and what became of it. After an ascp that was killed the
// rerun's has all files, those that were there already, too: node-93.
func TestFileManifest(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, lists := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"d/a": []byte("abc"), "d/b\n\tc": []byte("x"), "d/big": noise(5, 24<<20)})
	if err := mkfifo(filepath.Join(from, "d/pipe")); err != nil {
		t.Fatal(err)
	}
	args := n.overSSH(t, "--file-manifest=text", "--file-manifest-path="+lists, "--file-checksum=md5",
		from+"/d", "127.0.0.1:/")
	cut := process(t, "ascp", n.sending(t, "/"), append([]string{"-l", "50M"}, args...)...)
	startProcess(t, cut)
	waitForPart(t, filepath.Join(n.dir, "d/big"), 2*chunk)
	cut.Process.Kill()
	cut.Wait()
	if got := strings.Fields(listed(t, lists)); len(got) != 1 || !strings.HasSuffix(got[0], inProgress) {
		t.Errorf("of a run that was killed there are %v", got)
	}
	if status := run(args, withToken(n.sending(t, "/"))); status != 1 {
		t.Errorf("status %d", status)
	}
	var text string
	for _, name := range strings.Fields(listed(t, lists)) {
		if strings.HasPrefix(name, "aspera-transfer-") && strings.HasSuffix(name, "-manifest.txt") {
			b, err := os.ReadFile(filepath.Join(lists, name))
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
	}
	lines := map[string][]string{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		lines[fields[0]] = fields
	}
	for name, want := range map[string][]string{
		"d/a":          {"3", "md5:900150983cd24fb0d6963f7d28e17f72", ""},
		`d/b\x0a\x09c`: {"1", "md5:", ""},
		"d/big":        {"25165824", "md5:", "completed"},
		"d/pipe":       {"0", "-", "failed (21)"},
	} {
		got := lines[name]
		if len(got) != 4 || got[1] != want[0] || !strings.HasPrefix(got[2], want[1]) || !strings.HasPrefix(got[3], want[2]) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(lines) != 5 || !strings.Contains(text, "#\tfailed (27)") {
		t.Errorf("the list is\n%s", text)
	}
	// Of what is received a second time the list has the checksums, too.
	to, second := t.TempDir(), t.TempDir()
	for range 2 {
		if status := n.ascp(t, n.receiving(t, "/d"), "--file-manifest=text", "--file-manifest-path="+second,
			"--file-checksum=sha1", "127.0.0.1:/d", to); status != 0 {
			t.Errorf("received with status %d", status)
		}
	}
	for _, name := range strings.Fields(listed(t, second)) {
		b, err := os.ReadFile(filepath.Join(second, name))
		if err != nil || !strings.Contains(string(b), "d/a\t3\tsha1:a9993e364706816aba3e25717850c26c9cd0d89d\t") {
			t.Errorf("the list is %q (%v)", b, err)
		}
	}
	if status := run(n.overSSH(t, "--file-manifest=text", "--file-manifest-path=/nowhere", from+"/d", "127.0.0.1:/"),
		withToken(n.sending(t, "/"))); status != 1 {
		t.Error("a list that can't be written is no error")
	}
}

// A file that was there already has one line, however many sessions find it there, and who interrupts a transfer does
// not wait for the checksums of such files.
func TestFileManifestOfWhatWasThere(t *testing.T) {
	t.Parallel()
	p := filepath.Join(t.TempDir(), "f")
	writeFiles(t, filepath.Dir(p), map[string][]byte{"f": []byte("abc")})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx            context.Context
		checksum, want string
	}{
		{t.Context(), transfer.ChecksumNone, "f\t3\t-\tskipped\n"},
		{t.Context(), transfer.ChecksumMD5, "f\t3\tmd5:900150983cd24fb0d6963f7d28e17f72\tskipped\n"},
		{over, transfer.ChecksumMD5, "f\t3\t-\tskipped\n"},
	} {
		r := &request{transferID: "x", options: control.Options{Checksum: c.checksum},
			list: fileList{form: "text", folder: t.TempDir()}}
		l, err := r.list.begin(r)
		if err != nil {
			t.Fatal(err)
		}
		l.digestKept(r, nil)
		for range 2 {
			l.add(transfer.FileEvent{Path: "f", Target: p, Size: 3, Skipped: true})
		}
		if err := l.end(c.ctx, nil); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(l.name)
		if _, files, _ := strings.Cut(string(text), "\n"); err != nil || files != c.want+"#\tcompleted\n" {
			t.Errorf("%s: the list is %q (%v)", c.checksum, text, err)
		}
	}
}
