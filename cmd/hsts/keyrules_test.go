package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// uploads are the same upload into the folder of "ak", with each of the three kinds of tokens.
func (n *testNode) uploads(t *testing.T, source string) map[string]transferspec.Spec {
	t.Helper()
	n.permitOnce(t, "luke")
	out := map[string]transferspec.Spec{
		"basic":  n.keySpec("ak", transferspec.Send, source, "/basic"),
		"bearer": n.bearerSpec(t, "luke", "1", transferspec.Send, source, "/bearer"),
	}
	spec, err := n.client(t, "ak", "s").UploadSetup(t.Context(), client.TransferRequest{
		DestinationRoot: "/transfer", Paths: []transferspec.Path{{Source: source}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out["transfer"] = spec
	return out
}

// permitOnce permits a user everything in the folder of "ak".
func (n *testNode) permitOnce(t *testing.T, user string) {
	t.Helper()
	n.call(t, "ak", "s", "POST", "/permissions", `{"file_id":"1","access_type":"user","access_id":"`+user+
		`","access_level":"edit"}`, nil)
}

func (n *testNode) configureKey(t *testing.T, configuration string) {
	t.Helper()
	err := n.client(t, "node", nodePassword).UpdateAccessKey(t.Context(), "ak", client.AccessKeyUpdate{
		Configuration: json.RawMessage(configuration),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// node-34, and node-31 of the same: times, checksums and aggressiveness are as the key demands, whatever token and
// client, in the record of the session and in what the receiver wrote.
func TestKeyDemandsTimesAndChecksums(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	n.configureKey(t, `{"transfer":{"preserve_timestamps":true,"file_checksum_type":"sha-256","aggressiveness":0.75}}`)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "hello")
	old := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chtimes(source, old, old); err != nil {
		t.Fatal(err)
	}
	for kind, spec := range n.uploads(t, source) {
		if out := run(t, spec); out != "" {
			t.Errorf("%s: %s", kind, out)
			continue
		}
		info, err := os.Stat(filepath.Join(n.cfg.StorageRoot, "default/k", kind, "f"))
		if err != nil || !info.ModTime().Equal(old) {
			t.Errorf("%s: %v, %v", kind, info, err)
		}
	}
	eventually(t, "record of the checksums", func() (any, bool) {
		list, _, err := n.client(t, "ak", "s").Transfers(t.Context(), client.TransferQuery{})
		if err != nil || len(list) != 3 {
			return err, false
		}
		for _, l := range list {
			one, err := n.client(t, "ak", "s").Transfer(t.Context(), l.ID)
			if err != nil || len(one.Files) != 1 {
				return one.Files, false
			}
			if s := one.StartSpec; !s.PreserveTimestamps || s.FileChecksumType != "sha-256" || s.Aggressiveness != 0.75 {
				return s, false
			}
			// The SHA-256 of "hello".
			const sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
			if f := one.Files[0]; f.ChecksumType != "sha-256" || f.Checksum != sum {
				return f, false
			}
		}
		return nil, true
	})
}

// node-31 of rates, policies and ciphers, and node-32: sessions have those of the key, whatever token and client.
func TestKeyLimitsRatesPoliciesAndCiphers(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "hello")
	for configuration, tt := range map[string]struct {
		ask  func(*transferspec.Spec)
		want func(client.StartSpec) bool
	}{
		`{"transfer":{"target_rate_kbps":1000}}`: {
			func(s *transferspec.Spec) { s.TargetRateKbps = 0 },
			func(s client.StartSpec) bool { return s.TargetRateKbps == 1000 },
		},
		`{"transfer":{"target_rate_cap_kbps":700}}`: {
			func(s *transferspec.Spec) { s.TargetRateKbps, s.TargetRateCapKbps = 5000, 5000 },
			func(s client.StartSpec) bool { return s.TargetRateKbps == 700 },
		},
		`{"transfer":{"policy":"low"}}`: {
			func(s *transferspec.Spec) { s.RatePolicy = "" },
			func(s client.StartSpec) bool { return s.RatePolicy == "low" },
		},
		`{"transfer":{"cipher":"aes-256"}}`: {
			func(s *transferspec.Spec) { s.Cipher = "" },
			func(s client.StartSpec) bool { return s.Cipher == "aes-256-gcm" },
		},
	} {
		n.configureKey(t, configuration)
		for kind, spec := range n.uploads(t, source) {
			spec.Cookie = configuration + kind
			tt.ask(&spec)
			if out := run(t, spec, "--overwrite=always"); out != "" {
				t.Errorf("%s, %s: %s", configuration, kind, out)
				continue
			}
			var found client.StartSpec
			eventually(t, "record of the session", func() (any, bool) {
				list, _, err := n.client(t, "ak", "s").Transfers(t.Context(), client.TransferQuery{})
				for _, l := range list {
					if l.StartSpec.Cookie == spec.Cookie || kind == "transfer" && l.ID == idOf(t, spec) {
						found = l.StartSpec
						return nil, true
					}
				}
				return err, false
			})
			if !tt.want(found) {
				t.Errorf("%s, %s: %+v", configuration, kind, found)
			}
		}
	}
	n.configureKey(t, `{"transfer":{"cipher":"aes-256"}}`)
	for kind, spec := range n.uploads(t, source) {
		refusedWith(t, kind, withCipher(spec, "aes-128"), "error 8: ")
	}
}

// node-31 of passphrases, and node-33 in sessions: with one set at the key, an upload that is not encrypted is refused.
// What /info says is in TestContentProtectionSecretIsNotKept of nodeapi.
func TestKeyTakesEncryptedFilesAlone(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.sharedKey(t)
	n.configureKey(t, `{"transfer":{"content_protection_secret":"whatever"}}`)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "plain text")
	for kind, spec := range n.uploads(t, source) {
		if out := run(t, spec); !strings.Contains(out, "encrypted files alone") {
			t.Errorf("%s, not encrypted: %q", kind, out)
		}
		cmd := command(t, spec, "--file-crypt", "encrypt")
		cmd.Env = append(cmd.Env, "ASPERA_SCP_FILEPASS=a passphrase of some length")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s, encrypted: %v: %s", kind, err, out)
		}
		arrived := files(t, filepath.Join(n.cfg.StorageRoot, "default/k", kind))
		if _, ok := arrived["f.aspera-env"]; !ok || len(arrived) != 1 {
			t.Errorf("%s: there are %d files", kind, len(arrived))
		}
	}
}

// node-28 in sessions: by SSH and by WebSocket, with each kind of token.
func TestAccessKeyIsForItsNetworks(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.cfg.Ports.WSS = freePort(t)
	n.start(t)
	n.sharedKey(t)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "x")
	specs := n.uploads(t, source)
	for configuration, refused := range map[string]bool{
		`{"server":{"allow":["10.0.0.0/8"]}}`:                          true,
		`{"server":{"allow":["127.0.0.0/8"],"deny":["127.0.0.1/32"]}}`: true,
		`{"server":{"allow":["127.0.0.0/8"],"deny":["10.0.0.0/8"]}}`:   false,
	} {
		n.configureKey(t, configuration)
		for kind, spec := range specs {
			for _, wss := range []bool{false, true} {
				spec.WSSEnabled, spec.WSSPort = wss, n.cfg.Ports.WSS
				cmd := command(t, spec)
				cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+filepath.Join(n.cfg.Secrets.TLS, "tls.crt"))
				out, err := cmd.CombinedOutput()
				is := err != nil && strings.Contains(string(out), "error 37: the access key is not for clients at this address")
				if is != refused || !refused && err != nil {
					t.Errorf("%s, %s, WebSocket %t: %v %s", configuration, kind, wss, err, out)
				}
			}
		}
	}
}

