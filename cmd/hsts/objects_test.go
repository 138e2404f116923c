package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// bucketSecret is what the storages of the tests log in with; nobody is ever told it.
const bucketSecret = "UAuFAW4SM7UahCZAqU1vZH4lgur"

// bucket is a storage in the server's bucket.
func bucket(s *s3d.Server, folder string) *client.Storage {
	return &client.Storage{
		Type: "aws_s3", Endpoint: s.Endpoint, Bucket: s.Bucket, Path: folder, Region: "us-east-1",
		Credentials: &client.StorageCredentials{AccessKeyID: "777AJPRW777BX7QTQKHQ", SecretAccessKey: bucketSecret},
	}
}

// startBucketNodes starts a server and nodes that share a database.
func startBucketNodes(t *testing.T, names ...string) (*s3d.Server, []*testNode) {
	t.Helper()
	s := s3d.Start(t)
	db := mariadbd.Start(t).Database(t)
	var nodes []*testNode
	for _, name := range names {
		n := newNode(t, name, db)
		n.cfg.ObjectStorage.CAFile = filepath.Join(t.TempDir(), "s3.crt")
		write(t, n.cfg.ObjectStorage.CAFile, string(s.CA))
		n.start(t)
		nodes = append(nodes, n)
	}
	return s, nodes
}

func makeBucketKey(t *testing.T, n *testNode, s *s3d.Server, id, folder string) *client.Client {
	t.Helper()
	k := client.AccessKey{ID: id, Secret: "s", Storage: bucket(s, folder)}
	if _, err := n.client(t, "node", nodePassword).CreateAccessKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return n.client(t, id, "s")
}

// large makes a file of size bytes that no compression makes smaller.
func large(t *testing.T, file string, size int) string {
	t.Helper()
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(content) // It never fails.
	write(t, file, string(content))
	return string(content)
}

func TestKeyInABucket(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	makeBucketKey(t, n, s, "ak", "/team/in")
	source := filepath.Join(t.TempDir(), "pack")
	want := tree(t, source)
	want["big.bin"] = large(t, filepath.Join(source, "big.bin"), 20<<20+5)
	if out, err := command(t, n.keySpec("ak", transferspec.Send, source, "/")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	objects := s.Objects(t, "")
	for name := range want {
		if !slices.Contains(objects, "team/in/pack/"+name) {
			t.Errorf("%s is not in the bucket: %q", name, objects)
		}
	}
	for _, o := range objects {
		name, ok := strings.CutPrefix(o, "team/in/pack/")
		if _, sent := want[name]; !strings.HasSuffix(o, "/") && (!ok || !sent) {
			t.Errorf("%s is in the bucket", o)
		}
	}
	dir := t.TempDir()
	spec := n.keySpec("ak", transferspec.Receive, "/pack", dir)
	if out, err := command(t, spec).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, filepath.Join(dir, "pack"))); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(n.log.String(), bucketSecret) {
		t.Error("the secret is in the log")
	}
}

