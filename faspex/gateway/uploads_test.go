package gateway

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/fail"
)

// TestUploadByTus is an upload of the page. node-138: the empty file is there at the end.
func TestUploadByTus(t *testing.T) {
	w := newWorld(t)
	big, small := noise(1, 5<<20+3), []byte("hello")
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"a/big", int64(len(big)), modified}, {"a/ü/small", 5,
		modified}, {"a/empty", 0, modified}},
		"a", "a/none"))
	if len(u.Files) != 3 || u.Files[0].Offset == nil || *u.Files[0].Offset != 0 || u.Files[1].Path != "a/ü/small" {
		t.Fatalf("%+v", u)
	}
	if r := w.complete(u).mustBe(t, 409); r.code() != "offset_mismatch" {
		t.Errorf("complete before the end: %s", r.body)
	}
	head := w.do("HEAD", u.Files[0].URL, nil, "Tus-Resumable", "1.0.0").mustBe(t, 200)
	if h := head.header; h.Get("Upload-Offset") != "0" || h.Get("Upload-Length") != fmt.Sprint(len(big)) ||
		h.Get("Cache-Control") != "no-store" ||
		h.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("HEAD: %v", h)
	}
	for off := 0; off < len(big); {
		n := min(len(big)-off, 1<<20+1)
		r := w.patch(u.Files[0].URL, int64(off), big[off:off+n]).mustBe(t, 204)
		if off += n; r.header.Get("Upload-Offset") != fmt.Sprint(off) {
			t.Errorf("Upload-Offset %s instead of %d", r.header.Get("Upload-Offset"), off)
		}
		w.lacks("in/a/big")
	}
	w.patch(u.Files[1].URL, 0, small).mustBe(t, 204)
	var done completed
	if err := json.Unmarshal(w.complete(u).mustBe(t, 200).body, &done); err != nil || done.Files != 3 ||
		done.Bytes != int64(len(big)+5) {
		t.Errorf("%+v: %v", done, err)
	}
	w.has("in/a/big", big)
	w.has("in/a/ü/small", small)
	w.has("in/a/empty", nil)
	if info, err := os.Stat(filepath.Join(w.node.Dir, "in/a/none")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder: %v", err)
	}
	if info, _ := os.Stat(filepath.Join(w.node.Dir, "in/a/big")); info.ModTime().UnixMilli() != 1_700_000_000_123 {
		t.Errorf("its time is %v", info.ModTime())
	}
	var state uploadState
	if err := json.Unmarshal(w.do("GET", Base+"/sessions/"+u.ID, nil).mustBe(t, 200).body, &state); err != nil ||
		state.Status != "completed" ||
		len(state.Files) != 3 || state.Files[0].Status != "completed" {
		t.Errorf("%+v: %v", state, err)
	}
	transfer := w.node.Last(t).Transfer
	if !strings.HasPrefix(transfer.Cookie, "cookie of") || !strings.Contains(string(transfer.Tags), "xfer_id") {
		t.Errorf("the node recorded cookie %q and tags %s", transfer.Cookie, transfer.Tags)
	}
	if strings.Contains(w.log.String(), u.ID) {
		t.Error("the log holds the session's id")
	}
}

func TestUploadFilesAtOnce(t *testing.T) {
	w := newWorld(t)
	var files []file
	var content [][]byte
	for i := range 12 {
		content = append(content, noise(uint64(i), i*700_000+1))
		files = append(files, file{fmt.Sprintf("f%d", i), int64(len(content[i])), modified})
	}
	u := w.created(w.create(w.node.Upload(t, "/in"), files))
	var group sync.WaitGroup
	for i := range files {
		group.Go(func() { w.patch(u.Files[i].URL, 0, content[i]).mustBe(t, 204) })
	}
	group.Wait()
	w.complete(u).mustBe(t, 200)
	for i := range files {
		w.has("in/"+files[i].Path, content[i])
	}
}

