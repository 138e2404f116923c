package confine

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transfer/control"
)

// varying is what two answers of the same sense may differ in.
var varying = regexp.MustCompile(`ATM3_[\w-]+|"(?:id|file_id|root_file_id)":"\d+"|[0-9a-f]{8}-[0-9a-f-]{27}|` +
	`"(?:current_time|start_time|end_time|time)":"[^"]*"|"secret":"[A-Z2-7]+"|"id":"[A-Z2-7]{26}"|"fasp_port":\d+`)

// ask makes a call as a user and notes the answer.
func (w *world) ask(user, password string, r request, h string) {
	w.t.Helper()
	var body []byte
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.ReplaceAll(text, []byte(placeholder), []byte(quoted(h)))
	}
	target, query, _ := strings.Cut(r.path, "?")
	decoded, err := url.PathUnescape(target)
	if err != nil {
		decoded = target
	}
	req := httptest.NewRequest(r.method, "/", bytes.NewReader(body))
	req.URL = &url.URL{Path: decoded, RawPath: target, RawQuery: query}
	req.SetBasicAuth(user, password)
	res := httptest.NewRecorder()
	w.handler.ServeHTTP(res, req)
	answer := strings.ReplaceAll(stable(res.Body.Bytes()), w.key, "KEY")
	w.saw("%s %s: %d %s", r.method, r.path, res.Code, varying.ReplaceAllString(answer, "VARYING"))
}

// furnish lays what the tenant has, links that lead out included, and keeps nothing else.
func (w *world) furnish() {
	w.t.Helper()
	folder := filepath.Join(w.dir, "storage", tenant)
	entries, err := os.ReadDir(folder)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "d" && e.Name() != "a" {
			os.RemoveAll(filepath.Join(folder, e.Name()))
		}
	}
	for p, text := range map[string]string{"a": "own", "d/b": "own"} {
		full := filepath.Join(folder, p)
		if was, err := os.ReadFile(full); err == nil && string(was) == text {
			continue
		}
		os.RemoveAll(full)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	for p, text := range map[string]string{
		"lout": "../other", "lfile": "../other/secret", "labs": filepath.Join(w.dir, "storage/other"),
		"lhost": filepath.Join(w.dir, "host"), "lloop": "lloop", "lself": ".", "ldot": "d/..", "d/lup": "../..",
	} {
		if err := os.Symlink(text, filepath.Join(folder, p)); err != nil && !os.IsExist(err) {
			w.t.Fatal(err)
		}
	}
}

// moves moves hostile paths in both directions, with the credentials of the key and with tokens of setups.
func (w *world) moves(h string) {
	options := control.Options{CreateDir: true, Overwrite: "always", Symlinks: "follow"}
	up := w.token(w.key, keySecret, "upload_setup", map[string]any{"destination_root": h})
	w.upload(up, h, options, []item{{name: "x", text: "E"}})
	w.upload(w.basic(), h, options, []item{{name: "x", text: "E"}})
	w.upload(w.basic(), "/", options, []item{{name: h, text: "E"}})
	if h != "" && len(h) < 4096 && !strings.Contains(h, "\x00") { // Else it is no text of a link.
		w.upload(w.basic(), "/d", options, []item{{name: "link", link: h}, {name: "link/x", text: "E"}})
	}
	down := w.token(w.key, keySecret, "download_setup", map[string]any{"paths": []any{map[string]any{"source": h}}})
	w.download(down, options, "", h)
	w.download(w.basic(), options, "", h)
	w.download(w.basic(), options, `{"aspera":{"node":{"access_key":"`+w.key+`","file_id":"`+w.ids[0]+`"}}}`, h)
}

