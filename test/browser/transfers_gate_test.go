package browser_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/faspextest"
)

// gate speaks the gateway's contract for uploads of the page and puts what arrives into the node's storage. Unlike the gateway it can
// be told to stop, to fail, and how much it took.
type gate struct {
	node *faspextest.Node
	t    *testing.T

	mu       sync.Mutex
	changed  *sync.Cond
	sessions map[string]*gateSession
	held     map[string]gateFile // unfinished and finished files, by their place at the node
	// limit bounds the bytes that are taken in all; negative is no bound.
	limit, taken int64
	atOnce       int
	refuse       func(r *http.Request) (status int, code string)
}

type gateFile struct {
	Path        string
	Size, Mtime int64
	offset      int64
}

type gateSession struct {
	root    string
	files   []gateFile
	folders []string
}

func newGate(node *faspextest.Node) *gate {
	g := &gate{node: node, sessions: map[string]*gateSession{}, held: map[string]gateFile{}, limit: -1}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// reset has the gate take everything again when a journey ends.
func (g *gate) reset(t *testing.T) {
	t.Helper()
	g.mu.Lock()
	g.taken = 0
	g.mu.Unlock()
	t.Cleanup(func() { g.allow(-1); g.fail(nil) })
}

// allow has the gate take so many bytes in all, and then none until it is allowed more.
func (g *gate) allow(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = bytes
	g.changed.Broadcast()
}

// fail has the gate refuse the requests for which refuse gives a status.
func (g *gate) fail(refuse func(r *http.Request) (status int, code string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse = refuse
}

// bytes tells how many bytes were taken since the journey began, those that were sent twice counted twice.
func (g *gate) bytes() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.taken
}

// await waits until the gate has taken so many bytes.
func (g *gate) await(b *tab, bytes int64) {
	b.t.Helper()
	b.eventually(fmt.Sprintf("%d bytes at the gateway", bytes), func() bool { return g.bytes() >= bytes })
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	refuse := g.refuse
	g.mu.Unlock()
	if refuse != nil {
		if status, code := refuse(r); status != 0 {
			gateProblem(w, status, code)
			return
		}
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/aspera/http-gwy/"), "/")
	if len(parts) == 1 && r.Method == http.MethodPost {
		g.open(w, r)
		return
	}
	g.mu.Lock()
	s := g.sessions[parts[1]]
	g.mu.Unlock()
	switch {
	case s == nil:
		gateProblem(w, http.StatusNotFound, "session_unknown")
	case r.Method == http.MethodDelete:
		g.mu.Lock()
		delete(g.sessions, parts[1])
		g.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case len(parts) == 4:
		n, _ := strconv.Atoi(parts[3])
		g.file(w, r, s, &s.files[n])
	case parts[2] == "complete":
		g.complete(w, s)
	}
}

func (g *gate) open(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Spec    transferspec.Spec `json:"transfer_spec"`
		Files   []gateFile        `json:"files"`
		Folders []string          `json:"folders"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		gateProblem(w, http.StatusBadRequest, "bad_request")
		return
	}
	s := &gateSession{root: filepath.Join(g.node.Dir, body.Spec.DestinationRoot), files: body.Files, folders: body.Folders}
	id := rand.Text()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions[id] = s
	told := []map[string]any{}
	for i := range s.files {
		f := &s.files[i]
		full := filepath.Join(s.root, f.Path)
		if held, ok := g.held[full]; ok && held.Size == f.Size && held.Mtime == f.Mtime {
			f.offset = held.offset
		} else {
			os.Remove(full + ".part")
		}
		told = append(told, map[string]any{"path": f.Path, "size": f.Size, "offset": f.offset, "url": fmt.Sprintf("/aspera/http-gwy/sessions/%s/files/%d", id, i)})
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "files": told})
}

func (g *gate) file(w http.ResponseWriter, r *http.Request, s *gateSession, f *gateFile) {
	full := filepath.Join(s.root, f.Path)
	g.mu.Lock()
	offset := f.offset
	g.mu.Unlock()
	w.Header().Set("Upload-Offset", strconv.FormatInt(offset, 10))
	if r.Method == http.MethodHead {
		w.Header().Set("Upload-Length", strconv.FormatInt(f.Size, 10))
		w.Header().Set("Cache-Control", "no-store")
		return
	}
	if r.Header.Get("Upload-Offset") != strconv.FormatInt(offset, 10) {
		gateProblem(w, http.StatusConflict, "offset_mismatch")
		return
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		gateProblem(w, http.StatusInternalServerError, "")
		return
	}
	part, err := os.OpenFile(full+".part", os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		gateProblem(w, http.StatusInternalServerError, "")
		return
	}
	defer part.Close()
	buffer := make([]byte, 64<<10)
	for {
		room := g.room(r, len(buffer))
		if room == 0 {
			return
		}
		n, err := r.Body.Read(buffer[:room])
		if n > 0 {
			if _, err := part.WriteAt(buffer[:n], offset); err != nil {
				gateProblem(w, http.StatusInternalServerError, "")
				return
			}
			offset += int64(n)
			g.mu.Lock()
			g.taken += int64(n)
			f.offset = offset
			g.held[full] = *f
			g.changed.Broadcast()
			g.mu.Unlock()
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return
		}
	}
	w.Header().Set("Upload-Offset", strconv.FormatInt(offset, 10))
	w.WriteHeader(http.StatusNoContent)
}

// room waits until bytes may be taken, and gives how many; 0 when the client has gone.
func (g *gate) room(r *http.Request, most int) int {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-r.Context().Done():
			g.mu.Lock()
			defer g.mu.Unlock()
			g.changed.Broadcast()
		case <-stop:
		}
	}()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.limit >= 0 && g.taken >= g.limit {
		if r.Context().Err() != nil {
			return 0
		}
		g.changed.Wait()
	}
	if g.limit >= 0 {
		return int(min(int64(most), g.limit-g.taken))
	}
	return most
}

func (g *gate) complete(w http.ResponseWriter, s *gateSession) {
	for _, folder := range s.folders {
		if err := os.MkdirAll(filepath.Join(s.root, folder), 0o755); err != nil {
			gateProblem(w, http.StatusInternalServerError, "")
			return
		}
	}
	for _, f := range s.files {
		full := filepath.Join(s.root, f.Path)
		if f.Size == 0 {
			_ = os.MkdirAll(filepath.Dir(full), 0o755)
			_ = os.WriteFile(full, nil, 0o600)
			continue
		}
		if err := os.Rename(full+".part", full); err != nil {
			gateProblem(w, http.StatusConflict, "session_ended")
			return
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"files": len(s.files)})
}

func gateProblem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "error": map[string]string{"code": code}})
}