func TestUploadRefusals(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 2<<20)
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", int64(len(b)), modified}}))
	url := u.Files[0].URL
	w.patch(url, 0, b[:1<<20]).mustBe(t, 204)
	for name, c := range map[string]struct {
		reply  reply
		status int
		code   string
	}{
		"a wrong offset":    {w.patch(url, 5, b[5:]), 409, "offset_mismatch"},
		"the offset before": {w.patch(url, 0, b[:1<<20]), 409, "offset_mismatch"},
		"too much":          {w.patch(url, 1<<20, append(bytes.Clone(b[1<<20:]), 'x')), 413, "too_long"},
		"another type":      {w.patch(url, 1<<20, b[1<<20:], "Content-Type", "text/plain"), 415, "bad_request"},
		"no offset":         {w.patch(url, 1<<20, b[1<<20:], "Upload-Offset", ""), 400, "bad_request"},
		"another version":   {w.patch(url, 1<<20, b[1<<20:], "Tus-Resumable", "0.2.2"), 412, "bad_request"},
		"no such file":      {w.patch(Base+"/sessions/"+u.ID+"/files/1", 0, b), 404, "not_found"},
		"no such session":   {w.patch(Base+"/sessions/x/files/0", 0, b), 404, "session_unknown"},
		"a bad checksum": {w.patch(url, 1<<20, b[1<<20:], "Upload-Checksum",
			"sha1 "+base64.StdEncoding.EncodeToString(make([]byte, 20))), 460,
			"checksum_mismatch"},
		"an unknown checksum": {w.patch(url, 1<<20, b[1<<20:], "Upload-Checksum", "crc32 AAAA"), 400, "bad_request"},
		"not JSON":            {w.do("POST", Base+"/sessions", strings.NewReader("{")), 400, "bad_request"},
		"nothing":             {w.create(w.node.Upload(t, "/in"), nil), 400, "bad_request"},
		"a path outside": {w.create(w.node.Upload(t, "/in"), []file{{"../x", 1, modified}}), 404,
			"no_such_package"},
		"a path in a path": {w.create(w.node.Upload(t, "/in"), []file{{"a/../../x", 1, modified}}), 404,
			"no_such_package"},
		"an absolute path": {w.create(w.node.Upload(t, "/in"), []file{{"/x", 1, modified}}), 404, "no_such_package"},
		"a negative size":  {w.create(w.node.Upload(t, "/in"), []file{{"x", -1, modified}}), 400, "bad_request"},
	} {
		if c.reply.status != c.status || c.reply.code() != c.code {
			t.Errorf("%s: %d %s instead of %d %s", name, c.reply.status, c.reply.body, c.status, c.code)
		}
	}
	if r := w.do("HEAD", url, nil).mustBe(t, 200); r.header.Get("Upload-Offset") != fmt.Sprint(1<<20) {
		t.Errorf("the offset is %s after refusals", r.header.Get("Upload-Offset"))
	}
	// A body without a length that goes on behind the end spoils the file.
	long := io.MultiReader(bytes.NewReader(b[1<<20:]), strings.NewReader("x"))
	r := w.do("PATCH", url, struct{ io.Reader }{long}, "Content-Type", "application/offset+octet-stream",
		"Upload-Offset", fmt.Sprint(1<<20)).mustBe(t, 413)
	if r.code() != "too_long" {
		t.Errorf("a longer body: %s", r.body)
	}
	w.complete(u).mustBe(t, 400)
	w.lacks("in/f")
}

func TestUploadChecksums(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 3<<20)
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", int64(len(b)), modified}}))
	one, two := sha1.Sum(b[:1<<20]), sha256.Sum256(b[1<<20:])
	w.patch(u.Files[0].URL, 0, b[:1<<20], "Upload-Checksum",
		"sha1 "+base64.StdEncoding.EncodeToString(one[:])).mustBe(t, 204)
	w.do("POST", u.Files[0].URL, bytes.NewReader(b[1<<20:]), "Content-Type", "application/offset+octet-stream",
		"Upload-Offset", fmt.Sprint(1<<20)).mustBe(t, 405)
	w.do("POST", u.Files[0].URL, bytes.NewReader(b[1<<20:]), "Content-Type", "application/offset+octet-stream",
		"Upload-Offset", fmt.Sprint(1<<20),
		"X-HTTP-Method-Override", "PATCH", "Upload-Checksum", "sha256 "+
			base64.StdEncoding.EncodeToString(two[:])).mustBe(t, 204)
	w.complete(u).mustBe(t, 200)
	w.has("in/f", b)
	if h := w.do("OPTIONS", Base+"/sessions", nil).mustBe(t, 204).header; h.Get("Tus-Version") != "1.0.0" ||
		h.Get("Tus-Checksum-Algorithm") != "sha1,sha256" {
		t.Errorf("OPTIONS: %v", h)
	}
}

func TestUploadGoesOnThroughAnotherGateway(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 8<<20+9)
	files := []file{{"f", int64(len(b)), modified}, {"done", 3, modified}}
	u := w.created(w.create(w.node.Upload(t, "/in"), files))
	w.patch(u.Files[1].URL, 0, []byte("abc")).mustBe(t, 204)
	w.patch(u.Files[0].URL, 0, b[:6<<20+100]).mustBe(t, 204)
	for w.server.memory.Used() > 0 || !w.server.uploads.find(u.ID).Upload.State(1).Done { // All of it has arrived.
		time.Sleep(time.Millisecond)
	}
	w.server.Close()
	w.node.Last(t).Ended(t)
	w.lacks("in/f")
	w.start()
	w.patch(u.Files[0].URL, 6<<20+100, b[6<<20+100:]).mustBe(t, 404)
	again := w.created(w.create(w.node.Upload(t, "/in"), files))
	off := *again.Files[0].Offset
	if off < 5<<20 || off > 6<<20+100 || *again.Files[1].Offset != 3 {
		t.Fatalf("it goes on at %d and %d", off, *again.Files[1].Offset)
	}
	w.patch(again.Files[0].URL, off, b[off:]).mustBe(t, 204)
	w.complete(again).mustBe(t, 200)
	w.has("in/f", b)
	// Another version of the file is not joined with it.
	files[0].MTime += 10
	third := w.created(w.create(w.node.Upload(t, "/in"), files))
	if *third.Files[0].Offset != 0 {
		t.Errorf("another version goes on at %d", *third.Files[0].Offset)
	}
}

