package confine

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
)

// item is an entry that a hostile client sends. Its name is sent as it is, whatever it looks like.
type item struct {
	name string
	link string // the text of a symbolic link
	dir  bool
	text string
}

// token asks the Node API, as Faspex or the holder of the key does, for the token of a transfer.
func (w *world) token(user, password, call string, request map[string]any) string {
	w.t.Helper()
	status, body := w.call(user, password, "POST", "/files/"+
		call, map[string]any{"transfer_requests": []any{map[string]any{"transfer_request": request}}})
	var answer struct {
		Specs []struct {
			Spec transferspec.Spec `json:"transfer_spec"`
		} `json:"transfer_specs"`
	}
	if err := json.Unmarshal([]byte(body), &answer); status != 200 || err != nil || len(answer.Specs) != 1 {
		return ""
	}
	return answer.Specs[0].Spec.Token
}

func (w *world) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(w.key+":"+keySecret))
}

// session runs a transfer session as a client that keeps to no rule.
func (w *world) session(c *transfer.Client) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, server := net.Pipe()
	var served sync.WaitGroup
	served.Go(func() {
		_ = w.transfers.Serve(ctx, server, transfer.Peer{User: "xfer", Addr: "127.0.0.1", LocalAddr: "127.0.0.1"})
	})
	var mu sync.Mutex
	var ends []string
	c.OnFile = func(e transfer.FileEvent) {
		mu.Lock()
		defer mu.Unlock()
		ends = append(ends, fmt.Sprintf("%s: skipped %v, left out %v, %v", e.Path, e.Skipped, e.LeftOut, e.Err))
	}
	c.Dial = func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
		return udplink.Dial(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), cfg, udplink.Options{})
	}
	_, err := c.Run(ctx, client)
	served.Wait()
	slices.Sort(ends)
	w.saw("session %s %s %v: %v; %q", c.Hello.Direction, c.Hello.Destination, c.Hello.Sources, err, ends)
}

// upload sends items with a token. sources are the pairs that the client claims to send.
func (w *world) upload(token, destination string, o control.Options, items []item, sources ...control.Source) {
	w.t.Helper()
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		w.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if o.Symlinks == manifest.SymlinksFollow {
		o.Symlinks = manifest.SymlinksCopy // Nobody is harmed by a client that sends its own host.
	}
	c := transfer.Client{Hello: control.Hello{Direction: "send", Token: token, Destination: destination, Options: o,
		Sources: sources, Single: len(items) == 1 && !items[0].dir}}
	for i, it := range items {
		p := filepath.Join(dir, strconv.Itoa(i))
		switch {
		case it.link != "":
			err = os.Symlink(it.link, p)
		case it.dir:
			err = os.Mkdir(p, 0o755)
		default:
			err = os.WriteFile(p, []byte(it.text), 0o644)
		}
		if err == nil && it.link == "" {
			err = os.Chtimes(p, time.Unix(1e9, 0), time.Unix(1e9, 0))
		}
		if err != nil {
			w.t.Fatal(err)
		}
		c.Roots = append(c.Roots, transfer.Root{Tree: transfer.HostTree{}, Path: p, Name: it.name})
	}
	w.session(&c)
}

// download receives sources with a token, and sees what came.
func (w *world) download(token string, o control.Options, tags string, sources ...string) {
	w.t.Helper()
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		w.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	target, err := storage.Open(dir)
	if err != nil {
		w.t.Fatal(err)
	}
	defer target.Close()
	o.Overwrite = manifest.OverwriteAlways
	c := transfer.Client{Hello: control.Hello{Direction: "receive", Token: token, Options: o}, Target: target}
	if tags != "" {
		c.Hello.Tags = json.RawMessage(tags)
	}
	for _, s := range sources {
		c.Hello.Sources = append(c.Hello.Sources, control.Source{Source: s})
	}
	w.session(&c)
	w.see("received", dir)
}

// see notes all that is in a folder.
func (w *world) see(what, dir string) {
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		content, link := []byte(nil), ""
		if e.Type().IsRegular() {
			content, err = os.ReadFile(p)
		} else if e.Type()&fs.ModeSymlink != 0 {
			link, err = os.Readlink(p)
		}
		w.saw("%s %s: %v %x %s", what, strings.TrimPrefix(p, dir), e.Type(), sha256.Sum256(content), link)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// faspex asks the Node API about a path of the package on the attacker's behalf, as core does.
func (w *world) faspex(call, p string) {
	clean := path.Join(mine, path.Clean("/"+p))
	body := map[string]any{"paths": []any{map[string]any{"path": clean}}}
	if call == "browse" {
		body = map[string]any{"path": clean, "filters": map[string]any{}}
	}
	status, answer := w.call(nodeUser, nodePassword, "POST", "/files/"+call, body)
	w.saw("faspex %s %s: %d %s", call, clean, status, answer)
}

// asKey asks the Node API with the attacker's access key.
func (w *world) asKey(method, call string, body any) string {
	status, answer := w.call(w.key, keySecret, method, call, body)
	w.saw("key %s %s %v: %d %s", method, call, body, status, answer)
	return answer
}

// child makes an access key beneath the attacker's own and looks around with it.
func (w *world) child(p string) {
	id := w.key + "-child"
	status, answer := w.call(w.key, keySecret, "POST", "/access_keys",
		map[string]any{"id": id, "secret": keySecret, "storage": map[string]any{"type": "local", "path": p}})
	w.saw("child %s: %d %s", p, status, answer)
	if status >= 300 {
		return
	}
	defer w.call(w.key, keySecret, "DELETE", "/access_keys/"+id, nil)
	for _, folder := range []string{"/", "/theirs", "/secret", "/d"} {
		status, answer := w.call(id, keySecret, "POST", "/files/browse", map[string]any{"path": folder})
		w.saw("child browse %s: %d %s", folder, status, strings.ReplaceAll(answer, id, "CHILD"))
	}
}

// byID follows the ids of the key's files, links included, as far as they lead.
func (w *world) byID() {
	answer := w.asKey("GET", "/files/1/files", nil)
	var entries []struct{ ID string }
	if json.Unmarshal([]byte(answer), &entries) != nil {
		return
	}
	for _, e := range entries {
		w.asKey("GET", "/files/"+e.ID, nil)
		w.asKey("GET", "/files/"+e.ID+"/files", nil)
		tags := `{"aspera":{"node":{"access_key":"` + w.key + `","file_id":"` + e.ID + `"}}}`
		for _, source := range []string{"secret", "theirs/secret", "a"} {
			w.download(w.basic(), control.Options{}, tags, source)
		}
	}
}
