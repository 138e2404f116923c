package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/nodetest"
)

// published runs ascp with a command line, as programs do.
func published(t *testing.T, token string, args ...string) *exec.Cmd {
	t.Helper()
	ascp, err := buildASCP()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), ascp, args...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "ASPERA_SCP_TOKEN="+token)
	return cmd
}

// byFileID is the command line that the public client makes of a file id: it asks for no setup, takes user and
// WebSocket from the settings of the node, and names the folder by the tags.
func (n *testNode) byFileID(t *testing.T, port, mode, fileID, destination string, names ...string) *exec.Cmd {
	t.Helper()
	info, err := n.client(t, "ak", "s").Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{}
	for _, s := range info.Settings {
		settings[s.Name] = s.Value
	}
	tags, err := json.Marshal(map[string]any{"aspera": map[string]any{
		"node": map[string]any{"access_key": "ak", "file_id": fileID}, "xfer_id": "x", "xfer_retry": 3600}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "list")
	write(t, list, strings.Join(names, "\n"))
	args := []string{"-M", port, "-q"}
	sshPort := n.cfg.Ports.SSH
	if over, ok := settings["wss_enabled"].(bool); !ok {
		t.Errorf("wss_enabled is %v", settings["wss_enabled"])
	} else if over {
		sshPort = int(settings["wss_port"].(float64))
		args = append(args, "--ws-connect", "-i", filepath.Join(n.cfg.Secrets.TLS, "tls.crt"))
	}
	args = append(args, "--mode", mode, "--host", "127.0.0.1", "-P", digits(sshPort), "--user", info.TransferUser, "-O",
		digits(n.cfg.Ports.UDP), "--tags64", base64.StdEncoding.EncodeToString(tags), "--dest64", "--file-list="+list,
		base64.StdEncoding.EncodeToString([]byte(destination)))
	return published(t, basicToken("ak"), args...)
}

func digits(port int) string { return strconv.Itoa(port) }

// Uploads and downloads by file id, with and without WebSockets, of files and of folders: node-4.
func TestTransfersByFileID(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	for _, webSocket := range []bool{false, true} {
		if webSocket {
			if err := n.stop(); err != nil {
				t.Fatal(err)
			}
			n.cfg.Ports.WSS = freePort(t)
			n.start(t)
		}
		name := map[bool]string{false: "ssh", true: "wss"}[webSocket]
		var made struct{ ID string }
		n.call(t, "ak", "s", "POST", "/files/1/files", `{"name":"`+name+`","type":"folder"}`, &made)
		from, file, folder := t.TempDir(), t.TempDir(), t.TempDir()
		want := tree(t, filepath.Join(from, "d"))
		nodetest.Managed(t, func(port string) *exec.Cmd {
			return n.byFileID(t, port, "send", made.ID, "/", filepath.Join(from, "d"))
		})
		if diff := cmp.Diff(want, files(t, filepath.Join(n.cfg.StorageRoot, "default/k", name, "d"))); diff != "" {
			t.Errorf("%s, uploaded: %.500s", name, diff)
		}
		d := n.keyIDs(t, made.ID)["d"]
		nodetest.Managed(t, func(port string) *exec.Cmd { return n.byFileID(t, port, "recv", d, file, "large.bin") })
		if got := files(t, file); len(got) != 1 || got["large.bin"] != want["large.bin"] {
			t.Errorf("%s, one file: %d are there", name, len(got))
		}
		nodetest.Managed(t, func(port string) *exec.Cmd { return n.byFileID(t, port, "recv", d, folder, ".") })
		if diff := cmp.Diff(want, files(t, folder)); diff != "" {
			t.Errorf("%s, the folder: %.500s", name, diff)
		}
	}
}

// keyIDs are the ids of the entries of a folder of the key, by name.
func (n *testNode) keyIDs(t *testing.T, folder string) map[string]string {
	t.Helper()
	var list []struct{ ID, Name string }
	n.call(t, "ak", "s", "GET", "/files/"+folder+"/files", "", &list)
	out := map[string]string{}
	for _, e := range list {
		out[e.Name] = e.ID
	}
	return out
}

// Files are removed at the node after they were received: for the key's owner, and for users who may replace them.
func TestReceivedFilesAreRemovedForWhoMayReplaceThem(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	n.permit(t, "reader", "1", "list", "read")
	n.permit(t, "writer", "1", "list", "read", "write")
	n.permit(t, "editor", "1", "list", "read", "write", "delete")
	file := filepath.Join(n.cfg.StorageRoot, "default/k/d/f")
	setup, err := n.client(t, "ak", "s").DownloadSetup(t.Context(), client.TransferRequest{
		Paths: []transferspec.Path{{Source: "/d"}}})
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string]transferspec.Spec{"setup": setup, "owner": n.keySpec("ak", transferspec.Receive, "/d", "")}
	for _, user := range []string{"reader", "writer", "editor"} {
		specs[user] = n.bearerSpec(t, user, "1", transferspec.Receive, "/d", "")
	}
	for who, spec := range specs {
		write(t, file, "hello")
		spec.RemoveAfterTransfer = true
		to := t.TempDir()
		said := run(t, spec, to)
		may := who == "owner" || who == "editor"
		if _, err := os.Stat(file); (err != nil) != may || may != (said == "") {
			t.Errorf("%s: %v, said %q", who, err, said)
		}
		if got := files(t, to); (got["d/f"] == "hello") != may {
			t.Errorf("%s received %v", who, got)
		}
	}
}

