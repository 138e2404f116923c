package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// buildASCP compiles the client once for all tests.
var buildASCP = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ascp")
	if err != nil {
		return "", err
	}
	ascp := filepath.Join(dir, "ascp")
	out, err := exec.Command("go", "build", "-o", ascp, "faspex.io/operator/cmd/ascp").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return ascp, err
})

// command is ascp with a transfer spec.
func command(t *testing.T, spec transferspec.Spec, args ...string) *exec.Cmd {
	t.Helper()
	ascp, err := buildASCP()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "spec.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ascp, append([]string{"--transfer-spec", file}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	return cmd
}

// tree is some files of a package, with names and sizes that tend to break things.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	random := rand.New(rand.NewChaCha8([32]byte{1}))
	files := map[string]string{"empty": "", "with space & ü": "hello", "sub/deeper/x": "y"}
	large := make([]byte, 3<<20+17)
	for i := range large {
		large[i] = byte(random.Uint32())
	}
	files["large.bin"] = string(large)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// files reads the files of a tree back; links are left out.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Type()&os.ModeSymlink != 0 {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// patience bounds waits for what must happen soon, so that a test fails with a reason instead of hanging.
const patience = time.Minute

// eventually repeats fn until it reports success, and shows what it last saw if it never does.
func eventually(t *testing.T, what string, fn func() (seen any, done bool)) {
	t.Helper()
	var seen any
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var done bool
		if seen, done = fn(); done {
			return
		}
	}
	t.Fatalf("%s did not happen, last seen: %+v", what, seen)
}

func awaitStatus(t *testing.T, c *client.Client, id string, want string) (got client.Transfer) {
	t.Helper()
	eventually(t, "status "+want, func() (any, bool) {
		var err error
		if got, err = c.Transfer(t.Context(), id); err != nil {
			return err, false
		}
		return got, got.Status == want
	})
	return got
}

// idOf is the transfer's id, which a setup puts into the tags.
func idOf(t *testing.T, spec transferspec.Spec) string {
	t.Helper()
	var tags struct {
		Aspera struct {
			XferID string `json:"xfer_id"`
		} `json:"aspera"`
	}
	if err := json.Unmarshal(spec.Tags, &tags); err != nil || tags.Aspera.XferID == "" {
		t.Fatalf("tags %s: %v", spec.Tags, err)
	}
	return tags.Aspera.XferID
}