// outsideTexts are what only lies outside, and the sums by which received files are noted.
func outsideTexts() (all []string) {
	for _, set := range outside {
		for _, text := range set {
			if len(text) > 3 {
				all = append(all, text, fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
			}
		}
	}
	return all
}

// begin lays a world for many attacks, with a user whose docroot is the tenant's folder beside the tenant's key. The ids
// of the key's files are the same in both worlds, those that follow are of files outside.
func (n *node) begin(t *testing.T, v variant) *world {
	t.Helper()
	w := n.lay(t, v)
	w.furnish()
	u := store.NodeUser{Name: "docroot", TransferUser: "t", Docroot: tenant}
	if err := n.store.CreateNodeUser(t.Context(), u, keySecret); err != nil {
		t.Fatal(err)
	}
	var last int
	for _, folder := range []string{"1", ""} {
		if folder == "" {
			folder = w.ids[slices.Index(w.names, "d")]
		}
		_, body := w.call(w.key, keySecret, "GET", "/files/"+folder+"/files", nil)
		var entries []struct{ ID, Name string }
		if err := json.Unmarshal([]byte(body), &entries); err != nil || len(entries) == 0 {
			t.Fatalf("%s: %v", body, err)
		}
		for _, e := range entries {
			w.ids, w.names = append(w.ids, e.ID), append(w.names, e.Name)
			id, err := strconv.Atoi(e.ID)
			if err != nil {
				t.Fatal(err)
			}
			last = max(last, id)
		}
	}
	w.must(w.call(nodeUser, nodePassword, "POST", "/access_keys", map[string]any{"id": "all", "secret": keySecret,
		"storage": map[string]any{"type": "local", "path": "/"}}))
	for id := 1; id <= last+4; id++ { // Of all folders that have an id, and so of all that are outside.
		w.call("all", keySecret, "GET", fmt.Sprintf("/files/%d/files", id), nil)
	}
	for id := last + 1; id < last+5; id++ {
		w.ids, w.names = append(w.ids, strconv.Itoa(id)), append(w.names, "outside")
	}
	w.before = w.outside()
	return w
}

// node-66: at every call of the interface, as it lists itself, and in transfers of both directions, nothing outside of
// the caller's folder is read, written, listed, or told from what is not there.
func TestHostilePathsAtEveryEndpoint(t *testing.T) {
	nodes := [2]*node{newNode(t), newNode(t)}
	var worlds [2]*world
	for v, n := range nodes {
		worlds[v] = n.begin(t, variant(v))
	}
	calls := append(published(t, nodes[0]), "transfers")
	for _, call := range calls {
		if _, ok := recipes(worlds[0], "x")[call]; !ok {
			t.Errorf("%s has no recipe for hostile paths: give it one, or say there that it takes none", call)
		}
	}
	if got := len(recipes(worlds[0], "x")); got != len(calls) {
		t.Errorf("there are %d recipes for %d calls: one is of a call that is gone", got, len(calls))
	}
	users := map[string]string{"": keySecret, "docroot": keySecret} // "" is the tenant's key.
	for _, call := range calls {
		t.Run(call, func(t *testing.T) {
			for _, h := range hostile {
				for user := range users {
					if call == "transfers" && user != "" {
						continue
					}
					same(t, worlds, func(w *world) {
						w.furnish()
						if call == "transfers" {
							w.moves(h)
							return
						}
						for _, r := range recipes(w, h)[call] {
							if user == "" {
								w.ask(w.key, keySecret, r, h)
							} else {
								w.ask(user, keySecret, r, h)
							}
						}
					}, fmt.Sprintf("%q by %q", h[:min(len(h), 60)], user))
				}
			}
			for _, w := range worlds {
				w.t = t
				w.unharmed()
			}
		})
	}
}

// published are the calls that a node says to have.
func published(t *testing.T, n *node) (calls []string) {
	t.Helper()
	res := httptest.NewRecorder()
	n.handler.ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(res.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, operations := range doc.Paths {
		for method, text := range operations {
			if method != "x-additional-operations" {
				calls = append(calls, strings.ToUpper(method)+" "+path)
				continue
			}
			var others map[string]json.RawMessage
			if err := json.Unmarshal(text, &others); err != nil {
				t.Fatal(err)
			}
			for other := range others {
				calls = append(calls, other+" "+path)
			}
		}
	}
	slices.Sort(calls)
	if len(calls) < 30 {
		t.Fatalf("calls: %q", calls)
	}
	return calls
}

// same plays a step in both worlds, which has to look the same in them and to show nothing of outside.
func same(t *testing.T, worlds [2]*world, step func(*world), what string) {
	t.Helper()
	const tries = 4 // The order in which the parts of a session end is not always the same.
	var seen [2][]string
	for range tries {
		for v, w := range worlds {
			w.t, w.seen = t, nil
			step(w)
			said := strings.Join(w.seen, "\n")
			for _, secret := range outsideTexts() {
				if strings.Contains(said, secret) {
					t.Errorf("%s shows %q: %s", what, secret, said)
				}
			}
			seen[v] = append(seen[v], said)
		}
		if slices.ContainsFunc(seen[0], func(s string) bool { return slices.Contains(seen[1], s) }) {
			return
		}
	}
	t.Errorf("%s tells what is outside:\n%s\n\n%s", what, seen[0][0], seen[1][0])
}

// node-66 of swaps: a folder that becomes a link to outside, and a folder again, while calls and transfers go through it.
func TestFolderThatIsSwappedWhileItIsUsed(t *testing.T) {
	n := newNode(t)
	w := n.begin(t, 0)
	folder := filepath.Join(w.dir, "storage", tenant)
	if err := os.Mkdir(filepath.Join(folder, "swap"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"secret": "own", "a": "own"} {
		if err := os.WriteFile(filepath.Join(folder, "swap", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../other", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan int)
	go func() {
		swaps := 0
		for ; ; swaps++ {
			select {
			case <-stop:
				ended <- swaps
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, filepath.Join(folder, "swap"), unix.AT_FDCWD, filepath.Join(folder, "link"),
				unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
			}
			time.Sleep(50 * time.Microsecond)
		}
	}()
	options := control.Options{CreateDir: true, Overwrite: "always", Symlinks: "follow"}
	for range 15 {
		all := recipes(w, "swap/secret")
		for _, call := range []string{"POST /files/browse", "POST /files/info", "POST /files/search", "POST /files/du",
			"POST /space", "GET /files/{path}/contents", "POST /files/create", "POST /access_keys"} {
			for _, r := range all[call] {
				w.ask(w.key, keySecret, r, "swap/secret")
			}
		}
		w.ask(w.key, keySecret, request{"POST", "/files/browse", map[string]any{"path": "/swap"}}, "")
		w.ask(w.key, keySecret, request{"POST", "/files/create", pathsOf(map[string]any{"path": fmt.Sprint("/swap/n", len(w.seen)),
			"type": "file", "contents": "eA=="})}, "")
		w.ask(w.key, keySecret, request{"POST", "/files/delete", pathsOf(map[string]any{"path": "/swap/e"})}, "")
		w.upload(w.basic(), "/swap", options, []item{{name: "x", text: "E"}})
		w.download(w.basic(), options, "", "swap")
	}
	close(stop)
	if swaps := <-ended; swaps < 100 {
		t.Errorf("there were only %d swaps", swaps)
	}
	said := strings.Join(w.seen, "\n")
	for _, secret := range outsideTexts() {
		if strings.Contains(said, secret) {
			t.Errorf("%q of outside was shown", secret)
		}
	}
	w.unharmed()
}
