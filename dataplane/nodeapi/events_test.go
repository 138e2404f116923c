package nodeapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/transferspec"
)

// moves has a node record transfers with a key, each with files, as sessions do.
func (a *api) moves(t *testing.T, node, key string, transfers, files int) {
	t.Helper()
	recorder := store.NewRecorder(a.store, node, time.Now, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var done sync.WaitGroup
	done.Go(func() { recorder.Run(ctx) })
	for i := range transfers {
		rec, err := recorder.Begin(ctx, record.Transfer{
			TransferID: uuid.NewString(), SessionID: uuid.NewString(), Direction: transferspec.Send, AccessKey: key,
			TokenUser: key, TokenKind: "transfer", Tags: []byte(`{}`),
		})
		if err != nil {
			t.Error(err)
			break
		}
		for f := range files {
			rec.File(record.FileResult{Path: fmt.Sprintf("f%d", f), Size: 7, Status: record.StatusCompleted, EndedAt: time.Now()})
		}
		rec.Progress(record.Progress{BytesTransferred: 7 * int64(files), FilesCompleted: int64(files)})
		o := record.Outcome{Status: record.StatusCompleted}
		if i%5 == 4 {
			o = record.Outcome{Status: record.StatusFailed, Code: 15, Description: "gone"}
		}
		rec.Finish(o)
		<-rec.Written()
	}
	stop()
	done.Wait()
}

// follow reads events by their links, from whichever node, until there are so many.
func follow(t *testing.T, nodes []*api, user, query string, want int) []client.Event {
	t.Helper()
	var all []client.Event
	path := "/events?count=3" + query
	for i, end := 0, time.Now().Add(time.Minute); len(all) < want && time.Now().Before(end); i++ {
		var page []client.Event
		code, headers := nodes[i%len(nodes)].call(t, user, path, &page)
		if code != "200" || len(page) > 3 {
			t.Fatalf("%s: %s, %d events", path, code, len(page))
		}
		all = append(all, page...)
		if _, link, found := strings.Cut(headers, "Link: <https://"); found {
			link, _, _ = strings.Cut(link, ">")
			path = link[strings.Index(link, "/"):]
		} else if len(all) > 0 {
			t.Fatalf("no link: %s", headers)
		}
	}
	return all
}

func typesOf(events []client.Event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.Types]++
	}
	return n
}

// node-84: whoever follows the links reads each start, end, file, permission and change of a key once and in order, from
// any node, while two nodes write. What is not to be logged of a key is not.
func TestEventsAreToldOnceAndInOrder(t *testing.T) {
	one, other := twoNodes(t)
	ctx, c := t.Context(), one.master(t)
	for id, logging := range map[string]string{
		"all":  `{"server":{"activity_event_logging":true,"activity_file_event_logging":true}}`,
		"none": `{"server":{"activity_event_logging":false}}`,
	} {
		_, err := c.CreateAccessKey(ctx, client.AccessKey{ID: id, Secret: "s", Configuration: []byte(logging),
			Storage: &client.Storage{Type: "local", Path: "/" + id}})
		if err != nil {
			t.Fatal(err)
		}
	}
	var writing sync.WaitGroup
	writing.Go(func() { one.moves(t, "n1", "all", 5, 4) })
	writing.Go(func() { other.moves(t, "n2", "all", 5, 4) })
	writing.Go(func() { other.moves(t, "n3", "none", 5, 4) })
	wanted := map[string]int{
		"access_key.created": 1, "transfer.started": 10, "transfer.completed": 8, "transfer.failed": 2, "file.uploaded": 40,
	}
	const all = 61
	got := follow(t, []*api{one, other}, "all:s", "", all)
	writing.Wait()
	equal(t, "events of a key", typesOf(got), wanted)
	again := follow(t, []*api{other}, "all:s", "", all)
	equal(t, "the same from the other node", again, got)
	if at := slices.IndexFunc(got, func(e client.Event) bool { return e.AccessKey != "all" }); at >= 0 {
		t.Errorf("another's event: %+v", got[at])
	}
	var none []client.Event
	if one.call(t, "none:s", "/events", &none); len(none) > 0 {
		t.Errorf("of a key without logging: %+v", none)
	}

	// A file, a permission and the key itself.
	for _, call := range [][]string{
		{"/files/1/files", "-X", "POST", "-d", `{"name":"new","type":"file","contents":""}`},
		{"/files/1/files", "-X", "POST", "-d", `{"name":"box","type":"folder"}`},
		{"/permissions", "-X", "POST", "-d", `{"file_id":"1","access_type":"user","access_id":"u","access_level":"view"}`},
	} {
		if code, _ := other.call(t, "all:s", call[0], nil, call[1:]...); code != "200" && code != "201" {
			t.Fatalf("%s: %s", call[0], code)
		}
	}
	if err := c.UpdateAccessKey(ctx, "all", client.AccessKeyUpdate{Secret: new("s2")}); err != nil {
		t.Fatal(err)
	}
	last := got[len(got)-1].ID
	var more []client.Event
	one.call(t, "all:s2", "/events?iteration_token="+last, &more)
	equal(t, "changes", typesOf(more), map[string]int{"file.created": 2, "permission.created": 1, "access_key.updated": 1})
	var picked []client.Event
	one.call(t, "all:s2", "/events?type_glob[]=permission.*&type_glob[]=access_*", &picked, "-g")
	equal(t, "by patterns", typesOf(picked), map[string]int{"permission.created": 1, "access_key.created": 1,
		"access_key.updated": 1})
	var single client.Event
	if one.call(t, "all:s2", "/events/"+picked[0].ID, &single); single.ID != picked[0].ID {
		t.Errorf("one event: %+v", single)
	}
	if code, _ := one.call(t, "none:s", "/events/"+picked[0].ID, nil); code != "404" {
		t.Errorf("another's event: %s", code)
	}
	for _, query := range []string{"count=0", "iteration_token=x", "after_time=yesterday"} {
		if code, _ := one.call(t, "all:s2", "/events?"+query, nil); code != "400" {
			t.Errorf("%s: %s", query, code)
		}
	}
}

func TestUsageIsThatOfTheKeyOrOfTheKeysBelow(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "ak", "s", "/k")
	createKey(t, a.master(t), "rival", "s", "/r")
	a.moves(t, "n1", "ak", 2, 3)
	want := client.KeyUsage{ID: "ak", BytesIn: 42, BytesTotal: 42}
	for user, path := range map[string]string{
		"ak:s": "/usage", asNodeUser: "/usage?access_key=ak",
	} {
		var got client.KeyUsage
		if code, _ := a.call(t, user, path, &got); code != "200" || got != want {
			t.Errorf("%s: %s %+v", path, code, got)
		}
	}
	for path, want := range map[string]string{"/usage/rival": "404", "/usage/nobody": "404"} {
		if code, _ := a.call(t, "ak:s", path, nil); code != want {
			t.Errorf("%s: %s", path, code)
		}
	}
	if code, _ := a.call(t, asNodeUser, "/usage", nil); code != "400" {
		t.Errorf("without a key: %s", code)
	}
}
