package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// What a link in an own package must not do, with the ordinary client and the calls that Faspex makes.
// test/confine plays the same at random.

const incomingFolder = "/default/packages/mine.incoming"

// victim writes a file of somebody else's package.
func (n *testNode) victim(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(n.cfg.StorageRoot, "default/packages/theirs", name)
	write(t, p, text)
	return p
}

// sendItems uploads files and links into the own package with the client's --symbolic-links=copy.
func (n *testNode) sendItems(t *testing.T, folder string, change func(*transferspec.Spec)) string {
	t.Helper()
	spec, err := n.client(t, "node", nodePassword).UploadSetup(t.Context(),
		client.TransferRequest{DestinationRoot: incomingFolder})
	if err != nil {
		t.Fatal(err)
	}
	spec.Paths = []transferspec.Path{{Source: folder + "/."}}
	if change != nil {
		change(&spec)
	}
	out, err := command(t, spec, "--symbolic-links=copy").CombinedOutput()
	if err != nil && !strings.Contains(string(out), "error") {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func symlink(t *testing.T, text, p string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(text, p); err != nil {
		t.Fatal(err)
	}
}

func TestUploadLeavesOutLinksThatLeadOut(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	evil := t.TempDir()
	write(t, filepath.Join(evil, "d/f"), "own")
	for p, text := range map[string]string{
		"up": "..", "absolute": "/etc", "sideways": "../theirs", "d/two": "../..", "d/through": "../d/../..", "stays": "d/f",
		"d/back": "../d", "d/top": "..",
	} {
		symlink(t, text, filepath.Join(evil, p))
	}
	out := n.sendItems(t, evil, nil)
	packages := filepath.Join(n.cfg.StorageRoot, "default/packages/mine.incoming")
	for _, p := range []string{"up", "absolute", "sideways", "d/two", "d/through"} {
		if _, err := os.Lstat(filepath.Join(packages, p)); err == nil {
			t.Errorf("%s is there", p)
		}
		if !strings.Contains(out, p+": the symbolic link leads out of the folder that is sent") {
			t.Errorf("nobody is told of %s:\n%s", p, out)
		}
	}
	for p, text := range map[string]string{"stays": "d/f", "d/back": "../d", "d/top": ".."} {
		if got, err := os.Readlink(filepath.Join(packages, p)); got != text {
			t.Errorf("%s: %q, %v", p, got, err)
		}
	}
}

func TestDownloadFollowsNoLinkOutOfThePackage(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	n.victim(t, "secret.txt", "salaries")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/packages/mine/f"), "own")
	for p, text := range map[string]string{"l": "..", "d/l": "../../theirs", "inside": "f"} {
		symlink(t, text, filepath.Join(n.cfg.StorageRoot, "default/packages/mine", p)) // As an earlier version let them in.
	}
	for _, source := range []string{"l", "l/theirs", "l/theirs/secret.txt", "d/l", "d/l/secret.txt", ".", "d"} {
		for _, links := range []string{"follow", "copy", "skip"} {
			spec, err := c.DownloadSetup(ctx, client.TransferRequest{SourceRoot: "/default/packages/mine",
				Paths: []transferspec.Path{{Source: source}}})
			if err != nil {
				t.Fatal(err)
			}
			target := t.TempDir()
			out, err := command(t, spec, "--symbolic-links="+links, target).CombinedOutput()
			for name, text := range files(t, target) {
				if text == "salaries" {
					t.Errorf("%s of %s, links %s: %v %s", name, source, links, err, out)
				}
			}
		}
	}
	// A link that stays inside is followed.
	spec, err := c.DownloadSetup(ctx, client.TransferRequest{SourceRoot: "/default/packages/mine"})
	if err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	out, err := command(t, spec, "--symbolic-links=follow", target).CombinedOutput()
	if got := files(t, target); got["inside"] != "own" {
		t.Errorf("%v: %v %s", got, err, out)
	}
	for _, p := range []string{"l", "l/theirs", "d/l"} {
		listing, err := c.Browse(ctx, client.BrowseRequest{Path: "/default/packages/mine/" + p})
		if len(listing.Items) > 0 {
			t.Errorf("the listing of %s shows %v, %v", p, listing.Items, err)
		}
	}
	if err := c.Delete(ctx, "/default/packages/mine/d/l/secret.txt"); err == nil {
		t.Error("a file was deleted through a link")
	}
	if err := c.Delete(ctx, "/default/packages/mine"); err != nil {
		t.Error(err)
	}
	n.intact(t, "secret.txt", "salaries")
}

func (n *testNode) intact(t *testing.T, name, text string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(n.cfg.StorageRoot, "default/packages/theirs", name))
	if string(got) != text {
		t.Errorf("%s of another package is now %d bytes that begin with %.20q, %v", name, len(got), got, err)
	}
}

func TestUploadWritesThroughNoLink(t *testing.T) {
	t.Parallel()
	contract := strings.Repeat("v", 3<<20)
	for name, attack := range map[string]struct {
		links []string // all of them to the other package's file
		hard  bool
	}{
		"partial": {links: []string{"x.partial"}}, "journal": {links: []string{"x.aspx"}},
		"part": {links: []string{"x.1-2.aspx", "x.2-2.aspx"}}, "target": {links: []string{"x"}},
		"all": {links: []string{"x", "x.partial", "x.aspx"}}, "hard": {links: []string{"x.partial", "x.aspx"}, hard: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			at := n.victim(t, "contract.pdf", contract)
			for _, l := range attack.links {
				p := filepath.Join(n.cfg.StorageRoot, "default/packages/mine.incoming", l)
				if !attack.hard {
					symlink(t, "../theirs/contract.pdf", p)
					continue
				}
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Link(at, p); err != nil {
					t.Fatal(err)
				}
			}
			evil := t.TempDir()
			write(t, filepath.Join(evil, "x"), strings.Repeat("E", 2<<20))
			for _, resume := range []string{"none", "attrs", "sparse_csum"} {
				out := n.sendItems(t, evil, func(s *transferspec.Spec) { s.ResumePolicy, s.Overwrite = resume, "always" })
				n.intact(t, "contract.pdf", contract)
				if t.Failed() {
					t.Fatal(out)
				}
			}
		})
	}
}