// node-41: after a transfer is sealed, every later session with its token fails, on all nodes.
func TestSealedTransferTakesNoSession(t *testing.T) {
	t.Parallel()
	db := mariadbd.Start(t).Database(t)
	one, other := startNodeOf(t, "n1", db), newNode(t, "n2", db)
	other.cfg.StorageRoot, other.cfg.Secrets.TokenKeys = one.cfg.StorageRoot, one.cfg.Secrets.TokenKeys
	other.start(t)
	one.sharedKey(t)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "x")
	for _, user := range [][2]string{{"node", nodePassword}, {"ak", "s"}} {
		c := one.client(t, user[0], user[1])
		ask := client.TransferRequest{DestinationRoot: "/default/up", Paths: []transferspec.Path{{Source: source}}}
		spec, err := c.UploadSetup(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		next, err := c.UploadSetup(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		at := func(n *testNode, s transferspec.Spec) transferspec.Spec {
			s.SSHPort, s.SSHFP = n.cfg.Ports.SSH, ""
			return s
		}
		for _, n := range []*testNode{one, other} {
			if out := run(t, at(n, spec)); out != "" {
				t.Fatalf("before the seal: %s", out)
			}
		}
		awaitStatus(t, c, idOf(t, spec), client.StatusCompleted)
		one.call(t, user[0], user[1], "PUT", "/ops/transfers/"+idOf(t, spec), `{"sealed":true}`, nil)
		for _, n := range []*testNode{one, other} {
			if out := run(t, at(n, spec)); !strings.Contains(out, "error 37: ") {
				t.Errorf("after the seal: %q", out)
			}
			if out := run(t, at(n, next)); out != "" {
				t.Errorf("another transfer: %s", out)
			}
		}
		if got := awaitStatus(t, c, idOf(t, spec), client.StatusCompleted); got.Status != client.StatusCompleted {
			t.Errorf("the transfer is %s", got.Status)
		}
	}
}

// node-40: a token of a second begins nothing two seconds later, and what it began goes on.
func TestTokenOfASecond(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := n.client(t, "node", nodePassword)
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, string(make([]byte, 1<<20)))
	ask := client.TransferRequest{
		DestinationRoot: "/default", Paths: []transferspec.Path{{Source: source}}, TokenLifeSeconds: 1, TargetRateKbps: 2000,
		RatePolicy: "fixed",
	}
	var running *exec.Cmd
	eventually(t, "a session that began within the second", func() (any, bool) {
		spec, err := c.UploadSetup(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		running = command(t, spec) // It takes four seconds.
		if err := running.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			got, err := c.Transfer(t.Context(), idOf(t, spec))
			if err == nil {
				return got.Status, true
			}
		}
		return nil, false
	})
	later, err := c.UploadSetup(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	if out := run(t, later); !strings.Contains(out, "error 37: authorization token has expired") {
		t.Errorf("two seconds later: %q", out)
	}
	if err := running.Wait(); err != nil {
		t.Errorf("the session that runs: %v", err)
	}
}
