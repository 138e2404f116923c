package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	node "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/lab"
)

// refusalFolder is where refused uploads were headed.
const refusalFolder = "/default/refused"

// refusals has ascp present what must not be let in. Each is refused with a message that says why, and leaves no file.
func refusals(t *testing.T) {
	api, err := cluster.NodeAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := api.CreateDirectory(t.Context(), refusalFolder); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "contraband.dat")
	if err := os.WriteFile(file, []byte("never to be stored"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		life   int64
		change func(t *testing.T, spec *transferspec.Spec)
		want   string
	}{
		{"wrong token", 60, func(_ *testing.T, spec *transferspec.Spec) {
			middle := len(spec.Token) / 2
			flipped := "A"
			if spec.Token[middle] == 'A' {
				flipped = "B"
			}
			spec.Token = spec.Token[:middle] + flipped + spec.Token[middle+1:]
		}, "token is invalid"},
		{"no token", 60, func(_ *testing.T, spec *transferspec.Spec) { spec.Token = "" }, "neither a token"},
		{"expired token", 1, func(*testing.T, *transferspec.Spec) { time.Sleep(2100 * time.Millisecond) }, "expired"},
		{"path outside the token", 60,
			func(_ *testing.T, spec *transferspec.Spec) {
				spec.DestinationRoot = "/default/elsewhere"
			}, "not allowed"},
		{"path that climbs out", 60, func(_ *testing.T, spec *transferspec.Spec) {
			spec.DestinationRoot = refusalFolder + "/../../.."
		}, "not allowed"},
		{"wrong SSH key", 60, func(t *testing.T, spec *transferspec.Spec) { spec.SSHPrivateKey = strangerKey(t) },
			"does not accept the SSH key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec, err := api.UploadSetup(t.Context(), node.TransferRequest{
				DestinationRoot: refusalFolder, TokenLifeSeconds: test.life, Paths: []transferspec.Path{{Destination: "/"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			token := spec.Token
			spec.Paths = []transferspec.Path{{Source: file}}
			test.change(t, &spec)
			_, err = cluster.Transfer(t.Context(), spec)
			var refused *lab.TransferError
			if !errors.As(err, &refused) {
				t.Fatalf("ascp: %v; want a refusal", err)
			}
			t.Log(refused)
			if !strings.Contains(refused.Output, test.want) {
				t.Errorf("the message does not say %q: %s", test.want, refused.Output)
			}
			if strings.Contains(refused.Output, token) {
				t.Error("the message shows the token")
			}
		})
	}
	for _, folder := range []string{refusalFolder, "/default"} {
		listing, err := api.Browse(t.Context(), node.BrowseRequest{Path: folder})
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range listing.Items {
			if strings.Contains(entry.Path, "contraband") || strings.Contains(entry.Path, "elsewhere") {
				t.Errorf("a refused transfer left %s", entry.Path)
			}
		}
	}
}

func downloadTokenOpensNothingElse(t *testing.T) {
	api, err := cluster.NodeAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := api.DownloadSetup(t.Context(), node.TransferRequest{SourceRoot: refusalFolder,
		Paths: []transferspec.Path{{Source: "/"}}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"../packages": "not allowed", "../../../etc/passwd": "not allowed",
		"/default/packages": "no such file", // beneath the token's folder, where there is none
	} {
		spec.DestinationRoot = t.TempDir()
		spec.Paths = []transferspec.Path{{Source: path}}
		_, err := cluster.Transfer(t.Context(), spec)
		var refused *lab.TransferError
		if !errors.As(err, &refused) {
			t.Fatalf("ascp with %s: %v; want a refusal", path, err)
		}
		t.Log(refused)
		if !strings.Contains(refused.Output, want) {
			t.Errorf("the message about %s does not say %q: %s", path, want, refused.Output)
		}
		if left, err := os.ReadDir(spec.DestinationRoot); err != nil || len(left) > 0 {
			t.Errorf("%s left %v, %v", path, left, err)
		}
	}
}

// strangerKey is a fresh private key that no node knows.
func strangerKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "stranger")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}