// A portal whose agents share one account: it asks for a token for each file, and an agent sends that file with it, as
// the account's transfer user, by the key that everybody knows: node-70.
func TestPortalOfAgents(t *testing.T) {
	db := mariadbd.Start(t).Database(t)
	n := newNode(t, "n1", db)
	n.cfg.TransferUsers = []config.TransferUser{{Name: "xfer"}, {Name: "agent"}}
	n.start(t)
	if out, err := hsts(t, db, "pw", "user", "add", "agent", "--transfer-user", "agent", "--docroot",
		"/transfer/agent"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	at := filepath.Join(n.cfg.StorageRoot, "transfer/agent/portal-storage")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	from := t.TempDir()
	write(t, filepath.Join(from, "first.txt"), "first")
	write(t, filepath.Join(from, "second.txt"), "second")
	portal := n.client(t, "agent", "pw")
	setup := func(name string) (token string) {
		t.Helper()
		spec, err := portal.UploadSetup(t.Context(), client.TransferRequest{
			Paths: []transferspec.Path{{Source: filepath.Join(from, name), Destination: "portal-storage/" + name}}})
		if err != nil {
			t.Fatal(err)
		}
		if spec.RemoteUser != "agent" {
			t.Errorf("the transfer user is %q", spec.RemoteUser)
		}
		return spec.Token
	}
	// What the agent gets is the token and the user's name.
	agent := func(token string, pairs ...string) (said string, failed bool) {
		t.Helper()
		list := filepath.Join(t.TempDir(), "pairs")
		write(t, list, strings.Join(pairs, "\n"))
		cmd := published(t, token, "-q", "--mode=send", "--host=127.0.0.1", "-P", digits(n.cfg.Ports.SSH),
			"--user=agent", "--file-pair-list="+list, "/")
		var out bytes.Buffer
		cmd.Stderr = &out
		failed = cmd.Run() != nil
		return out.String(), failed
	}
	first := filepath.Join(from, "first.txt")
	one := setup("first.txt")
	if said, failed := agent(one, first, "portal-storage/first.txt"); failed {
		t.Fatalf("the file of the token: %s", said)
	}
	second := filepath.Join(from, "second.txt")
	for what, pairs := range map[string][]string{
		"a second file":         {second, "portal-storage/second.txt"},
		"both":                  {first, "portal-storage/first.txt", second, "portal-storage/second.txt"},
		"another under it":      {second, "portal-storage/first.txt/second.txt"},
		"one beside the portal": {first, "first.txt"},
		"one above it":          {first, "../first.txt"},
	} {
		if said, failed := agent(one, pairs...); !failed {
			t.Errorf("%s is sent with the token of the first: %s", what, said)
		}
	}
	if said, failed := agent(setup("second.txt"), second, "portal-storage/second.txt"); failed {
		t.Errorf("the second with a token of its own: %s", said)
	}
	want := map[string]string{"portal-storage/first.txt": "first", "portal-storage/second.txt": "second"}
	if diff := cmp.Diff(want, files(t, filepath.Dir(at))); diff != "" {
		t.Errorf("the docroot of the agents (-want +got):\n%s", diff)
	}
	// Without a token the key that everybody knows opens nothing.
	none := published(t, "", "-q", "-P", digits(n.cfg.Ports.SSH), first, "agent@127.0.0.1:/")
	if out, err := none.CombinedOutput(); err == nil {
		t.Errorf("without a token: %s", out)
	}
}
