package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// remoteNode is another cluster of one node, with a storage of its own and the access key "ak", whose user luke may do
// everything.
func remoteNode(t *testing.T) *testNode {
	t.Helper()
	n := startNodeOf(t, "far", mariadbd.Start(t).Database(t))
	n.sharedKey(t)
	n.permit(t, "luke", "1", "delete", "list", "mkdir", "preview", "read", "rename", "write")
	return n
}

// jobNode is a node of those that share a database, which may reach others on this machine.
func jobNode(t *testing.T, name string, share *testNode) *testNode {
	t.Helper()
	database := mariadbd.Start(t).Database(t)
	if share != nil {
		database = share.env.Database
	}
	n := newNode(t, name, database)
	n.cfg.Remotes.Allow = []string{"127.0.0.0/8"}
	if share != nil {
		n.cfg.StorageRoot = share.cfg.StorageRoot
	}
	n.start(t)
	return n
}

// process runs a node as a program, which can be killed.
func (n *testNode) process(t *testing.T) (kill func()) {
	t.Helper()
	n.configure(t)
	program := filepath.Join(t.TempDir(), "hsts")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build hsts: %v %s", err, out)
	}
	host, port, err := net.SplitHostPort(n.env.Database.Addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", "--config", n.file)
	cmd.Env = append(os.Environ(), "HSTS_NODE_NAME="+n.env.NodeName, "HSTS_ADVERTISE_ADDRESS="+n.env.AdvertiseAddress,
		"HSTS_DB_HOST="+host, "HSTS_DB_PORT="+port, "HSTS_DB_DATABASE="+n.env.Database.DBName,
		"HSTS_DB_USERNAME="+n.env.Database.User, "HSTS_DB_PASSWORD="+n.env.Database.Passwd)
	cmd.Stderr = n.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // It was killed.
	})
	t.Cleanup(kill)
	eventually(t, "readiness", func() (any, bool) { return n.readiness(t) })
	return kill
}

// jobWith is a job of the published form.
func jobWith(t *testing.T, body string, far *testNode) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatal(err)
	}
	fields["remote_host"], fields["ssh_port"] = "127.0.0.1", far.cfg.Ports.SSH
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forgetsSecrets reports whether the database has a job without secrets.
func (n *testNode) forgetsSecrets(t *testing.T, id string) (gone bool) {
	t.Helper()
	if err := mariadbd.Open(t, n.env.Database).QueryRowContext(t.Context(), "SELECT secrets IS NULL FROM jobs WHERE id = ?",
		id).Scan(&gone); err != nil {
		t.Fatal(err)
	}
	return gone
}

// startJob asks for a transfer and returns its id.
func (n *testNode) startJob(t *testing.T, user, password, body string) string {
	t.Helper()
	code, answer := n.answer(t, user, password, http.MethodPost, "/ops/transfers", body)
	var job client.TransferJobAnswer
	_, text, _ := strings.Cut(answer, "{")
	if err := json.Unmarshal([]byte("{"+text), &job); err != nil || code != http.StatusOK || job.ID == "" {
		t.Fatalf("job: %d %s %v", code, answer, err)
	}
	return job.ID
}

const (
	basicBody = `{"direction":"send","remote_host":"domain","remote_user":"xfer","token":"Basic %s",
		"paths":[{"source":"file_name","destination":"destination_file_name"},
			{"source":"source_folder","destination":"destination_folder_name"}]}`
	bearerBody = `{"direction":"send","remote_host":"domain","remote_user":"xfer","remote_access_key":"ak","token":%q,
		"source_root_id":"1","destination_root_id":"1",
		"paths":[{"source":"file_name","destination":"destination_file_name"},
			{"source":"source_folder","destination":"destination_folder_name"}]}`
)

var publishedTree = map[string]string{"file_name": "one file", "source_folder/a": "a", "source_folder/sub/b": "bb"}

func writeTree(t *testing.T, dir string, tree map[string]string) {
	t.Helper()
	for name, text := range tree {
		write(t, filepath.Join(dir, name), text)
	}
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", dir, diff)
	}
}

