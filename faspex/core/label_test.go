package core_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
)

// faspex-N9: the folder of a package is <title> - <uuid>.aspera-package/PKG - <title>, the title cut at the configured
// length and cleaned.
func TestContentLiesInTheDocumentedFolder(t *testing.T) {
	x := newExchange(t)
	x.configure(t, map[string]any{"max_title_length_in_storage_paths": 9})
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "../Plans of 2026", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := x.alice.UploadSpec(t.Context(), p.ID, []string{"a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	want := "/default/packages/.._Plans - " + p.PackageUUID + ".aspera-package/PKG - .._Plans"
	if spec.DestinationRoot != want {
		t.Errorf("%q, want %q", spec.DestinationRoot, want)
	}
}

// faspex-T6 (its other half, the page, is the journey "send to groups"): the values of metadata are in tags and cookie.
// faspex-R5, faspex-R6: tags and cookie tell in the published form who transfers which package.
func TestTagsAndCookieAreThePublishedOnes(t *testing.T) {
	x := newExchange(t)
	p, err := x.alice.CreatePackage(t.Context(), api.PackageCreate{Title: "Plans", Recipients: to("bob"),
		Metadata: map[string]json.RawMessage{"job": json.RawMessage(`"42"`)}})
	if err != nil {
		t.Fatal(err)
	}
	up, err := x.alice.UploadSpec(t.Context(), p.ID, []string{"a.txt"})
	if err != nil {
		t.Fatal(err)
	}
	x.deliver(t, p.ID)
	x.node.write(t, contentOf(p)+"/a.txt", "12345")
	down, err := x.bob.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		way, name string
		spec      transferspec.Spec
	}{{"u", "alice", up}, {"d", "bob", down}} {
		type person struct {
			Name  string `json:"name"`
			First string `json:"first_name"`
			Last  string `json:"last_name"`
			Email string `json:"email"`
		}
		var tags struct {
			Aspera struct {
				XferID string `json:"xfer_id"`
				Faspex struct {
					Requestor  person            `json:"requestor"`
					Downloader *person           `json:"downloader"`
					Metadata   map[string]string `json:"metadata"`
					ID         json.Number       `json:"_pkg_id"`
				} `json:"faspex"`
			} `json:"aspera"`
		}
		if err := json.Unmarshal(test.spec.Tags, &tags); err != nil {
			t.Fatal(err)
		}
		who := person{test.name, "Test", test.name, test.name + "@example.com"}
		f := tags.Aspera.Faspex
		if f.Requestor != who || (f.Downloader != nil) != (test.way == "d") || f.Downloader != nil && *f.Downloader != who ||
			f.Metadata["_pkg_uuid"] != p.PackageUUID || f.Metadata["_pkg_name"] != "Plans" || f.Metadata["job"] != "42" ||
			f.Metadata["_created_utc"] != p.CreatedTime || f.ID.String() != p.ID {
			t.Errorf("%s: tags %s", test.way, test.spec.Tags)
		}
		parts := strings.Split(test.spec.Cookie, ":")
		if len(parts) != 6 || parts[0] != "aspera.faspex20" || parts[1] != test.way || parts[2] != tags.Aspera.XferID {
			t.Fatalf("cookie %q, transfer %s", test.spec.Cookie, tags.Aspera.XferID)
		}
		for i, want := range []string{test.name, `"_pkg_uuid":"` + p.PackageUUID + `"`, "Plans"} {
			text, err := base64.RawStdEncoding.DecodeString(parts[3+i])
			if err != nil || !strings.Contains(string(text), want) || i == 1 && !strings.Contains(string(text), `"job":"42"`) {
				t.Errorf("%s: part %d is %q, want %q (%v)", test.way, i, text, want, err)
			}
		}
	}
}