// A client may name pairs that the token allows, and a destination above them.
func TestGrantedFolderComesFromTheToken(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	contract := strings.Repeat("v", 3<<20)
	n.victim(t, "contract.pdf", contract)
	above := func(s *transferspec.Spec) {
		s.Paths = []transferspec.Path{{Source: s.Paths[0].Source, Destination: strings.TrimPrefix(incomingFolder, "/")}}
		s.DestinationRoot = "/"
	}
	evil := t.TempDir()
	write(t, filepath.Join(evil, "x"), strings.Repeat("E", 2<<20))
	symlink(t, "../theirs/contract.pdf", filepath.Join(evil, "x.partial"))
	n.sendItems(t, evil, above)
	n.intact(t, "contract.pdf", contract)
	if text, err := os.ReadFile(filepath.Join(n.cfg.StorageRoot, incomingFolder, "x")); err != nil || len(text) != 2<<20 {
		t.Errorf("what is permitted did not arrive: %d bytes, %v", len(text), err)
	}
}

func TestGrantedFolderIsNoLink(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.victim(t, "contract.pdf", "the contract")
	evil := t.TempDir()
	symlink(t, "theirs", filepath.Join(evil, "l"))
	write(t, filepath.Join(evil, "d/contract.pdf"), "another contract")
	out := n.sendItems(t, evil, func(s *transferspec.Spec) {
		s.DestinationRoot, s.CreateDir = "/", false
		s.Paths = []transferspec.Path{{Source: filepath.Join(evil, "l"),
			Destination: strings.TrimPrefix(incomingFolder, "/")}}
	})
	folder := filepath.Join(n.cfg.StorageRoot, incomingFolder)
	if _, err := os.Lstat(folder); err == nil || !strings.Contains(out, "can't take the place") {
		t.Errorf("the granted folder is a link: %v %s", err, out)
	}
	symlink(t, "theirs", folder) // As an earlier version let it in.
	n.sendItems(t, filepath.Join(evil, "d"), nil)
	n.intact(t, "contract.pdf", "the contract")
	spec, err := n.client(t, "node", nodePassword).DownloadSetup(t.Context(),
		client.TransferRequest{SourceRoot: incomingFolder})
	if err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	outcome, err := command(t, spec, target).CombinedOutput()
	if got := files(t, target); len(got) > 0 || err == nil {
		t.Errorf("received %v: %s", got, outcome)
	}
}