func TestUploadIsTakenOverFromWhoIsGone(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 4<<20)
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", int64(len(b)), modified}}))
	// The first client stands still in the middle of its chunk, as one does whose network is gone.
	pr, pw := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		req, _ := http.NewRequestWithContext(t.Context(), "PATCH", w.url+u.Files[0].URL, pr)
		req.ContentLength = int64(len(b))
		req.Header.Set("Content-Type", "application/offset+octet-stream")
		req.Header.Set("Upload-Offset", "0")
		if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
			res.Body.Close()
		}
	}()
	if _, err := pw.Write(b[:3<<20+5]); err != nil {
		t.Fatal(err)
	}
	off := int64(-1)
	for off < 2<<20 {
		r := w.do("GET", Base+"/sessions/"+u.ID, nil).mustBe(t, 200)
		var state uploadState
		if err := json.Unmarshal(r.body, &state); err != nil {
			t.Fatal(err)
		}
		off = state.Files[0].Offset
	}
	r := w.do("HEAD", u.Files[0].URL, nil).mustBe(t, 200)
	if _, err := fmt.Sscan(r.header.Get("Upload-Offset"), &off); err != nil {
		t.Fatal(err)
	}
	w.patch(u.Files[0].URL, off, b[off:]).mustBe(t, 204)
	w.complete(u).mustBe(t, 200)
	w.has("in/f", b)
	pw.Close()
	<-ended
}

// TestUploadNeedsAListedNodeAndAToken is node-139: the gateway has no credentials, and what moves through it is what
// its list and a token permit.
func TestUploadNeedsAListedNodeAndAToken(t *testing.T) {
	w := newWorld(t)
	spec := w.node.Upload(t, "/in")
	files := []file{{"f", 1, modified}}
	other := spec
	other.RemoteHost = "localhost"
	port := spec
	port.SSHPort = 22
	forged := spec
	forged.Token = "ATM3_forged"
	none := spec
	none.Token = ""
	expired := spec
	expired.Token = w.node.Seal(t, token.Grant{Direction: token.Send, Paths: []token.Path{{Destination: "/in"}},
		ExpiresAt: time.Now().Add(-time.Hour)})
	elsewhere := spec
	elsewhere.DestinationRoot = "/other"
	for name, c := range map[string]struct {
		reply reply
		code  string
	}{
		"another host":   {w.create(other, files), "node_not_allowed"},
		"another port":   {w.create(port, files), "node_not_allowed"},
		"a forged token": {w.create(forged, files), "token_refused"},
		"no token":       {w.create(none, files), "token_refused"},
		"an expired one": {w.create(expired, files), "token_refused"},
		"another folder": {w.create(elsewhere, files), "no_such_package"},
		"for a download": {w.create(w.node.Download(t, "/in"), files), "bad_request"},
	} {
		if c.reply.code() != c.code {
			t.Errorf("%s: %d %s", name, c.reply.status, c.reply.body)
		}
	}
	w.list("localhost") // It is read again.
	time.Sleep(10 * time.Millisecond)
	if r := w.create(spec, files); r.code() != "node_not_allowed" {
		t.Errorf("a node that was taken out of the list: %d %s", r.status, r.body)
	}
	if sessions := w.node.Sessions(); len(sessions) != 0 {
		t.Errorf("%d sessions have begun by specs that permit nothing", len(sessions))
	}
	u := w.created(w.create(other, files))
	w.patch(u.Files[0].URL, 0, []byte("x")).mustBe(t, 204)
	w.complete(u).mustBe(t, 200)
	metrics := string(w.do("GET", "/metrics", nil).mustBe(t, 200).body)
	for _, line := range []string{`faspex_gateway_sessions_ended_total{kind="upload",outcome="completed"} 1`,
		`faspex_gateway_bytes_total{direction="in"} 1`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
}

func TestUploadTokenWithdrawn(t *testing.T) {
	w := newWorld(t)
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", 9 << 20, modified}}))
	w.patch(u.Files[0].URL, 0, noise(1, 3<<20)).mustBe(t, 204)
	w.node.Last(t).Cancel()
	w.node.Last(t).Ended(t)
	var r reply
	for r = w.do("GET", Base+"/sessions/"+u.ID, nil); bytes.Contains(r.body,
		[]byte(`"status":"running","error":null`)); {
		r = w.do("GET", Base+"/sessions/"+u.ID, nil)
	}
	if r = w.patch(u.Files[0].URL, 3<<20, noise(1, 100)); r.status != 403 || r.code() != "token_withdrawn" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := w.complete(u); r.code() != "token_withdrawn" {
		t.Errorf("complete: %d %s", r.status, r.body)
	}
	w.lacks("in/f")
}

func TestUploadOfALostNodeTellsToBeginAnew(t *testing.T) {
	w := newWorld(t)
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", 9 << 20, modified}}))
	lost := w.server.uploads.find(u.ID)
	lost.close(fail.New(fail.ConnectionLost, "connection lost"))
	for name, r := range map[string]reply{"PATCH": w.patch(u.Files[0].URL, 0, noise(1, 100)),
		"complete": w.complete(u)} {
		if r.status != 410 || r.code() != "session_ended" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	w.do("HEAD", u.Files[0].URL, nil).mustBe(t, 410)
}

// A page that is closed leaves nothing visible, and its session ends.
func TestUploadSessionsEndThatNobodyWants(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Idle = 200 * time.Millisecond })
	u := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", 9 << 20, modified}}))
	w.patch(u.Files[0].URL, 0, noise(1, 3<<20)).mustBe(t, 204)
	w.node.Last(t).Ended(t) // By itself.
	if r := w.do("HEAD", u.Files[0].URL, nil); r.status != 404 {
		t.Errorf("%d", r.status)
	}
	w.lacks("in/f")
	second := w.created(w.create(w.node.Upload(t, "/in"), []file{{"f", 9 << 20, modified}}))
	if *second.Files[0].Offset == 0 {
		t.Error("what had arrived is gone")
	}
	w.do("DELETE", Base+"/sessions/"+second.ID, nil).mustBe(t, 204)
	w.node.Last(t).Ended(t)
	w.do("DELETE", Base+"/sessions/"+second.ID, nil).mustBe(t, 404)
}

