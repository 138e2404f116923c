package gateway

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/ticket"
	"faspex.io/operator/test/nodetest"
)

func (w *world) put(name string, b []byte) {
	w.t.Helper()
	p := filepath.Join(w.node.Dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// ticket is the path of a download.
func (w *world) ticket(spec transferspec.Spec, name string, zip bool) string {
	w.t.Helper()
	return w.ticketUntil(spec, name, zip, time.Now().Add(time.Hour))
}

func (w *world) ticketUntil(spec transferspec.Spec, name string, zip bool, expires time.Time) string {
	w.t.Helper()
	s, err := ticket.Seal(w.ring, ticket.Ticket{ID: uuid.NewString(), Expires: expires, Name: name, Zip: zip,
		Spec: spec})
	if err != nil {
		w.t.Fatal(err)
	}
	return Base + "/tickets/" + s
}

func TestDownloadOfAFile(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 5<<20+9)
	w.put("p/Bericht \u202eä.pdf", b)
	url := w.ticket(w.node.Download(t, "/p/Bericht \u202eä.pdf"), "Bericht \u202eä.pdf", false)
	head := w.do("HEAD", url, nil).mustBe(t, 200)
	r := w.do("GET", url, nil).mustBe(t, 200)
	h := r.header
	if !bytes.Equal(r.body, b) || h.Get("Content-Length") != fmt.Sprint(len(b)) ||
		head.header.Get("Content-Length") != h.Get("Content-Length") {
		t.Errorf("%d bytes of %d, lengths %s and %s", len(r.body), len(b), head.header.Get("Content-Length"),
			h.Get("Content-Length"))
	}
	etag := h.Get("ETag")
	if etag == "" || etag != head.header.Get("ETag") || h.Get("Accept-Ranges") != "bytes" ||
		h.Get("Content-Disposition") != `attachment; filename="Bericht _.pdf"; filename*=UTF-8''Bericht%20%C3%A4.pdf` {
		t.Errorf("%v", h)
	}
	if o, _ := w.node.Last(t).Ended(t); o.Status != "completed" {
		t.Errorf("the node recorded %+v", o)
	}
	for name, c := range map[string]struct {
		method string
		header []string
		status int
		from   int64
		to     int
	}{
		"used":          {"GET", nil, 410, 0, 0},
		"used, HEAD":    {"HEAD", nil, 410, 0, 0},
		"a range alone": {"GET", []string{"Range", "bytes=5-"}, 410, 0, 0},
		"another etag":  {"GET", []string{"Range", "bytes=5-", "If-Range", `"x"`}, 410, 0, 0},
		"the rest":      {"GET", []string{"Range", "bytes=3000000-", "If-Range", etag}, 206, 3000000, len(b)},
		"the rest, If-Match": {"GET", []string{"Range", "bytes=3000000-", "If-Match", `"y", ` + etag}, 206,
			3000000, len(b)},
		"a middle": {"GET", []string{"Range", "bytes=7-1048576", "If-Range", etag}, 206, 7, 1048577},
		"the end": {"GET", []string{"Range", "bytes=-5", "If-Range", etag}, 206, int64(len(b)) - 5,
			len(b)},
		"behind the end": {"GET", []string{"Range", fmt.Sprintf("bytes=%d-", len(b)), "If-Match", etag}, 416,
			0, 0},
		"all again, by its tag": {"GET", []string{"If-Range", etag}, 200, 0, len(b)},
	} {
		r := w.do(c.method, url, nil, c.header...)
		if r.status != c.status {
			t.Errorf("%s: %d instead of %d: %.200s", name, r.status, c.status, r.body)
			continue
		}
		if c.to > 0 && !bytes.Equal(r.body, b[c.from:c.to]) {
			t.Errorf("%s: %d other bytes", name, len(r.body))
		}
		if c.status == 206 && r.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, len(b)) {
			t.Errorf("%s: %s", name, r.header.Get("Content-Range"))
		}
	}
	if r := w.do("GET", url, nil, "Accept", "text/html"); r.status != 410 || !strings.Contains(string(r.body), "<h1>") {
		t.Errorf("a person is told %d %s", r.status, r.body)
	}
	w.put("p/Bericht \u202eä.pdf", noise(2, 5<<20+9))
	if r := w.do("GET", url, nil, "Range", "bytes=5-", "If-Range", etag); r.code() != "file_changed" {
		t.Errorf("another version is gone on with: %d", r.status)
	}
	if log := w.log.String(); strings.Contains(log, url[len(Base)+9:]) {
		t.Error("the log holds a ticket")
	}
}

