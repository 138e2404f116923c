package gateway

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/dataplane/transferspec"
)

// program builds one of the project's programs.
func program(t *testing.T, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	if b, err := exec.CommandContext(t.Context(), "go", "build", "-o", out,
		"faspex.io/operator/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return out
}

func ascp(t *testing.T, program string, w *world, spec transferspec.Spec, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, append([]string{"-q", "-d", "-P", strconv.Itoa(w.node.SSHPort)},
		args...)...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir(), "ASPERA_SCP_TOKEN="+spec.Token)
	return c
}

// What a browser began and did not end, ascp ends, and the other way round, without sending again what has arrived.
func TestAscpAndBrowserGoOnWithEachOther(t *testing.T) {
	w := newWorld(t)
	tool := program(t, "ascp")
	b := noise(1, 16<<20+9)
	source := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(source, b, 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_700_000_000, 123_456_789)
	if err := os.Chtimes(source, at, at); err != nil {
		t.Fatal(err)
	}
	files := []file{{"f", int64(len(b)), modified}} // A browser cuts the time to milliseconds.

	u := w.created(w.create(w.node.Upload(t, "/one"), files))
	w.patch(u.Files[0].URL, 0, b[:10<<20]).mustBe(t, 204)
	for w.server.memory.Used() > 0 {
		time.Sleep(time.Millisecond)
	}
	w.do("DELETE", Base+"/sessions/"+u.ID, nil).mustBe(t, 204)
	w.node.Last(t).Ended(t)
	if out, err := ascp(t, tool, w, w.node.Upload(t, "/one"), source,
		"xfer@127.0.0.1:/one").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.has("one/f", b)
	if _, p := w.node.Last(t).Ended(t); p.BytesTransferred > 6<<20+9 {
		t.Errorf("ascp sent %d bytes, of which %d were missing", p.BytesTransferred, 6<<20+9)
	}

	begun := len(w.node.Sessions())
	cut := ascp(t, tool, w, w.node.Upload(t, "/two"), "-l", "40M", source, "xfer@127.0.0.1:/two")
	if err := cut.Start(); err != nil {
		t.Fatal(err)
	}
	journaled := func() int64 {
		info, err := os.Stat(filepath.Join(w.node.Dir, "two/f.aspx"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for journaled() < 24+28*5 {
		time.Sleep(time.Millisecond)
	}
	if err := cut.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cut.Wait() // It was killed.
	w.node.Sessions()[begun].Ended(t)
	second := w.created(w.create(w.node.Upload(t, "/two"), files))
	off := *second.Files[0].Offset
	if off < 3<<20 {
		t.Errorf("it goes on at %d", off)
	}
	w.patch(second.Files[0].URL, off, b[off:]).mustBe(t, 204)
	w.complete(second).mustBe(t, 200)
	w.has("two/f", b)
}