// The Node API works on a bucket as on a folder.
func TestNodeAPIInABucket(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1", "n2")
	ctx := t.Context()
	key := makeBucketKey(t, nodes[0], s, "ak", "/team")
	other := nodes[1].client(t, "ak", "s")
	list := func(folder string) []string {
		t.Helper()
		names := []string{}
		l, err := other.Browse(ctx, client.BrowseRequest{Path: folder})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Items {
			names = append(names, e.Type+" "+e.Basename)
		}
		return names
	}
	is := func(folder string, want ...string) {
		t.Helper()
		if got := list(folder); !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", folder, got, want)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is("/")
	do(key.CreateDirectory(ctx, "/empty"))
	do(key.CreateDirectory(ctx, "/a/deep"))
	do(key.CreateFile(ctx, "/a/deep/file: with ü", []byte("hello")))
	do(key.CreateFile(ctx, "/a/one", []byte("1")))
	is("/", "directory a", "directory empty")
	is("/a", "directory deep", "file one")
	if err := key.CreateFile(ctx, "/a/one", []byte("2")); !client.IsConflict(err) {
		t.Errorf("a second file of the name: %v", err)
	}
	if err := key.CreateFile(ctx, "/a/one/two", []byte("2")); err == nil {
		t.Error("a file beneath a file is made")
	}
	do(key.Rename(ctx, "/a", "one", "eins"))
	do(key.Rename(ctx, "/", "a", "b"))
	is("/", "directory b", "directory empty")
	is("/b", "directory deep", "file eins")
	is("/b/deep", "file file: with ü")
	do(key.Delete(ctx, "/b/deep/file: with ü"))
	is("/b/deep")
	do(key.Delete(ctx, "/b/eins"))
	is("/b", "directory deep")
	do(key.Delete(ctx, "/b"))
	is("/", "directory empty")
	if _, err := key.Browse(ctx, client.BrowseRequest{Path: "/b"}); !client.IsNotFound(err) {
		t.Errorf("a folder that is removed: %v", err)
	}
	if err := key.Delete(ctx, "/no such"); !client.IsNotFound(err) {
		t.Errorf("what is not there is removed: %v", err)
	}
	space, err := key.Space(ctx, "/")
	if err != nil || space.BytesTotal != 0 || space.BytesFree != 0 {
		t.Errorf("node-122: the space of a bucket is %+v, %v", space, err)
	}
	for _, o := range s.Objects(t, "") {
		if !strings.HasPrefix(o, "team/") {
			t.Errorf("%s was written outside of the folder", o)
		}
	}
}

// node-104: a node that is killed at 60 % loses what it had in memory; the other node sends that, and no more.
func TestUploadGoesOnAtAnotherNode(t *testing.T) {
	t.Parallel()
	const part, parts, before = 8 << 20, 10, 6
	s, nodes := startBucketNodes(t, "n2")
	n2 := nodes[0]
	n1 := newNode(t, "n1", n2.env.Database)
	n1.cfg.ObjectStorage = n2.cfg.ObjectStorage
	kill := n1.process(t)
	makeBucketKey(t, n2, s, "ak", "/")
	file := filepath.Join(t.TempDir(), "big.bin")
	want := large(t, file, part*parts)

	var sent atomic.Int32
	killed := make(chan struct{})
	s.Before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !r.URL.Query().Has("partNumber") {
			return true
		}
		if sent.Add(1) > before {
			<-killed
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		}
		return true
	})
	first := command(t, n1.keySpec("ak", transferspec.Send, file, "/"))
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "60 % in the journal", func() (any, bool) {
		seen := gaugeOf(t, n2, "hsts_object_uploads_open_bytes")
		return seen, seen == before*part
	})
	kill()
	close(killed)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // It was killed.
	if objects := s.Objects(t, ""); len(objects) > 0 {
		t.Errorf("node-103: %q is visible before it is whole", objects)
	}
	sent.Store(0)
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("partNumber") {
			sent.Add(1)
		}
		return true
	})
	// Until the claim of the killed node has run out, another transfer of the file is refused.
	eventually(t, "an upload through the other node", func() (any, bool) {
		out, err := command(t, n2.keySpec("ak", transferspec.Send, file, "/")).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "another transfer is writing this file") {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out), err == nil
	})
	if sent.Load() != parts-before {
		t.Errorf("%d parts are sent again, of %d that were open", sent.Load(), parts-before)
	}
	dir := t.TempDir()
	if out, err := command(t, n2.keySpec("ak", transferspec.Receive, "/big.bin", dir)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if files(t, dir)["big.bin"] != want {
		t.Error("the file is not what was sent")
	}
	if open := gaugeOf(t, n2, "hsts_object_uploads_open"); open != 0 {
		t.Errorf("%v uploads are still open", open)
	}
}

