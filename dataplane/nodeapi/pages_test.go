package nodeapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/storage"
)

// many makes a folder with n files.
func many(t *testing.T, dir string, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%06d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// node-61, the cost: each page of a folder looks at its names once, and holds and describes no more than its own entries,
// whichever page it is and however large the folder.
func TestPageCostsTheSameWhicheverItIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const all, count = 100_000, 100
	many(t, dir, all)
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for page, after := range map[int]string{1: "", 2: "f000099", 900: "f089899", all/count + 1: fmt.Sprintf("f%06d", all-1)} {
		got, err := nodeapi.ReadPage(root, after, count)
		if err != nil {
			t.Fatal(err)
		}
		want := nodeapi.PageCost{First: fmt.Sprintf("f%06d", (page-1)*count), Entries: count, Looked: all, Held: count + 1}
		if page > all/count {
			want = nodeapi.PageCost{Looked: all}
		}
		if got != want {
			t.Errorf("page %d: %+v, want %+v", page, got, want)
		}
	}
}

// node-61: pages hold each entry that stays exactly once, while a thousand others come and go. What a page costs is in
// TestPageCostsTheSameWhicheverItIs.
func TestPagesHoldEachEntryOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	dir := filepath.Join(a.dir, "k/big")
	const stay = 100_000
	many(t, dir, stay)
	churn := func(round int) {
		for i := range 1000 {
			_ = os.Remove(filepath.Join(dir, fmt.Sprintf("f%06d-%d-%d", i*stay/1000, round-1, i)))
			_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%06d-%d-%d", i*stay/1000, round, i)), nil, 0o600)
		}
	}
	staying := func(names []string) (out []string) {
		for _, n := range names {
			if !strings.Contains(n, "-") {
				out = append(out, n)
			}
		}
		return out
	}
	var want []string
	for i := range stay {
		want = append(want, fmt.Sprintf("f%06d", i))
	}
	var byPath []string
	in := client.PageRequest{Path: "/k/big", Count: 2000}
	for round := 0; ; round++ {
		churn(round)
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var page client.Page
		if code, _ := a.call(t, asNodeUser, "/files/page", &page, "-d", string(body)); code != "200" ||
			page.ItemCount != len(page.Items) || page.ItemCount > 2000 {
			t.Fatalf("page: %s, %d items", code, page.ItemCount)
		}
		for _, e := range page.Items {
			byPath = append(byPath, e.Basename)
		}
		if in.IterationToken = page.NextIterationToken; in.IterationToken == "" {
			break
		}
	}
	equal(t, "by path", staying(byPath), want)
	var all []struct{ Name, Type, ID string }
	a.call(t, "ak:s", "/files/1/files", &all)
	id := all[0].ID
	var byID []string
	ids := map[string]bool{}
	for round, next := 100, ""; ; round++ {
		churn(round)
		var page []struct{ Name, ID string }
		_, headers := a.call(t, "ak:s", "/files/"+id+"/files?per_page=2500"+next, &page, "-H", "Accept-Version: 4.0")
		for _, e := range page {
			byID, ids[e.ID] = append(byID, e.Name), true
		}
		_, token, found := strings.Cut(headers, "X-Aspera-Next-Iteration-Token: ")
		if !found {
			break
		}
		token, _, _ = strings.Cut(token, "\r\n")
		next = "&iteration_token=" + token
	}
	equal(t, "by id", staying(byID), want)
	if len(ids) != len(byID) {
		t.Errorf("%d ids of %d entries", len(ids), len(byID))
	}
}