// node-72: each example body, in both directions, between two nodes with storages of their own: with a basic token, with
// a bearer token and ids of the roots, and with a transfer token. Both ends show the transfer.
func TestTransferJobsWithEveryToken(t *testing.T) {
	t.Parallel()
	far := remoteNode(t)
	near := jobNode(t, "near", nil)
	ctx := t.Context()
	if _, err := near.client(t, "node", nodePassword).CreateAccessKey(ctx, client.AccessKey{ID: "near", Secret: "s",
		Storage: &client.Storage{Type: "local", Path: "/default/near"}}); err != nil {
		t.Fatal(err)
	}
	farRoot, nearRoot := filepath.Join(far.cfg.StorageRoot, "default/k"), filepath.Join(near.cfg.StorageRoot, "default/near")
	arrived := map[string]string{"destination_file_name": "one file", "destination_folder_name/a": "a",
		"destination_folder_name/sub/b": "bb"}
	basic := fmt.Sprintf(basicBody, base64.StdEncoding.EncodeToString([]byte("ak:s")))
	bearer := fmt.Sprintf(bearerBody, bearerToken(t, "luke"))
	setup := func(direction transferspec.Direction, root string) string {
		t.Helper()
		c := far.client(t, "ak", "s")
		req := client.TransferRequest{DestinationRoot: root}
		ask := c.UploadSetup
		if direction == transferspec.Receive {
			req, ask = client.TransferRequest{SourceRoot: root}, c.DownloadSetup
		}
		spec, err := ask(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(fmt.Sprintf(bearerBody, spec.Token), `"source_root_id":"1","destination_root_id":"1",`, "", 1)
	}
	for kind, body := range map[string]func(transferspec.Direction, string) string{
		"basic":    func(transferspec.Direction, string) string { return basic },
		"bearer":   func(transferspec.Direction, string) string { return bearer },
		"transfer": setup,
	} {
		for _, direction := range []transferspec.Direction{transferspec.Send, transferspec.Receive} {
			t.Run(kind+" "+string(direction), func(t *testing.T) {
				from, to := nearRoot, farRoot
				if direction == transferspec.Receive {
					from, to = farRoot, nearRoot
				}
				for _, dir := range []string{from, to} {
					if err := os.RemoveAll(dir); err != nil {
						t.Fatal(err)
					}
					if err := os.MkdirAll(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				writeTree(t, from, publishedTree)
				text := strings.Replace(jobWith(t, body(direction, "/"), far), `"direction":"send"`,
					`"direction":"`+string(direction)+`"`, 1)
				id := near.startJob(t, "near", "s", text)
				got := awaitStatus(t, near.client(t, "near", "s"), id, client.StatusCompleted)
				wantTree(t, to, arrived)
				if got.StartSpec.Direction != string(direction) || got.StartSpec.Endpoint != "client" ||
					got.FilesCompleted != 3 || got.BytesTransferred != 11 || got.Sessions[0].ClientNodeID != "near" ||
					got.StartSpec.ClientAccessKey != "near" || got.EndTimeUsec == 0 {
					t.Errorf("near end: %+v", got)
				}
				eventually(t, "the far end", func() (any, bool) {
					list, _, err := far.client(t, "ak", "s").Transfers(ctx, client.TransferQuery{Tag: "xfer_id", Direction: direction})
					if err != nil || len(list) == 0 {
						return err, false
					}
					last := list[len(list)-1]
					return last, last.Status == client.StatusCompleted && last.StartSpec.TokenType == kind && last.FilesCompleted == 3
				})
			})
		}
	}
}

// node-77: a job is answered at once and followed at another node; what it logs in with is in no answer, log
// or column of the database, and is gone from there when it has ended.
func TestTransferJobIsFollowedElsewhereAndTellsNoSecret(t *testing.T) {
	t.Parallel()
	known := secrets{}
	far := remoteNode(t)
	near := jobNode(t, "near", nil)
	other := jobNode(t, "other", near)
	write(t, filepath.Join(near.cfg.StorageRoot, "default/in/big"), strings.Repeat("x", 1<<20))
	if _, err := far.client(t, "node", nodePassword).CreateAccessKey(t.Context(), client.AccessKey{ID: "jobs",
		Secret: known.make("secret of the key"), Storage: localFolder("/default/k")}); err != nil {
		t.Fatal(err)
	}
	token := base64.StdEncoding.EncodeToString([]byte("jobs:" + known["secret of the key"]))
	known["token"], known["password"], known["passphrase"] = token, known.make("password"), known.make("passphrase")
	body := jobWith(t, fmt.Sprintf(`{"direction":"send","token":"Basic %s","remote_password":%q,
		"ssh_private_key_passphrase":%q,"target_rate_kbps":2000,"rate_policy":"fixed",
		"paths":[{"source":"/default/in"}]}`, token, known["password"], known["passphrase"]), far)
	id := near.startJob(t, "node", nodePassword, body)
	c := other.client(t, "node", nodePassword)
	awaitStatus(t, c, id, client.StatusRunning)
	look := func(when string) {
		t.Helper()
		_, one := near.answer(t, "node", nodePassword, http.MethodGet, "/ops/transfers/"+id, "")
		_, all := other.answer(t, "node", nodePassword, http.MethodGet, "/ops/transfers", "")
		_, job := near.answer(t, "node", nodePassword, http.MethodGet, "/ops/jobs/"+id, "")
		known.search(t, "answers "+when, one+all+job)
		known.search(t, "the log "+when, near.log.String()+other.log.String())
		known.search(t, "the database "+when, dump(t, near.env.Database))
	}
	look("while it runs")
	awaitStatus(t, c, id, client.StatusCompleted)
	look("when it has ended")
	if !near.forgetsSecrets(t, id) {
		t.Error("secrets stay when the job has ended")
	}
	wantTree(t, filepath.Join(far.cfg.StorageRoot, "default/k"), map[string]string{"in/big": strings.Repeat("x", 1<<20)})
}

// node-76: the record of a transfer is removed when it has ended and not before. Before that it is paused, and goes on
// from where it was; another is canceled.
func TestTransferJobIsPausedResumedCanceledAndRemoved(t *testing.T) {
	t.Parallel()
	far := remoteNode(t)
	near := jobNode(t, "near", nil)
	ctx := t.Context()
	big := make([]byte, 24<<20)
	for i := range big {
		big[i] = byte(i * 7 / 3)
	}
	write(t, filepath.Join(far.cfg.StorageRoot, "default/k/big"), string(big))
	token := base64.StdEncoding.EncodeToString([]byte("ak:s"))
	body := jobWith(t, fmt.Sprintf(`{"direction":"receive","token":"Basic %s","destination_root":"/default/got",
		"target_rate_kbps":3000,"rate_policy":"fixed","paths":[{"source":"big"}]}`, token), far)
	id := near.startJob(t, "node", nodePassword, body)
	c := near.client(t, "node", nodePassword)
	eventually(t, "some of the file", func() (any, bool) {
		got, err := c.Transfer(ctx, id)
		return got, err == nil && got.BytesTransferred > 1<<20
	})
	if err := c.DeleteTransfer(ctx, id); !client.IsConflict(err) {
		t.Errorf("the record of a running transfer: %v", err)
	}
	change := func(what client.TransferChange) {
		t.Helper()
		if err := c.ChangeTransfer(ctx, id, what); err != nil {
			t.Fatal(err)
		}
	}
	change(client.TransferChange{Status: client.StatusPaused})
	awaitStatus(t, c, id, client.StatusPaused)
	if err := c.DeleteTransfer(ctx, id); !client.IsConflict(err) {
		t.Errorf("the record of a paused transfer: %v", err)
	}
	change(client.TransferChange{Status: client.StatusRunning, TargetRateKbps: 400_000})
	got := awaitStatus(t, c, id, client.StatusCompleted)
	if text, err := os.ReadFile(filepath.Join(near.cfg.StorageRoot, "default/got/big")); err != nil || string(text) != string(big) {
		t.Errorf("the file is another: %v", err)
	}
	if len(got.Sessions) != 2 || got.BytesTransferred > int64(len(big))+1<<20 {
		t.Errorf("what was there was sent again: %d sessions, %d bytes", len(got.Sessions), got.BytesTransferred)
	}
	if err := c.DeleteTransfer(ctx, id); err != nil {
		t.Error(err)
	}
	if _, err := c.Transfer(ctx, id); !client.IsNotFound(err) {
		t.Errorf("after its record was removed: %v", err)
	}

	id = near.startJob(t, "node", nodePassword, strings.NewReplacer(`kbps":3000`, `kbps":800`, "/got", "/never").Replace(body))
	awaitStatus(t, c, id, client.StatusRunning)
	if err := c.CancelTransfer(ctx, id); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, c, id, client.StatusCanceled)
	if _, err := os.Stat(filepath.Join(near.cfg.StorageRoot, "default/never/big")); err == nil {
		t.Error("a file that is not whole has its name")
	}
}

// node-73: when the node that runs a job is gone, another goes on, and what was there is not sent again.
func TestTransferJobGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	far := remoteNode(t)
	near := newNode(t, "near", mariadbd.Start(t).Database(t))
	near.cfg.Remotes.Allow = []string{"127.0.0.0/8"}
	kill := near.process(t)
	ctx := t.Context()
	big := strings.Repeat("0123456789abcdef", 24<<20/16)
	write(t, filepath.Join(near.cfg.StorageRoot, "default/big"), big)
	token := base64.StdEncoding.EncodeToString([]byte("ak:s"))
	id := near.startJob(t, "node", nodePassword, jobWith(t, fmt.Sprintf(`{"direction":"send","token":"Basic %s",
		"target_rate_kbps":3000,"rate_policy":"fixed","paths":[{"source":"/default/big"}]}`, token), far))
	c := near.client(t, "node", nodePassword)
	eventually(t, "some of the file", func() (any, bool) {
		got, err := c.Transfer(ctx, id)
		return got, err == nil && got.BytesTransferred > 3<<20
	})
	kill()
	c = jobNode(t, "other", near).client(t, "node", nodePassword)
	if err := c.ChangeTransfer(ctx, id, client.TransferChange{TargetRateKbps: 400_000}); err != nil {
		t.Fatal(err)
	}
	got := awaitStatus(t, c, id, client.StatusCompleted)
	if len(got.Sessions) != 2 || got.Sessions[0].ClientNodeID != "near" || got.Sessions[1].ClientNodeID != "other" ||
		got.BytesTransferred > int64(len(big))+2<<20 {
		t.Errorf("%d bytes in %+v", got.BytesTransferred, got.Sessions)
	}
	if text, err := os.ReadFile(filepath.Join(far.cfg.StorageRoot, "default/k/big")); err != nil || string(text) != big {
		t.Errorf("the file is another: %v", err)
	}
}

// node-74: a remote that is down is tried again, and then the job has failed with why.
func TestTransferJobGivesUp(t *testing.T) {
	t.Parallel()
	near := jobNode(t, "near", nil)
	write(t, filepath.Join(near.cfg.StorageRoot, "default/f"), "f")
	c := near.client(t, "node", nodePassword)
	closed := freePort(t)
	for name, tags := range map[string]string{"times": `{"xfer_max_retries":2}`, "seconds": `{"xfer_retry":2}`} {
		id := near.startJob(t, "node", nodePassword, fmt.Sprintf(`{"direction":"send","remote_host":"127.0.0.1","ssh_port":%d,
			"token":"Basic eDp5","tags":{"aspera":%s},"paths":[{"source":"/default/f"}]}`, closed, tags))
		eventually(t, name+": another try", func() (any, bool) {
			got, err := c.Transfer(t.Context(), id)
			return got, err == nil && got.Status == client.StatusWaiting && got.ErrorCode != 0 || got.Status == client.StatusFailed
		})
		got := awaitStatus(t, c, id, client.StatusFailed)
		if got.ErrorCode != 12 || !strings.Contains(got.ErrorDesc, "refused") {
			t.Errorf("%s: %d %q", name, got.ErrorCode, got.ErrorDesc)
		}
		_, job := near.answer(t, "node", nodePassword, http.MethodGet, "/ops/jobs/"+id, "")
		if name == "times" && !strings.Contains(job, `"count":3`) {
			t.Errorf("tries: %s", job)
		}
	}
}

// A job does what who had it made may do, and reaches what the administrator permits.
func TestTransferJobsObeyRights(t *testing.T) {
	t.Parallel()
	far := remoteNode(t)
	near := jobNode(t, "near", nil)
	near.sharedKey(t)
	ctx := t.Context()
	write(t, filepath.Join(near.cfg.StorageRoot, "default/k/mine/f"), "mine")
	write(t, filepath.Join(near.cfg.StorageRoot, "default/secret"), "not of the key")
	farToken := "Basic " + base64.StdEncoding.EncodeToString([]byte("ak:s"))
	key := near.client(t, "ak", "s")
	job := func(source string) client.TransferJob {
		return client.TransferJob{Direction: transferspec.Send, RemoteHost: "127.0.0.1", SSHPort: far.cfg.Ports.SSH,
			TransferJobSecrets: client.TransferJobSecrets{Token: farToken},
			Paths:              []transferspec.Path{{Source: source}}}
	}
	made, err := key.StartTransfer(ctx, job("/../../secret"))
	if err != nil {
		t.Fatal(err)
	}
	if got := awaitStatus(t, key, made.ID, client.StatusFailed); got.ErrorCode != 4 {
		t.Errorf("a path that climbs: %+v", got)
	}
	// A link leads nowhere.
	if err := os.Symlink("../../secret", filepath.Join(near.cfg.StorageRoot, "default/k/link")); err != nil {
		t.Fatal(err)
	}
	if made, err = key.StartTransfer(ctx, job("/link")); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, key, made.ID, client.StatusFailed)
	// The user of a bearer token has no permission here.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, near.url+"/ops/transfers", strings.NewReader(jobWith(t,
		`{"direction":"send","token":"Basic eDp5","paths":[{"source":"/mine/f"}]}`, far)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", bearerToken(t, "luke"))
	res, err := near.http(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusForbidden {
		t.Errorf("luke: %s", res.Status)
	}
	// Another key sees none of it.
	if _, err := near.client(t, "node", nodePassword).CreateAccessKey(ctx, client.AccessKey{ID: "b", Secret: "s",
		Storage: &client.Storage{Type: "local", Path: "/default/b"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := near.client(t, "b", "s").Transfer(ctx, made.ID); !client.IsNotFound(err) {
		t.Errorf("another key: %v", err)
	}
	// What is not listed is not reached.
	elsewhere := job("/mine/f")
	elsewhere.RemoteHost = "10.255.255.1"
	if made, err = key.StartTransfer(ctx, elsewhere); err != nil {
		t.Fatal(err)
	}
	if got := awaitStatus(t, key, made.ID, client.StatusFailed); !strings.Contains(got.ErrorDesc, "remotes.allow") {
		t.Errorf("an address that is not listed: %+v", got)
	}
	for field, wrong := range map[string]string{
		"direction": `"direction":"both"`, "remote_host": `"remote_host":"a b"`, "ssh_port": `"ssh_port":70000`,
		"token": `"token":""`, "paths": `"paths":[]`, "wss_cert_auth_path": `"wss_cert_auth_path":"/etc/shadow"`,
		"content_protection": `"content_protection":"encrypt"`, "overwrite": `"overwrite":"perhaps"`,
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(`{"direction":"send","remote_host":"h","token":"Basic eDp5","paths":[{"source":"f"}]}`),
			&fields); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte("{"+wrong+"}"), &fields); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(fields)
		code, answer := near.answer(t, "ak", "s", http.MethodPost, "/ops/transfers", string(text))
		if code != http.StatusBadRequest || !strings.Contains(answer, field) {
			t.Errorf("%s: %d %s", field, code, answer)
		}
	}
	if code, _ := near.answer(t, "ak", "s", http.MethodPost, "/ops/transfers", jobWith(t,
		`{"direction":"send","token":"Basic eDp5","tags":{"aspera":{"faspex":{}}},"paths":[{"source":"f"}]}`,
		far)); code != http.StatusForbidden {
		t.Errorf("tags of Faspex: %d", code)
	}
	// When the key is deleted, its jobs end and their secrets go.
	paused := job("/mine/f")
	paused.RemoteHost, paused.SSHPort = "127.0.0.1", freePort(t)
	if made, err = key.StartTransfer(ctx, paused); err != nil {
		t.Fatal(err)
	}
	if err := near.client(t, "node", nodePassword).DeleteAccessKey(ctx, "ak"); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, near.client(t, "node", nodePassword), made.ID, client.StatusCanceled)
	eventually(t, "no secrets", func() (any, bool) {
		return nil, near.forgetsSecrets(t, made.ID)
	})
}