func TestDownloadIsSeenAsBroken(t *testing.T) {
	w := newWorld(t)
	w.put("big", noise(1, 60<<20))
	url := w.ticket(w.node.Download(t, "/big"), "big", false)
	res, err := http.Get(w.url + url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	w.node.Last(t).Cancel()
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("%d bytes more, and that seems to be all", n)
	}
}

func TestDownloadOfAClientThatIsGoneCanBeGoneOnWith(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 60<<20)
	w.put("big", b)
	url := w.ticket(w.node.Download(t, "/big"), "big", false)
	res, err := http.Get(w.url + url)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 30<<20)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if o, _ := w.node.Last(t).Ended(t); o.Status == "completed" {
		t.Error("the node takes a download that broke off for complete")
	}
	r := w.do("GET", url, nil, "Range", fmt.Sprintf("bytes=%d-", len(first)), "If-Range",
		res.Header.Get("ETag")).mustBe(t, 206)
	if !bytes.Equal(append(first, r.body...), b) {
		t.Error("both parts are not the whole")
	}
}

// node-137, with TestDownloadOfAFile (one file as itself), TestDownloadIsSeenAsBroken and TestDownloadOfALargeArchive.
// faspex-AB5: more than one file comes as one archive (TestDownloadTickets in faspex/core: for which choice of files).
func TestDownloadAsArchive(t *testing.T) {
	w := newWorld(t)
	want := map[string][]byte{}
	for i, name := range []string{"a.txt", "d/ä ü.txt", "d/CON.txt", "d/e:f.txt", "d/F.TXT", "d/f.txt", "d/empty",
		"z/\u202egpj.exe", "z/日本.bin"} {
		want[name] = noise(uint64(i), i*400_000)
		w.put("PKG/"+name, want[name])
	}
	if err := os.MkdirAll(filepath.Join(w.node.Dir, "PKG/none"), 0o755); err != nil {
		t.Fatal(err)
	}
	url := w.ticket(w.node.Download(t, "/PKG"), "Päckchen", true)
	length := w.do("HEAD", url, nil).mustBe(t, 200).header.Get("Content-Length")
	r := w.do("GET", url, nil).mustBe(t, 200)
	if length != fmt.Sprint(len(r.body)) || r.header.Get("Content-Type") != "application/zip" ||
		!strings.HasSuffix(r.header.Get("Content-Disposition"), "P%C3%A4ckchen.zip") {
		t.Errorf("%d bytes, %s were told: %v", len(r.body), length, r.header)
	}
	z, err := zip.NewReader(bytes.NewReader(r.body), int64(len(r.body)))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"d/CON.txt": "d/_CON.txt", "d/e:f.txt": "d/e_f.txt", "d/f.txt": "d/f (2).txt",
		"z/\u202egpj.exe": "z/gpj.exe"}
	for name, content := range want {
		if other, ok := names[name]; ok {
			name = other
		}
		f, err := z.Open("PKG/" + name)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := io.ReadAll(f)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes of %d: %v", name, len(got), len(content), err)
		}
	}
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == "PKG/none/" }) {
		t.Error("the empty folder is not there")
	}
	for _, from := range []int{1, len(r.body) / 2, len(r.body) - 1} {
		part := w.do("GET", url, nil, "Range", fmt.Sprintf("bytes=%d-", from), "If-Range",
			r.header.Get("ETag")).mustBe(t, 206)
		if !bytes.Equal(part.body, r.body[from:]) {
			t.Errorf("from %d on it is another archive", from)
		}
	}
	part := w.do("GET", url, nil, "Range", "bytes=100-2000000", "If-Range", r.header.Get("ETag")).mustBe(t, 206)
	if !bytes.Equal(part.body, r.body[100:2000001]) {
		t.Error("a middle of the archive is another")
	}
}

