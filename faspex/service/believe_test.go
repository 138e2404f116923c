package service_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// retag changes what the tags of a package say of a transfer.
func retag(t *testing.T, raw json.RawMessage, change func(map[string]any)) json.RawMessage {
	t.Helper()
	var tags struct {
		Aspera map[string]any `json:"aspera"`
	}
	if err := json.Unmarshal(raw, &tags); err != nil {
		t.Fatal(err)
	}
	change(tags.Aspera["faspex"].(map[string]any))
	out, err := json.Marshal(tags)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTransfersThatCoreDidNotIssue: whoever has an access key of a node, or a spec of an own package, can have the node
// record transfers with tags of any package. None of them may complete an upload or count as a download.
func TestTransfersThatCoreDidNotIssue(t *testing.T) {
	s := newScene(t)
	// Each of the transfers below moves the clock on: none of the packages shall be given up meanwhile.
	if err := s.in.Admin.Configure(t.Context(), map[string]any{"package_upload_timeout": 86_400}); err != nil {
		t.Fatal(err)
	}
	own, other := s.create(nil), s.create(nil)
	spec := func(p api.Package) transferspec.Spec {
		t.Helper()
		spec, err := s.alice.UploadSpec(t.Context(), p.ID, []string{"files"})
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	good, stolen := spec(own), spec(other)
	set := func(field string, value any) func(*record.Transfer) {
		return func(tr *record.Transfer) {
			tr.Tags = retag(t, tr.Tags, func(f map[string]any) { f[field] = value })
		}
	}
	for name, change := range map[string]func(*record.Transfer){
		"by an access key":             func(tr *record.Transfer) { tr.AccessKey, tr.TokenUser = "key", "key" },
		"by a key named like the user": func(tr *record.Transfer) { tr.AccessKey = tr.TokenUser },
		"in another user's name":       func(tr *record.Transfer) { tr.TokenUser = "somebody" },
		"by basic token":               func(tr *record.Transfer) { tr.TokenKind = "basic" },
		"by bearer token":              func(tr *record.Transfer) { tr.TokenKind = "bearer" },
		"without a token":              func(tr *record.Transfer) { tr.TokenKind, tr.TokenUser = "", "" },
		"without a mac":                set("mac", ""),
		"with another package's mac": func(tr *record.Transfer) {
			var from struct {
				Aspera struct {
					Faspex map[string]any `json:"faspex"`
				} `json:"aspera"`
			}
			if err := json.Unmarshal(good.Tags, &from); err != nil {
				t.Fatal(err)
			}
			set("mac", from.Aspera.Faspex["mac"])(tr)
		},
		"in another account's name": set("account_id", "1"),
		"as another part":           set("whole", false),
		"as another side":           set("side", "received"),
		"with another package's id": set("package_id", own.ID),
		"as a download":             func(tr *record.Transfer) { tr.Direction = transferspec.Receive },
		"into another folder": func(tr *record.Transfer) {
			tr.StartSpec.DestinationPath = faspextest.PackageFolder(own)
		},
		"into the folder's parent":   func(tr *record.Transfer) { tr.StartSpec.DestinationPath += "/.." },
		"into a folder named nearly": func(tr *record.Transfer) { tr.StartSpec.DestinationPath += "2" },
	} {
		s.node.BeginAs(t, stolen, func(tr *record.Transfer) {
			tr.TransferID = uuid.NewString()
			change(tr)
		}).Finish(t, "")
		s.run()
		if got := s.read(other); got.State != "held" || got.UploadStatus != "queued" {
			t.Fatalf("%s: %+v", name, got)
		}
	}
	// The same node through its API: a key's holder asks for a token of the own folder with tags seen elsewhere.
	master := s.node.Client(t)
	key, err := master.CreateAccessKey(t.Context(), nodeapi.AccessKey{
		ID: "rivals", Secret: "rivals-secret", Storage: &nodeapi.Storage{Type: "local", Path: "/rivals"},
	})
	if err != nil {
		t.Fatal(err)
	}
	mine, err := s.node.ClientAs(t, key.ID, "rivals-secret").UploadSetup(t.Context(), nodeapi.TransferRequest{
		Cookie: stolen.Cookie, Tags: stolen.Tags, DestinationRoot: faspextest.PackageFolder(other),
	})
	// A node may refuse such tags itself: then nothing can come of them.
	if err == nil {
		s.node.BeginAs(t, mine, func(tr *record.Transfer) {
			tr.AccessKey, tr.TokenUser = key.ID, key.ID
		}).Finish(t, "")
		s.run()
		if got := s.read(other); got.State != "held" || got.UploadStatus != "queued" {
			t.Errorf("a token of the own folder: %+v", got)
		}
	}
	// What core did issue is still taken.
	s.node.Begin(t, stolen).Finish(t, "")
	s.run()
	s.want(other, "released", "completed")
	if got := s.read(own); got.State != "held" || got.UploadStatus != "queued" {
		t.Errorf("the own package: %+v", got)
	}

	down, err := s.bob.DownloadSpec(t.Context(), other.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*record.Transfer){
		"of another folder": func(tr *record.Transfer) {
			tr.StartSpec.SourcePaths = []string{faspextest.PackageFolder(own)}
		},
		"by an access key": func(tr *record.Transfer) { tr.AccessKey = "rivals" },
		"in another account's name": func(tr *record.Transfer) {
			tr.Tags = retag(t, tr.Tags, func(f map[string]any) { f["account_id"] = "1" })
		},
	} {
		s.node.BeginAs(t, down, func(tr *record.Transfer) {
			tr.TransferID = uuid.NewString()
			change(tr)
		}).Finish(t, "")
		s.run()
		if got := s.read(other); got.CompletedDownloadCount != 0 {
			t.Errorf("download %s was counted", name)
		}
	}
	s.node.BeginAs(t, down, func(tr *record.Transfer) {
		tr.StartSpec.SourcePaths = []string{faspextest.PackageFolder(other) + "/a.txt"}
	}).Finish(t, "")
	s.run()
	if got := s.read(other); got.CompletedDownloadCount != 1 {
		t.Errorf("%d downloads, want the one that was issued", got.CompletedDownloadCount)
	}
	if n := strings.Count(s.in.Log.String(), "report of a transfer ignored"); n < 19 {
		t.Errorf("%d reports were ignored and told", n)
	}
}

// TestTransfersOfAnotherNode: a node that another group runs must not speak for packages that lie elsewhere.
func TestTransfersOfAnotherNode(t *testing.T) {
	s := newScene(t)
	p := s.create(nil)
	spec, err := s.alice.UploadSpec(t.Context(), p.ID, []string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	second := faspextest.StartNode(t)
	s.in.Register(t, "south", second)
	second.Begin(t, spec).Finish(t, "")
	s.run()
	s.want(p, "held", "queued")
	s.node.Begin(t, spec).Finish(t, "")
	s.run()
	s.want(p, "released", "completed")
}