func TestAccessKeyLeavesItsFolderByNoLink(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	write(t, filepath.Join(n.cfg.StorageRoot, "default/other/secret.txt"), "tenant B")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/tenant/d/f"), "own")
	if _, err := c.CreateAccessKey(ctx, client.AccessKey{ID: "ak", Secret: "s3cret",
		Storage: &client.Storage{Type: "local", Path: "/default/tenant"}}); err != nil {
		t.Fatal(err)
	}
	for p, text := range map[string]string{"out": "../other", "d/out": "../../other", "up": "..",
		"file": "../other/secret.txt"} {
		symlink(t, text, filepath.Join(n.cfg.StorageRoot, "default/tenant", p))
	}
	key := n.client(t, "ak", "s3cret")
	for i, p := range []string{"/out", "/d/out", "/up", "/up/other", "/file"} {
		id := "child" + string(rune('a'+i))
		if _, err := key.CreateAccessKey(ctx, client.AccessKey{ID: id, Secret: "c",
			Storage: &client.Storage{Type: "local", Path: p}}); err == nil {
			listing, err := n.client(t, id, "c").Browse(ctx, client.BrowseRequest{Path: "/"})
			t.Errorf("a key for %s, which lists %v, %v", p, listing.Items, err)
		}
		if listing, err := key.Browse(ctx, client.BrowseRequest{Path: p}); len(listing.Items) > 0 {
			t.Errorf("%s lists %v, %v", p, listing.Items, err)
		}
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("ak:s3cret"))
	listing := listFolderByID(t, n, "1")
	for _, e := range listing {
		target := t.TempDir()
		for _, source := range []string{"secret.txt", "other/secret.txt", "."} {
			spec := transferspec.Spec{
				Direction: transferspec.Receive, RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.cfg.Ports.SSH,
				DestinationRoot: target, Token: basic,
				Tags:  []byte(`{"aspera":{"node":{"access_key":"ak","file_id":"` + e.ID + `"}}}`),
				Paths: []transferspec.Path{{Source: source}},
			}
			out, err := command(t, spec).CombinedOutput()
			for name, text := range files(t, target) {
				if text == "tenant B" {
					t.Errorf("%s by the id of %s: %v %s", name, e.Name, err, out)
				}
			}
		}
		if e.Type == "link" {
			if inside := listFolderByID(t, n, e.ID); len(inside) > 0 {
				t.Errorf("%s lists %v", e.Name, inside)
			}
		}
	}
	if len(listing) < 4 {
		t.Errorf("the key's folder lists %v", listing)
	}
}

type idEntry struct{ ID, Name, Type string }

// listFolderByID lists a folder of the key "ak" by its id.
func listFolderByID(t *testing.T, n *testNode, id string) []idEntry {
	t.Helper()
	var entries []idEntry
	n.call(t, "ak", "s3cret", "GET", "/files/"+id+"/files", "", &entries)
	return entries
}

func TestLinkIsMadeThroughNoLink(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	write(t, filepath.Join(n.cfg.StorageRoot, "default/other/secret.txt"), "tenant B")
	if _, err := c.CreateAccessKey(ctx, client.AccessKey{ID: "ak", Secret: "s3cret",
		Storage: &client.Storage{Type: "local", Path: "/default/tenant"}}); err != nil {
		t.Fatal(err)
	}
	key := n.client(t, "ak", "s3cret")
	for _, p := range []string{"/other", "/d"} {
		if err := key.CreateDirectory(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range [][2]string{{"/d/top", "/"}, {"/d/top/out", "/default/other"}} {
		n.call(t, "ak", "s3cret", "POST", "/files/create", `{"paths":[{"path":"`+l[0]+
			`","type":"symbolic_link","target":{"path":"`+l[1]+`"}}]}`, nil)
	}
	if text, err := os.Readlink(filepath.Join(n.cfg.StorageRoot, "default/tenant/out")); err == nil {
		t.Errorf("a link was made through a link: %s", text)
	}
}

// Links that an administrator places and lists go on leading where they lead; who may write
// there puts no other in their place.
func TestListedLinksAreFollowed(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	write(t, filepath.Join(n.cfg.StorageRoot, "cold/archive/old"), "old")
	for _, name := range []string{"archive", "unlisted"} {
		symlink(t, "../cold/archive", filepath.Join(n.cfg.StorageRoot, "default", name))
	}
	n.cfg.SymbolicLinks = config.SymbolicLinks{Follow: []string{"/default/archive"}, PermitOutside: true}
	n.start(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	evil := t.TempDir()
	write(t, filepath.Join(evil, "new"), "new")
	symlink(t, "/etc/hosts", filepath.Join(evil, "outside"))
	for name, want := range map[string]bool{"archive": true, "unlisted": false} {
		up, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/" + name + "/sub"})
		if err != nil {
			t.Fatal(err)
		}
		up.Paths = []transferspec.Path{{Source: evil + "/."}}
		out, err := command(t, up, "--symbolic-links=copy").CombinedOutput()
		if (err == nil) != want {
			t.Errorf("upload through %s: %v %s", name, err, out)
		}
		listing, err := c.Browse(ctx, client.BrowseRequest{Path: "/default/" + name})
		if (err == nil && len(listing.Items) == 2) != want {
			t.Errorf("listing of %s: %v, %v", name, listing.Items, err)
		}
	}
	if text, err := os.Readlink(filepath.Join(n.cfg.StorageRoot, "cold/archive/sub/outside")); text != "/etc/hosts" {
		t.Errorf("a link that leads out is permitted, and is %q, %v", text, err)
	}
}

// http is a client that trusts the node's certificate.
func (n *testNode) http(t *testing.T) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(n.ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// call makes a call of the Node API, reads a good answer into out, and gives the status.
func (n *testNode) call(t *testing.T, user, password, method, path, body string, out any) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(user, password)
	res, err := n.http(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode < 300 && out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			t.Fatal(err)
		}
	}
	return res.StatusCode
}