// bearerCall is a call of the Node API with a bearer token for "ak".
func (n *testNode) bearerCall(t *testing.T, bearer, method, path, body string) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", bearer)
	req.Header.Set("X-Aspera-AccessKey", "ak")
	res, err := n.http(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// gaugeOf is a figure of a node, -1 if it does not tell it.
func gaugeOf(t *testing.T, n *testNode, name string) float64 {
	t.Helper()
	res, err := http.Get(n.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	return -1
}

// A storage that is away makes its own calls fail, and only these; one that refuses the credentials fails transfers with
// code 59. Nothing tells the credentials.
func TestBucketThatIsAwayOrRefuses(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	ctx, node := t.Context(), n.client(t, "node", nodePassword)
	key := makeBucketKey(t, n, s, "ak", "/")
	if err := node.CreateDirectory(ctx, "/default/folder"); err != nil {
		t.Fatal(err)
	}
	away := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return false
	}
	s.Before(away)
	_, err := key.Browse(ctx, client.BrowseRequest{Path: "/"})
	var answer *client.Error
	if !errors.As(err, &answer) || answer.Status != http.StatusServiceUnavailable ||
		!strings.Contains(answer.UserMessage, "s3://backups") {
		t.Errorf("node-124: %v", err)
	}
	if _, err := node.Browse(ctx, client.BrowseRequest{Path: "/default"}); err != nil {
		t.Errorf("node-124: a folder of the host: %v", err)
	}
	if text, ready := n.readiness(t); !ready || !strings.Contains(text, "s3://backups") {
		t.Errorf("node-124: readiness is %v: %s", ready, text)
	}
	s.Before(s3d.Refuse)
	file := filepath.Join(t.TempDir(), "f")
	large(t, file, 9<<20)
	out, err := command(t, n.keySpec("ak", transferspec.Send, file, "/")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "storage.credentials") {
		t.Errorf("an upload with refused credentials: %v: %s", err, out)
	}
	if !strings.Contains(string(out), "error 59: ") {
		t.Errorf("an upload with refused credentials fails without code 59: %s", out)
	}
	k := client.AccessKey{ID: "other", Secret: "s", Storage: bucket(s, "/")}
	if _, err := node.CreateAccessKey(ctx, k); err == nil ||
		!strings.Contains(err.Error(), "storage.credentials") {
		t.Errorf("a key whose credentials are refused: %v", err)
	}
	s.Before(nil)
	k.Storage.Bucket = "no-such-bucket"
	if _, err := node.CreateAccessKey(ctx, k); err == nil || !strings.Contains(err.Error(), "storage.bucket") {
		t.Errorf("a key of a bucket that is not there: %v", err)
	}
	if _, err := key.Browse(ctx, client.BrowseRequest{Path: "/"}); err != nil {
		t.Error(err)
	}
	if text, _ := n.readiness(t); strings.Contains(text, "s3://") {
		t.Errorf("readiness still says %s", text)
	}
	keys, err := node.AccessKeys(ctx)
	if err != nil || len(keys) != 1 || keys[0].Storage.Bucket != s.Bucket || keys[0].Storage.Credentials != nil {
		t.Errorf("the list of keys is %+v, %v", keys, err)
	}
	for what, text := range map[string]string{"log": n.log.String(), "output": string(out)} {
		if strings.Contains(text, bucketSecret) || strings.Contains(text, "777AJPRW777BX7QTQKHQ") {
			t.Errorf("the credentials are in the %s", what)
		}
	}
}

// Ids and permissions are those of the objects: bearer tokens do on a bucket what they do on a folder.
func TestBearerTokensInABucket(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	_, public := keyOwner()
	k := client.AccessKey{ID: "ak", Secret: "s", TokenVerificationKey: public, Storage: bucket(s, "/team")}
	if _, err := n.client(t, "node", nodePassword).CreateAccessKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID, Name, Type string }
	for _, folder := range []string{"open", "closed"} {
		n.call(t, "ak", "s", "POST", "/files/1/files", `{"name":"`+folder+`","type":"folder"}`, &made)
	}
	ids := n.idsOf(t, "1")
	if made.ID != ids["closed"] || made.Type != "folder" || ids["open"] == "" {
		t.Fatalf("made %+v, listed %v", made, ids)
	}
	n.permit(t, "luke", ids["open"], "list", "read", "write", "mkdir", "rename")
	luke := bearerToken(t, "luke")
	file := filepath.Join(t.TempDir(), "big.bin")
	want := large(t, file, 9<<20)
	spec := func(direction transferspec.Direction, source, destination string) transferspec.Spec {
		spec := n.keySpec("ak", direction, source, destination)
		spec.Token = luke
		return spec
	}
	if out, err := command(t, spec(transferspec.Send, file, "/open")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	refusedWith(t, "an upload beside", spec(transferspec.Send, file, "/closed"), "error 37")
	dir := t.TempDir()
	if out, err := command(t, spec(transferspec.Receive, "/open/big.bin", dir)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if files(t, dir)["big.bin"] != want {
		t.Error("the file is not what was sent")
	}
	before := n.idsOf(t, ids["open"])["big.bin"]
	for what, call := range map[string]struct {
		method, path, body string
		code               int
	}{
		"look":    {"GET", "/files/" + before, "", http.StatusOK},
		"list":    {"GET", "/files/" + ids["open"] + "/files", "", http.StatusOK},
		"beside":  {"GET", "/files/" + ids["closed"] + "/files", "", http.StatusForbidden},
		"remove":  {"DELETE", "/files/" + before, "", http.StatusForbidden},
		"content": {"GET", "/files/" + before + "/content", "", http.StatusOK},
	} {
		if code := n.bearerCall(t, luke, call.method, call.path, call.body); code != call.code {
			t.Errorf("%s: %d, want %d", what, code, call.code)
		}
	}
	n.call(t, "ak", "s", "PUT", "/files/"+ids["open"], `{"name":"moved"}`, nil)
	if got := n.idsOf(t, "1"); got["moved"] != ids["open"] {
		t.Errorf("after the rename of a folder: %v, it had %s", got, ids["open"])
	}
	if got := n.idsOf(t, ids["open"])["big.bin"]; got != before {
		t.Errorf("after the rename of its folder a file has id %s, it had %s", got, before)
	}
	write(t, file, "another")
	refusedWith(t, "a replacement", spec(transferspec.Send, file, "/moved"), "no permission to replace it")
	if out, err := command(t, n.keySpec("ak", transferspec.Send, file, "/moved")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := n.idsOf(t, ids["open"])["big.bin"]; got == before || got == "" {
		t.Errorf("another file has id %q, the one before had %s", got, before)
	}
}

// node-110: what becomes of a file that is there is the same in a bucket as in a folder.
func TestOverwriteInABucket(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	makeBucketKey(t, n, s, "ak", "/")
	makeKey(t, n.client(t, "node", nodePassword), "local", "/default/k", `{}`)
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	day := time.Date(2020, 1, 1, 0, 0, 0, 123456789, time.UTC)
	for i, step := range []struct {
		content, overwrite string
		modified           time.Time
		want               string
	}{
		{"one", "never", day, "one"},
		{"two", "never", day.Add(time.Hour), "one"},
		{"old", "older", day.Add(-time.Hour), "one"},
		{"new", "older", day.Add(time.Hour), "new"},
		{"new", "diff", day.Add(time.Hour), "new"},
		{"dif", "diff", day.Add(time.Hour), "dif"},
		{"longer", "diff", day, "longer"},
		{"all", "always", day, "all"},
	} {
		write(t, file, step.content)
		if err := os.Chtimes(file, step.modified, step.modified); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"ak", "local"} {
			out, err := command(t, n.keySpec(key, transferspec.Send, file, "/"), "-p", "--overwrite="+step.overwrite).
				CombinedOutput()
			if err != nil {
				t.Fatalf("%d, %s: %v: %s", i, key, err, out)
			}
			back := t.TempDir()
			out, err = command(t, n.keySpec(key, transferspec.Receive, "/f", back), "-p").CombinedOutput()
			if err != nil {
				t.Fatalf("%d, %s: %v: %s", i, key, err, out)
			}
			if got := files(t, back)["f"]; got != step.want {
				t.Errorf("%d, %s: the file holds %q, want %q", i, key, got, step.want)
			}
			info, err := os.Stat(filepath.Join(back, "f"))
			if err != nil {
				t.Fatal(err)
			}
			if step.content == step.want && !info.ModTime().Equal(step.modified) {
				t.Errorf("%d, %s: the file is of %v, want %v", i, key, info.ModTime(), step.modified)
			}
		}
	}
}

// node-106: a server that answers 503 and closes connections slows a transfer, and fails none
// (TestServerIsAwayForAMinute for longer, TestBucketThatIsAwayOrRefuses for one that refuses the credentials).
func TestUploadThroughABusyServer(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	makeBucketKey(t, n, s, "ak", "/")
	file := filepath.Join(t.TempDir(), "big.bin")
	want := large(t, file, 20<<20)
	var asked atomic.Int32
	busy := func(w http.ResponseWriter, r *http.Request) bool {
		switch asked.Add(1) % 4 {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		case 2:
			panic(http.ErrAbortHandler)
		}
		return true
	}
	s.Before(busy)
	if out, err := command(t, n.keySpec("ak", transferspec.Send, file, "/")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	dir := t.TempDir()
	if out, err := command(t, n.keySpec("ak", transferspec.Receive, "/big.bin", dir)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if files(t, dir)["big.bin"] != want {
		t.Error("the file is not what was sent")
	}
}

// node-107: a server that is slow slows the sender. The memory of the node stays within its limit, and no datagram is
// dropped.
func TestSlowBucketSlowsTheSender(t *testing.T) {
	t.Parallel()
	const limitMiB, size = 16, 96 << 20
	s := s3d.Start(t)
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.cfg.ObjectStorage.CAFile = filepath.Join(t.TempDir(), "s3.crt")
	n.cfg.ObjectStorage.UploadMemoryMiB = limitMiB
	write(t, n.cfg.ObjectStorage.CAFile, string(s.CA))
	n.start(t)
	makeBucketKey(t, n, s, "ak", "/")
	file := filepath.Join(t.TempDir(), "big.bin")
	large(t, file, size)
	held := make(chan struct{})
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Query().Has("partNumber") {
			<-held
		}
		return true
	})
	// What comes faster than a busy machine takes it from its sockets is lost whatever the storage does.
	upload := command(t, n.keySpec("ak", transferspec.Send, file, "/"), "-l", "100m")
	if err := upload.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "memory that is used up", func() (any, bool) {
		used := gaugeOf(t, n, "hsts_object_memory_bytes")
		return used, used == limitMiB<<20
	})
	node := n.client(t, "node", nodePassword)
	var last int64
	since := time.Now()
	eventually(t, "a sender that stands still", func() (any, bool) {
		transfers, _, err := node.Transfers(t.Context(), client.TransferQuery{ActiveOnly: true})
		if err != nil || len(transfers) != 1 {
			t.Fatalf("the transfers are %+v, %v", transfers, err)
		}
		if now := transfers[0].BytesTransferred; now != last {
			last, since = now, time.Now()
		}
		return last, last > 0 && time.Since(since) > 3*time.Second
	})
	if last > size/2 {
		t.Errorf("%d bytes were sent, and nothing of them has arrived", last)
	}
	close(held)
	if err := upload.Wait(); err != nil {
		t.Fatal(err)
	}
	if drops := gaugeOf(t, n, "hsts_udp_receive_drops_total"); drops != 0 {
		t.Errorf("%v datagrams were dropped", drops)
	}
	if used := gaugeOf(t, n, "hsts_object_memory_bytes"); used != 0 {
		t.Errorf("%v bytes are still held", used)
	}
}

// node-112: a key made through the API has other credentials while its transfer runs, and the transfer goes on with them
// (TestKeyOfABucket for those of a Secret, TestCredentials for how they are kept).
func TestCredentialsChangeDuringATransfer(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1")
	n := nodes[0]
	makeBucketKey(t, n, s, "ak", "/")
	file := filepath.Join(t.TempDir(), "big.bin")
	large(t, file, 64<<20)
	var part, later atomic.Int32
	arrived, changed := make(chan struct{}), make(chan struct{})
	s.Before(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !r.URL.Query().Has("partNumber") {
			return true
		}
		if part.Add(1) == 1 {
			close(arrived)
		}
		<-changed
		if strings.Contains(r.Header.Get("Authorization"), "Credential=renewed/") {
			later.Add(1)
		}
		return true
	})
	upload := command(t, n.keySpec("ak", transferspec.Send, file, "/"), "-l", "100m")
	if err := upload.Start(); err != nil {
		t.Fatal(err)
	}
	<-arrived
	storage := bucket(s, "/")
	storage.Credentials.AccessKeyID = "renewed"
	err := n.client(t, "node", nodePassword).UpdateAccessKey(t.Context(), "ak", client.AccessKeyUpdate{Storage: storage})
	close(changed)
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Wait(); err != nil {
		t.Fatal(err)
	}
	if later.Load() == 0 {
		t.Error("all parts were sent with the former credentials")
	}
	if strings.Contains(n.log.String(), bucketSecret) {
		t.Error("the secret is in the log")
	}
}

