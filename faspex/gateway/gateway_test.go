package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/ssh"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/test/nodetest"
)

// world is a node, a gateway and who uses it.
type world struct {
	t     *testing.T
	node  *nodetest.Node
	url   string
	ring  *keyring.Ring
	nodes string // the file
	log   *syncBuffer

	server *Server
	web    *httptest.Server
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newWorld(t *testing.T, changes ...func(*Config)) *world {
	t.Helper()
	return newWorldAt(t, nodetest.Start(t), changes...)
}

func newWorldAt(t *testing.T, n *nodetest.Node, changes ...func(*Config)) *world {
	t.Helper()
	ring, err := keyring.New("a secret of the gateway's tests", "")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, node: n, ring: ring, nodes: filepath.Join(t.TempDir(), "nodes.yaml"), log: &syncBuffer{}}
	w.list("127.0.0.1")
	w.start(changes...)
	return w
}

// list writes the list of nodes: the node under a name.
func (w *world) list(host string) {
	w.t.Helper()
	text := fmt.Sprintf("nodes:\n- {host: %s, sshPort: %d, sshHostKeys: [%q]}\n", host, w.node.SSHPort,
		ssh.MarshalAuthorizedKey(w.node.HostKey))
	if err := os.WriteFile(w.nodes, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// start starts a gateway instead of the one before.
func (w *world) start(changes ...func(*Config)) {
	w.t.Helper()
	log, registry := slog.New(slog.NewJSONHandler(w.log, nil)), prometheus.NewRegistry()
	nodes, err := OpenNodes(w.nodes, log)
	if err != nil {
		w.t.Fatal(err)
	}
	c := Config{Nodes: nodes, Ring: w.ring, Limits: DefaultLimits(), Log: log, Registry: registry}
	for _, change := range changes {
		change(&c)
	}
	w.server = New(c)
	mux := http.NewServeMux()
	w.server.Register(mux)
	process.HandleProbes(mux, registry, map[string]process.Check{"nodes": w.server.Ready})
	w.web = httptest.NewServer(process.Requests(mux, log, registry))
	w.url = w.web.URL
	server, web := w.server, w.web
	w.t.Cleanup(func() {
		server.Close()
		web.CloseClientConnections()
		web.Close()
	})
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) code() string {
	var p body
	_ = json.Unmarshal(r.body, &p)
	return p.Code
}

func (w *world) do(method, path string, body io.Reader, header ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, b}
}

func (r reply) mustBe(t *testing.T, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("%d instead of %d: %.500s", r.status, status, r.body)
	}
	return r
}

type file struct {
	Path  string  `json:"path"`
	Size  int64   `json:"size"`
	MTime float64 `json:"mtime"`
}

const modified = 1_700_000_000.123

// create begins an upload session.
func (w *world) create(spec transferspec.Spec, files []file, folders ...string) reply {
	w.t.Helper()
	b, err := json.Marshal(map[string]any{"transfer_spec": spec, "files": files, "folders": folders})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", Base+"/sessions", bytes.NewReader(b))
}

func (w *world) created(r reply) createdUpload {
	w.t.Helper()
	r.mustBe(w.t, http.StatusCreated)
	var u createdUpload
	if err := json.Unmarshal(r.body, &u); err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) patch(url string, off int64, b []byte, header ...string) reply {
	w.t.Helper()
	return w.do("PATCH", url, bytes.NewReader(b), append([]string{"Content-Type", "application/offset+octet-stream",
		"Tus-Resumable", "1.0.0",
		"Upload-Offset", strconv.FormatInt(off, 10)}, header...)...)
}

func (w *world) complete(u createdUpload) reply {
	w.t.Helper()
	return w.do("POST", Base+"/sessions/"+u.ID+"/complete", nil)
}

func (w *world) has(name string, want []byte) {
	w.t.Helper()
	got, err := os.ReadFile(filepath.Join(w.node.Dir, name))
	if err != nil || !bytes.Equal(got, want) {
		w.t.Errorf("%s: %d bytes, not the %d that were sent (%v)", name, len(got), len(want), err)
	}
}

func (w *world) lacks(name string) {
	w.t.Helper()
	if _, err := os.Lstat(filepath.Join(w.node.Dir, name)); !os.IsNotExist(err) {
		w.t.Errorf("%s is there (%v)", name, err)
	}
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0] = byte(seed)
	rand.NewChaCha8(key).Read(b)
	return b
}