// faspex-AB8: an empty file is uploaded and downloaded like any other: alone, and in an archive (TestDownloadAsArchive);
// node-138 has the uploads of each version.
func TestEmptyFileAlone(t *testing.T) {
	w := newWorld(t)
	w.complete(w.created(w.create(w.node.Upload(t, "/in"), []file{{"nothing", 0, modified}}))).mustBe(t, 200)
	w.has("in/nothing", nil)
	url := w.ticket(w.node.Download(t, "/in/nothing"), "nothing", false)
	r := w.do("GET", url, nil).mustBe(t, 200)
	if len(r.body) != 0 || r.header.Get("Content-Length") != "0" ||
		r.header.Get("Content-Disposition") != `attachment; filename="nothing"` {
		t.Errorf("%d bytes, %v", len(r.body), r.header)
	}
	if o, _ := w.node.Last(t).Ended(t); o.Status != "completed" {
		t.Errorf("the node recorded %+v", o)
	}
}

// sparse takes a stream into a file without its blank blocks.
type sparse struct {
	f  *os.File
	at int64
}

func (s *sparse) Write(p []byte) (int, error) {
	if len(bytes.TrimLeft(p, "\x00")) > 0 {
		if _, err := s.f.WriteAt(p, s.at); err != nil {
			return 0, err
		}
	}
	s.at += int64(len(p))
	return len(p), nil
}

// A file of more than 4 GB in an archive has the size that it has, and so has what comes after it.
func TestDownloadOfALargeArchive(t *testing.T) {
	w := newWorld(t)
	const size = 4<<30 + 5
	w.put("PKG/big", nil)
	if err := os.Truncate(filepath.Join(w.node.Dir, "PKG/big"), size); err != nil {
		t.Fatal(err)
	}
	w.put("PKG/later", []byte("behind it"))
	res, err := http.Get(w.url + w.ticket(w.node.Download(t, "/PKG"), "All of it", true))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "all.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	n, err := io.Copy(&sparse{f: out}, res.Body)
	if err != nil || n != res.ContentLength || n < size {
		t.Fatalf("%d bytes of %d: %v", n, res.ContentLength, err)
	}
	if err := out.Truncate(n); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(out, n)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]uint64{}
	for _, f := range z.File {
		sizes[f.Name] = f.UncompressedSize64
	}
	if want := map[string]uint64{"PKG/": 0, "PKG/big": size, "PKG/later": 9}; !maps.Equal(sizes, want) {
		t.Errorf("%v, want %v", sizes, want)
	}
	later, err := z.Open("PKG/later")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(later); err != nil || string(text) != "behind it" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestDownloadOfMoreFilesThanAreListedAtOnce: the archive comes without a length and can't be gone on with, and has a
// name and an end as any other.
func TestDownloadOfMoreFilesThanAreListedAtOnce(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "gateway") // Disks take minutes to remove so many files.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := newWorldAt(t, nodetest.StartIn(t, dir))
	const n = transfer.MostListed + 100
	for i := range n {
		w.put(fmt.Sprintf("PKG/%d/%d", i/1000, i), []byte{byte(i)})
	}
	r := w.do("GET", w.ticket(w.node.Download(t, "/PKG"), "All of it", true), nil).mustBe(t, 200)
	h := r.header
	if h.Get("Content-Length") != "" || h.Get("ETag") != "" ||
		h.Get("Content-Disposition") != `attachment; filename="All of it.zip"` {
		t.Errorf("%v", h)
	}
	z, err := zip.NewReader(bytes.NewReader(r.body), int64(len(r.body)))
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, f := range z.File {
		if !f.FileInfo().IsDir() {
			files++
		}
	}
	if files != n {
		t.Errorf("%d files, want %d", files, n)
	}
}