func TestPackageIsSentAndReceived(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	source := t.TempDir()
	want := tree(t, source)
	var paths []transferspec.Path
	for _, name := range []string{"empty", "with space & ü", "sub", "large.bin"} {
		paths = append(paths, transferspec.Path{Source: filepath.Join(source, name)})
	}
	up, err := c.UploadSetup(ctx, client.TransferRequest{
		DestinationRoot: "/default/p1", Paths: paths, Cookie: "faspex:p1",
		Tags: []byte(`{"aspera":{"faspex":{"package_id":"p1"}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	up.FileChecksum = "sha-256"
	if out, err := command(t, up).CombinedOutput(); err != nil {
		t.Fatalf("upload: %v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, filepath.Join(n.cfg.StorageRoot, "default/p1"))); diff != "" {
		t.Errorf("on the node: %.500s", diff)
	}
	got := awaitStatus(t, c, idOf(t, up), client.StatusCompleted)
	if got.StartSpec.Cookie != "faspex:p1" || !strings.Contains(string(got.StartSpec.Tags), `"package_id":"p1"`) ||
		got.StartSpec.Direction != "send" ||
		got.FilesCompleted != 4 || got.BytesWritten != int64(3<<20+17+5+1) || len(got.Files) != 4 ||
		got.StartSpec.DestinationPath != "/default/p1" {
		t.Errorf("transfer = %+v", got)
	}
	for _, f := range got.Files {
		if !strings.HasPrefix(f.Path, "/default/p1/") || f.Size > 0 &&
			(f.ChecksumType != "sha-256" || len(f.Checksum) != 64) {
			t.Errorf("file = %+v", f)
		}
	}
	if body := get(t, n.metrics+"/metrics"); !strings.Contains(body,
		`hsts_sessions_ended_total{direction="send",status="completed"} 1`) {
		t.Errorf("metrics do not count the upload:\n%s", body)
	}
	down, err := c.DownloadSetup(ctx, client.TransferRequest{SourceRoot: "/default/p1"})
	if err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	if out, err := command(t, down, target).CombinedOutput(); err != nil {
		t.Fatalf("download: %v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, target)); diff != "" {
		t.Errorf("received: %.500s", diff)
	}
	if got := awaitStatus(t, c, idOf(t, down), client.StatusCompleted); got.StartSpec.Direction != "receive" ||
		got.BytesTransferred != int64(3<<20+17+5+1) {
		t.Errorf("transfer = %+v", got)
	}
}

func TestTransfersThatAreRefusedLeaveNoFile(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	local := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(local, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/in",
		Paths: []transferspec.Path{{Source: local}}})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*transferspec.Spec)
		want   string
	}{
		"changed token": {func(s *transferspec.Spec) {
			other := "x"
			if s.Token[40] == 'x' {
				other = "y"
			}
			s.Token = s.Token[:40] + other + s.Token[41:]
		}, "token is invalid"},
		"no token at all": {func(s *transferspec.Spec) { s.Token = "hello" }, "token is invalid"},
		"outside":         {func(s *transferspec.Spec) { s.DestinationRoot = "/default/other" }, "not allowed"},
		"climbing out":    {func(s *transferspec.Spec) { s.DestinationRoot = "/default/in/../other" }, "not allowed"},
		"other direction": {func(s *transferspec.Spec) {
			s.Direction, s.SourceRoot = "receive", "/"
			s.DestinationRoot = t.TempDir()
		}, "other direction"},
		"wrong credential": {func(s *transferspec.Spec) { s.Token = "Basic bm86c2VjcmV0" }, "access key or secret is wrong"},
		"wrong host key":   {func(s *transferspec.Spec) { s.SSHFP = strings.Repeat("0", 40) }, ""},
		"unknown user":     {func(s *transferspec.Spec) { s.RemoteUser = "root" }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := spec
			tt.change(&changed)
			out, err := command(t, changed).CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.want) {
				t.Errorf("%v: %s", err, out)
			}
			if bytes.Contains(out, []byte(changed.Token)) {
				t.Error("the message holds the token")
			}
		})
	}
	short, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/in",
		Paths: []transferspec.Path{{Source: local}}, TokenLifeSeconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	if out, err := command(t, short).CombinedOutput(); err == nil || !strings.Contains(string(out), "expired") {
		t.Errorf("expired token: %v: %s", err, out)
	}
	if left := files(t, n.cfg.StorageRoot); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAccessKeyTransfersWithinItsFolder(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	if _, err := c.CreateAccessKey(ctx, client.AccessKey{ID: "ak", Secret: "s3cret",
		Storage: &client.Storage{Type: "local", Path: "/default/tenant"}}); err != nil {
		t.Fatal(err)
	}
	local := filepath.Join(t.TempDir(), "f.txt")
	if err := os.WriteFile(local, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec := transferspec.Spec{
		Direction: transferspec.Send, RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.cfg.Ports.SSH,
		DestinationRoot: "/in", CreateDir: true,
		Token: "Basic YWs6czNjcmV0", Tags: []byte(`{"aspera":{"node":{"access_key":"ak","file_id":"1"}}}`),
		Paths: []transferspec.Path{{Source: local}},
	}
	if out, err := command(t, spec).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(filepath.Join(n.cfg.StorageRoot, "default/tenant/in/f.txt")); err != nil ||
		string(text) != "hello" {
		t.Errorf("file = %q, %v", text, err)
	}
	key := n.client(t, "ak", "s3cret")
	eventually(t, "record of the transfer", func() (any, bool) {
		list, _, err := key.Transfers(ctx, client.TransferQuery{})
		if err != nil || len(list) != 1 {
			return err, false
		}
		spec := list[0].StartSpec
		return list, list[0].Status == client.StatusCompleted && spec.TokenType == "basic" && spec.ServerAccessKey == "ak"
	})
}

func TestCancelStopsARunningTransfer(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	local := filepath.Join(t.TempDir(), "slow.bin")
	if err := os.WriteFile(local, make([]byte, 64<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, err := c.UploadSetup(ctx, client.TransferRequest{
		DestinationRoot: "/default/in", Paths: []transferspec.Path{{Source: local}}, TargetRateKbps: 2000,
		RatePolicy: "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, spec)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, spec)
	awaitStatus(t, c, id, client.StatusRunning)
	if err := c.CancelTransfer(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "cancel") {
		t.Errorf("ascp: %v: %s", err, out.String())
	}
	if got := awaitStatus(t, c, id, client.StatusCanceled); got.EndTimeUsec == 0 {
		t.Errorf("transfer = %+v", got)
	}
	if _, err := os.Stat(filepath.Join(n.cfg.StorageRoot, "default/in/slow.bin")); err == nil {
		t.Error("a file that is not whole has its name")
	}
}

// TestTwoNodesAreOneService: what one node says or is asked holds for the other.
func TestTwoNodesAreOneService(t *testing.T) {
	t.Parallel()
	database := mariadbd.Start(t).Database(t)
	first, second := startNodeOf(t, "n1", database), startNodeOf(t, "n2", database)
	ctx, a, b := t.Context(), first.client(t, "node", nodePassword), second.client(t, "node", nodePassword)
	if _, err := a.CreateAccessKey(ctx, client.AccessKey{ID: "ak", Secret: "s",
		Storage: &client.Storage{Type: "local", Path: "/default"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := second.client(t, "ak", "s").Info(ctx); err != nil {
		t.Errorf("a key made on the other node: %v", err)
	}
	local := filepath.Join(t.TempDir(), "slow.bin")
	if err := os.WriteFile(local, make([]byte, 64<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, err := a.UploadSetup(ctx, client.TransferRequest{
		DestinationRoot: "/default/in", Paths: []transferspec.Path{{Source: local}}, TargetRateKbps: 2000,
		RatePolicy: "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	// The token of one node opens the other.
	spec.SSHPort, spec.FASPPort, spec.SSHFP = second.cfg.Ports.SSH, second.cfg.Ports.UDP, ""
	cmd := command(t, spec)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, spec)
	if got := awaitStatus(t, a, id, client.StatusRunning); got.Sessions[0].ServerNodeID != "n2" {
		t.Errorf("session = %+v", got.Sessions[0])
	}
	if err := a.CancelTransfer(ctx, id); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "cancel") {
		t.Errorf("ascp: %v: %s", err, out.String())
	}
	awaitStatus(t, b, id, client.StatusCanceled)
}

func TestNodeEndsWhileATransferRuns(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	local := filepath.Join(t.TempDir(), "slow.bin")
	if err := os.WriteFile(local, make([]byte, 64<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, err := c.UploadSetup(ctx, client.TransferRequest{
		DestinationRoot: "/default/in", Paths: []transferspec.Path{{Source: local}}, TargetRateKbps: 2000,
		RatePolicy: "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, spec)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, spec)
	awaitStatus(t, c, id, client.StatusRunning)
	if err := n.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("ascp ends well although the node went away")
	}
	c.CloseIdleConnections()
	n.start(t)
	if got := awaitStatus(t, c, id, client.StatusFailed); got.ErrorDesc == "" || got.ErrorDesc == "node restarted" {
		t.Errorf("the end was not recorded by the node that ended: %+v", got)
	}
}