// manySmall makes files of 10 KB each in a folder.
func manySmall(t *testing.T, n int) (folder string) {
	t.Helper()
	folder = t.TempDir()
	content := make([]byte, 10_000)
	for i := range n {
		_, _ = rand.NewChaCha8([32]byte{byte(i), byte(i >> 8)}).Read(content) // It never fails.
		dir := filepath.Join(folder, strconv.Itoa(i/1000))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// A small file is written by one PUT, and little else is asked of the server.
func TestSmallFilesAreOnePutEach(t *testing.T) {
	t.Parallel()
	const n = 300
	s, nodes := startBucketNodes(t, "n1")
	makeBucketKey(t, nodes[0], s, "ak", "/")
	folder := manySmall(t, n)
	var puts, others atomic.Int32
	s.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method != http.MethodPut:
			others.Add(1)
		case !strings.HasSuffix(r.URL.Path, "/"): // Those are folders.
			puts.Add(1)
		}
		return true
	})
	if out, err := command(t, nodes[0].keySpec("ak", transferspec.Send, folder, "/")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if puts.Load() != n {
		t.Errorf("%d files took %d PUTs", n, puts.Load())
	}
	if others.Load() > n/10 {
		t.Errorf("%d files took %d other requests", n, others.Load())
	}
}
