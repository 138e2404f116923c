package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
)

// TestLog has a log say which session it was, what it was asked for and why it ended, and no secret: node-94.
func TestLog(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from, dir := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	tok := n.sending(t, "/in")
	env := func(v string) string {
		return map[string]string{"ASPERA_SCP_TOKEN": tok, "ASPERA_SCP_PASS": "SECRET-PASS",
			"ASPERA_SCP_COOKIE": "SECRET-COOKIE", "ASPERA_SCP_FILEPASS": "SECRET-FILEPASS"}[v]
	}
	line := func(args ...string) []string {
		return n.overSSH(t, append([]string{"-L", dir, "-l", "7M", "--file-crypt=encrypt", "--tags", `{"a":"SECRET-TAG"}`},
			args...)...)
	}
	if status := run(line("-d", from+"/f", "127.0.0.1:/in"), env); status != 0 {
		t.Fatalf("status %d", status)
	}
	if status := run(line(from+"/f", "127.0.0.1:/out"), env); status != 1 {
		t.Fatalf("status %d", status)
	}
	if status := run(line(from+"/missing\x1b[2J", "127.0.0.1:/in"), env); status != 1 {
		t.Fatalf("status %d", status)
	}
	text, err := os.ReadFile(filepath.Join(dir, "aspera-scp-transfer.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"direction=send", "host=127.0.0.1", "destination=/in", "targetKbps=7000",
		"msg=\"session begins\"", "cipher=aes-128-gcm", "msg=\"transfer completed\"", "files=1",
		"msg=\"transfer failed\"", "code=41", "not allowed", "code=4 ", "missing\\x1b[2J"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if id := n.recorder.Sessions()[0].Transfer.SessionID; id == "" || !strings.Contains(string(text), "session="+id) {
		t.Errorf("the log does not name session %q", id)
	}
	for _, secret := range []string{tok, "SECRET", "\x1b"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
	if status := run(n.overSSH(t, "-L", filepath.Join(dir, "none"), from+"/f", "127.0.0.1:/in"), env); status != 1 {
		t.Error("a log that can't be opened is no error")
	}
}

func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string][]byte{logName: make([]byte, 1<<20), fullLogName: []byte("older")})
	for range 2 {
		log, end, err := openLog(dir + ":1")
		if err != nil {
			t.Fatal(err)
		}
		log.Info("new")
		end.Close()
	}
	full, err := os.Stat(filepath.Join(dir, fullLogName))
	now, err2 := os.ReadFile(filepath.Join(dir, logName))
	if err != nil || err2 != nil || full.Size() != 1<<20 || bytes.Count(now, []byte("msg=new")) != 2 {
		t.Errorf("%v %v: %v, %q", err, err2, full, now)
	}
	said := stderrOf(t, func() {
		log, _, err := openLog("-")
		if err != nil {
			t.Fatal(err)
		}
		log.Info("here")
	})
	if !strings.Contains(said, "msg=here") {
		t.Errorf("said %q", said)
	}
}

// The last line tells apart what was sent, kept, resumed, and not sent because it is a hole.
func TestTally(t *testing.T) {
	t.Parallel()
	var y tally
	for _, e := range []transfer.FileEvent{
		{Size: 5 << 20}, {Size: 3 << 20, Skipped: true}, {Size: 9 << 20, Holes: 8 << 20, Resumed: 8 << 20},
		{Size: 4 << 20, Resumed: 1 << 20},
	} {
		y.add(e)
	}
	if got, want := y.rest(12<<20),
		", 1 file of them kept as they were there (3.0 MiB), 1.0 MiB resumed, 8.0 MiB in holes not sent"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := new(tally).rest(0); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// A share of the highest rate is the server's to reckon, and a minimum is never above the target.
func TestRatesWithinBounds(t *testing.T) {
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	n := startNode(t, func(s *transfer.Server, _ *sshd.Config) { s.CapKbps = 50_000 })
	if status := n.ascp(t, n.sending(t, "/"), "-l", "50%", "-m", "90M", from+"/f", "127.0.0.1:/"); status != 0 {
		t.Fatalf("status %d", status)
	}
	if _, got := n.recorder.Last(t).Ended(t); got.TargetRateKbps != 25_000 {
		t.Errorf("half of 50 Mbit/s is %d kbit/s", got.TargetRateKbps)
	}
	if status := n.ascp(t, n.sending(t, "/"), "-m", "10%", from+"/f", "127.0.0.1:/"); status != 0 {
		t.Fatalf("status %d", status)
	}
	if got := n.recorder.Last(t).Transfer.StartSpec.MinRateKbps; got != 5_000 {
		t.Errorf("a tenth of 50 Mbit/s is %d kbit/s", got)
	}
	uncapped := startNode(t)
	said := stderrOf(t, func() { uncapped.ascp(t, uncapped.sending(t, "/"), "-l", "50%", from+"/f", "127.0.0.1:/") })
	if !strings.Contains(said, "error 8: the server sets no highest rate") {
		t.Errorf("said %q", said)
	}
	r, err := parse([]string{"-l", "10M", "-m", "50M", "a", "h:b"}, noEnv)
	if err != nil || r.options.MinKbps != 10_000 {
		t.Errorf("minimum %d (%v)", r.options.MinKbps, err)
	}
}
