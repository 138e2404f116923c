package service_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/packages"
)

// Holders of access keys choose the tags of their transfers, and see those of their own specs. None of that moves a package.
func TestTransfersOfOthersChangeNoPackage(t *testing.T) {
	for name, c := range map[string]struct {
		// tags changes those of a good spec; kind, user and key say by what the session was opened.
		tags            func(*packages.Tags)
		direction       transferspec.Direction
		kind, user, key string
	}{
		"by an access key":       {kind: "basic", user: "ak", key: "ak"},
		"by a key's token":       {kind: "transfer", user: "ak", key: "ak"},
		"by a bearer token":      {kind: "bearer", user: "someone", key: "ak"},
		"without a token":        {kind: "none"},
		"by another node user":   {kind: "transfer", user: "another"},
		"without a MAC":          {tags: func(t *packages.Tags) { t.MAC = "" }},
		"with a made-up MAC":     {tags: func(t *packages.Tags) { t.MAC = strings.Repeat("A", 43) }},
		"of another package":     {tags: func(t *packages.Tags) { t.PackageUUID, t.PackageID = "", "" }},
		"of another account":     {tags: func(t *packages.Tags) { t.AccountID = "1" }},
		"of a part":              {tags: func(t *packages.Tags) { t.Whole = false }},
		"in the other direction": {direction: transferspec.Receive},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			mine, theirs := s.create(nil), s.create(nil)
			spec, err := s.alice.UploadSpec(t.Context(), mine.ID, []string{"files"})
			if err != nil {
				t.Fatal(err)
			}
			other, err := s.alice.UploadSpec(t.Context(), theirs.ID, []string{"files"})
			if err != nil {
				t.Fatal(err)
			}
			if c.tags != nil {
				spec.Tags = changeTags(t, spec.Tags, func(tags *packages.Tags) {
					c.tags(tags)
					if tags.PackageUUID == "" { // The MAC of the own package with the name of another.
						tags.PackageUUID, tags.PackageID = theirs.PackageUUID, theirs.ID
					}
				})
			}
			if c.direction != "" {
				spec.Direction = c.direction
			}
			session := s.node.BeginAs(t, spec, c.kind, c.user, c.key)
			session.Progress(10, 10, 2)
			session.Finish(t, "")
			s.run()
			s.want(mine, "held", "queued")
			s.want(theirs, "held", "queued")
			if n, err := s.in.Store.Transfers(t.Context(), number(t, mine.ID), string(spec.Direction)); err != nil || len(n) > 0 {
				t.Errorf("stored %+v, %v", n, err)
			}
			// The same scene takes what was issued.
			good := s.node.Begin(t, other)
			s.node.Write(t, "packages/"+theirs.PackageUUID+".incoming/f", "x")
			good.Finish(t, "")
			s.run()
			s.want(theirs, "released", "completed")
		})
	}
}

func changeTags(t *testing.T, raw json.RawMessage, change func(*packages.Tags)) json.RawMessage {
	t.Helper()
	var all map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	tags, ok := packages.TagsOf(raw)
	if !ok {
		t.Fatalf("no tags of a package: %s", raw)
	}
	change(&tags)
	text, err := json.Marshal(tags)
	if err != nil {
		t.Fatal(err)
	}
	all["aspera"]["faspex"] = text
	out, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
