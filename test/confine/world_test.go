package confine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/test/mariadbd"
)

const (
	nodeUser, nodePassword = "node", "node-secret"
	keySecret              = "key-secret"

	// The folders that the attacker has rights in: of an upload token, of a download token, of an access key.
	incoming, mine, tenant = "/packages/mine.incoming", "/packages/mine", "/tenant"
)

// node is a transfer node whose storage is laid anew for each attack.
type node struct {
	dir       string // holds the storage, and what is outside of it
	handler   http.Handler
	transfers *transfer.Server
	store     *store.Store
	port      int
	keys      int
}

// newNode starts a node that ends with the test.
func newNode(t testing.TB) *node {
	t.Helper()
	n := &node{dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(n.dir, "storage"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := storage.Open(filepath.Join(n.dir, "storage"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s, err := store.New(mariadbd.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	n.store = s
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	keys, err := token.NewKeyring(token.Keys{Active: "k",
		ByID: map[string][]byte{"k": bytes.Repeat([]byte{7}, token.KeySize)}})
	if err != nil {
		t.Fatal(err)
	}
	links, err := udplink.Listen("127.0.0.1:0", udplink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { links.Close() })
	n.port = int(links.Addr().Port())
	log := slog.New(slog.DiscardHandler)
	n.transfers = &transfer.Server{
		Root: root, Authorizer: &token.Verifier{Keys: keys,
			AccessKeys: fileaccess.Keys{Store: s, Files: fileaccess.New(s, root)},
			Ledger:     store.Ledger{Store: s}, Now: time.Now}, Recorder: unrecorded{},
		Links: links, UDPPort: n.port, Agent: "test", Logger: log,
	}
	n.handler = nodeapi.New(nodeapi.Config{
		Store: s, Storage: root, Keys: keys, Transfers: n.transfers,
		NodeUser: func() nodeapi.Credentials { return nodeapi.Credentials{Username: nodeUser, Password: nodePassword} },
		Transfer: nodeapi.TransferSettings{
			Door:    nodeapi.Door{Host: "127.0.0.1", SSHPort: 1, UDPPort: n.port},
			User:    "xfer",
			Ciphers: []string{"aes-128-gcm"}, RatePolicy: "fair",
		},
		NodeID: "n", ClusterID: "c", Version: "test", Now: time.Now, Log: log, Metrics: prometheus.NewRegistry(),
	}).Handler()
	return n
}

// unrecorded is the recorder of a node that nobody asks about its transfers.
type unrecorded struct{}

func (unrecorded) Begin(context.Context, record.Transfer) (record.Recording, error) {
	return unrecorded{}, nil
}
func (unrecorded) Progress(record.Progress)  {}
func (unrecorded) File(record.FileResult)    {}
func (unrecorded) Finish(record.Outcome)     {}
func (unrecorded) Canceled() <-chan struct{} { return nil }
func (unrecorded) Written() <-chan struct{} {
	written := make(chan struct{})
	close(written)
	return written
}
func (unrecorded) RateChanges() <-chan record.RateChange { return nil }

// variant is what lies where the attacker must not reach. What they see may not depend on it.
type variant int

var outside = []map[string]string{
	{
		"storage/packages/theirs/secret": "salaries", "storage/packages/theirs/d/deep": "deep",
		"storage/other/secret": "tenant B", "storage/other/a": "A",
		"host/secret": "of the host",
	},
	{"storage/packages/theirs/secret/elsewhere": "x", "storage/other/e": "", "storage/packages/l": "",
		"host/d/deep": "of the host"},
}

// world is a node's storage during one attack.
type world struct {
	*node
	t   testing.TB
	key string
	// seen is all that the attacker is told.
	seen   []string
	before map[string]string
	// ids and names are of files that have an id, see begin.
	ids, names []string
}

// lay makes the world for an attack.
func (n *node) lay(t testing.TB, v variant) *world {
	t.Helper()
	for _, name := range []string{"storage", "host"} {
		clear := filepath.Join(n.dir, name)
		entries, err := os.ReadDir(clear)
		if err != nil && name != "host" {
			t.Fatal(err)
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(clear, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range []string{mine + "/d", tenant + "/d"} {
		if err := os.MkdirAll(filepath.Join(n.dir, "storage", p), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := map[string]string{"storage" + mine + "/a": "own", "storage" + mine + "/d/b": "own", "storage" + tenant +
		"/a": "own", "storage" + tenant + "/d/b": "own"}
	for _, set := range []map[string]string{files, outside[v]} {
		for p, text := range set {
			full := filepath.Join(n.dir, p)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.keys++
	w := &world{node: n, t: t, key: fmt.Sprint("key", n.keys)}
	w.must(w.call(nodeUser, nodePassword, "POST", "/access_keys",
		map[string]any{"id": w.key, "secret": keySecret, "storage": map[string]any{"type": "local", "path": tenant}}))
	w.before = w.outside()
	return w
}

func (w *world) must(status int, body string) {
	w.t.Helper()
	if status >= 300 {
		w.t.Fatalf("%d %s", status, body)
	}
}

// outside tells device, inode, type, size, times and content of all that the attacker has no rights in.
func (w *world) outside() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(w.dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, w.dir)
		for _, own := range []string{incoming, mine, tenant} {
			if name == "/storage"+own && e.IsDir() {
				return filepath.SkipDir
			} else if name == "/storage"+own {
				return nil
			}
		}
		all[name] = describe(p, name == "/storage/packages" || name == "/storage" || name == "/")
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// call asks the Node API and gives the answer without what may differ between runs.
func (w *world) call(user, password, method, path string, body any) (int, string) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req := httptest.NewRequest(method, path, bytes.NewReader(text))
	req.SetBasicAuth(user, password)
	res := httptest.NewRecorder()
	w.handler.ServeHTTP(res, req)
	return res.Code, strings.ReplaceAll(stable(res.Body.Bytes()), w.key, "KEY")
}

// stable drops times, sizes of folders and free space from a JSON text.
func stable(text []byte) string {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return string(text)
	}
	drop(v)
	out, err := json.Marshal(v)
	if err != nil {
		return string(text)
	}
	return string(out)
}

func drop(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range []string{"mtime", "modified_time", "bytes_free", "bytes_total", "percent_free"} {
			delete(v, k)
		}
		if v["type"] == "directory" || v["type"] == "folder" {
			delete(v, "size")
		}
		for _, child := range v {
			drop(child)
		}
	case []any:
		for _, child := range v {
			drop(child)
		}
	}
}

func (w *world) saw(format string, args ...any) {
	w.seen = append(w.seen, fmt.Sprintf(format, args...))
}

// unharmed checks that nothing outside was changed.
func (w *world) unharmed() {
	w.t.Helper()
	after := w.outside()
	for p, was := range w.before {
		if is := after[p]; is != was {
			w.t.Errorf("%s was %s, is now %s", p, was, is)
		}
	}
	for p, is := range after {
		if _, was := w.before[p]; !was {
			w.t.Errorf("%s is new: %s", p, is)
		}
	}
}

// gone removes the attacker's key.
func (w *world) gone() {
	w.call(nodeUser, nodePassword, "DELETE", "/access_keys/"+w.key, nil)
}