func TestDownloadRefusals(t *testing.T) {
	w := newWorld(t)
	w.put("p/f", []byte("hello"))
	foreign, err := keyring.New("a secret of somebody else's", "")
	if err != nil {
		t.Fatal(err)
	}
	spec := w.node.Download(t, "/p/f")
	other, err := ticket.Seal(foreign, ticket.Ticket{ID: "x", Expires: time.Now().Add(time.Hour), Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := spec
	elsewhere.Paths = []transferspec.Path{{Source: "/"}}
	gone := w.node.Download(t, "/p/gone")
	for name, c := range map[string]struct {
		url    string
		status int
		code   string
	}{
		"an expired ticket":     {w.ticketUntil(spec, "f", false, time.Now().Add(-time.Second)), 410, "ticket_expired"},
		"one of another secret": {Base + "/tickets/" + other, 404, "ticket_invalid"},
		"no ticket":             {Base + "/tickets/x", 404, "ticket_invalid"},
		"a path not granted":    {w.ticket(elsewhere, "f", true), 404, "no_such_package"},
		"what is gone":          {w.ticket(gone, "f", false), 404, "no_such_package"},
		"for an upload":         {w.ticket(w.node.Upload(t, "/p"), "f", false), 400, "bad_request"},
	} {
		if r := w.do("GET", c.url, nil); r.status != c.status || r.code() != c.code {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	// A ticket that gave nothing was not used.
	url := w.ticket(gone, "f", false)
	w.do("GET", url, nil).mustBe(t, 404)
	w.put("p/gone", []byte("back"))
	if r := w.do("GET", url, nil).mustBe(t, 200); string(r.body) != "back" {
		t.Errorf("%s", r.body)
	}
}

func TestHTTPDownloadIsPrevented(t *testing.T) {
	w := newWorld(t)
	w.put("p/f", []byte("hello"))
	spec := w.node.Download(t, "/p/f")
	sealed := json.RawMessage(`{"aspera":{"faspex":{"prevent_http_download":true}}}`)
	spec.Token = w.node.Seal(t, token.Grant{Direction: token.Receive, Paths: []token.Path{{Source: "/p/f"}},
		Tags: sealed})
	if r := w.do("GET", w.ticket(spec, "f", false), nil); r.status != 403 || r.code() != "token_refused" {
		t.Errorf("the node lets it pass: %d %s", r.status, r.body)
	}
	spec.Tags = sealed
	if r := w.do("GET", w.ticket(spec, "f", false), nil); r.status != 403 || r.code() != "http_prevented" {
		t.Errorf("the gateway lets it pass: %d %s", r.status, r.body)
	}
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"a.txt": "a.txt", "ä 日本.txt": "ä 日本.txt", "עברית.txt": "עברית.txt", "a/b\\c": "a_b_c", "x\u202etxt.exe": "xtxt.exe",
		"a\nb": "a_b", "con": "_con", "COM1.tar.gz": "_COM1.tar.gz", "com¹": "_com¹", "com10": "com10", "console": "console",
		"a. .": "a", "...": "_", "": "_", " a": "a", ".bashrc": ".bashrc", `a<>:"|?*b`: "a_______b", "a\xffb": "a_b",
		"nul .txt":                        "_nul .txt",
		strings.Repeat("ä", 200) + ".pdf": strings.Repeat("ä", 98) + ".pdf",
	} {
		if got := SafeName(name); got != want {
			t.Errorf("%q: %q instead of %q", name, got, want)
		}
	}
}