func TestUploadBounds(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.Sessions, c.Limits.PerClient = 2, 3 })
	files := []file{{"f", 1, modified}}
	w.created(w.create(w.node.Upload(t, "/a"), files))
	w.created(w.create(w.node.Upload(t, "/b"), files))
	if r := w.create(w.node.Upload(t, "/c"), files); r.status != 503 || r.code() != "busy" ||
		r.header.Get("Retry-After") == "" {
		t.Errorf("one session too many: %d %s", r.status, r.body)
	}
	w.tells(`faspex_gateway_refused_total{bound="sessions"} 1`)
	w = newWorldAt(t, w.node, func(c *Config) { c.Limits.PerClient = 1 })
	w.created(w.create(w.node.Upload(t, "/d"), files))
	if r := w.create(w.node.Upload(t, "/e"), files); r.status != 429 || r.header.Get("Retry-After") == "" {
		t.Errorf("one of a client too many: %d %s", r.status, r.body)
	}
	w.tells(`faspex_gateway_sessions{kind="upload"} 1`, `faspex_gateway_refused_total{bound="client"} 1`,
		`faspex_gateway_memory_bytes `)
}

// tells fails when the metrics lack one of these lines.
func (w *world) tells(lines ...string) {
	w.t.Helper()
	metrics := string(w.do("GET", "/metrics", nil).mustBe(w.t, 200).body)
	for _, line := range lines {
		if !strings.Contains(metrics, line) {
			w.t.Errorf("no %s in the metrics", line)
		}
	}
}

func TestUploadManyFiles(t *testing.T) {
	w := newWorld(t)
	const n = 10_000
	files := make([]file, n)
	for i := range files {
		files[i] = file{fmt.Sprintf("d%d/%s", i%100, fmt.Sprintf("file %d ä", i)), int64(i % 3), modified}
	}
	u := w.created(w.create(w.node.Upload(t, "/in"), files))
	var group sync.WaitGroup
	for k := range 8 {
		group.Go(func() {
			for i := k; i < n; i += 8 {
				if size := files[i].Size; size > 0 {
					w.patch(u.Files[i].URL, 0, []byte("xy")[:size]).mustBe(t, 204)
				}
			}
		})
	}
	group.Wait()
	w.complete(u).mustBe(t, 200)
	w.has("in/d98/file 9998 ä", []byte("xy"))
	count := 0
	if err := filepath.WalkDir(w.node.Dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			count++
		}
		return err
	}); err != nil || count != n {
		t.Errorf("%d of %d files: %v", count, n, err)
	}
}
