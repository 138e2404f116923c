package nodeapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/mariadbd"
)

// twoNodes are two nodes with one database and one folder, which do no jobs yet, and the key "ak".
func twoNodes(t *testing.T) (one, other *api) {
	t.Helper()
	cfg, dir := mariadbd.Start(t).Database(t), t.TempDir()
	var made [2]*api
	for i := range made {
		s, err := store.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		made[i] = startWith(t, s, dir)
		nodeapi.ShortenLeases(made[i].server, 300*time.Millisecond)
	}
	_, public := owner()
	_, err := made[0].master(t).CreateAccessKey(t.Context(), client.AccessKey{
		ID: "ak", Secret: "s", TokenVerificationKey: public, Storage: &client.Storage{Type: "local", Path: "/k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made[0], made[1]
}

// runJobs has a node do jobs until the returned function is called.
func (a *api) runJobs(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); a.server.RunJobs(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

// many makes a tree of n empty files in folders of 10,000.
func (a *api) many(t *testing.T, folder string, n int) {
	t.Helper()
	for i := range n {
		dir := filepath.Join(a.dir, folder, fmt.Sprint(i/10_000))
		if i%10_000 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		f, err := os.OpenFile(filepath.Join(dir, fmt.Sprint(i)), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// begin makes a job of "ak".
func (a *api) begin(t *testing.T, method, path, body string) (j client.Job) {
	t.Helper()
	code, headers, answer := a.curl(t, path, "-u", "ak:s", "-H", "Accept-Version: 4.0", "-X", method, "-d", body)
	if err := json.Unmarshal([]byte(answer), &j); err != nil || code != "202" || j.ID == "" || j.URL == "" ||
		!strings.Contains(headers, "Location: "+j.URL) {
		t.Fatalf("%s %s: %s %s", method, path, code, answer)
	}
	return j
}

// job reads a job of "ak".
func (a *api) job(t *testing.T, path, method string) (j client.Job) {
	t.Helper()
	code, _, body := a.curl(t, path, "-u", "ak:s", "-X", method)
	if code != "202" {
		t.Fatalf("%s %s: %s %s", method, path, code, body)
	}
	if err := json.Unmarshal([]byte(body), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

// until waits for a state of a job.
func (a *api) until(t *testing.T, path string, done func(client.Job) bool) client.Job {
	t.Helper()
	var j client.Job
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if j = a.job(t, path, "GET"); done(j) {
			return j
		}
	}
	t.Fatalf("the job came no further than %+v", j)
	return j
}

func isStatus(want string) func(client.Job) bool {
	return func(j client.Job) bool { return j.Status == want }
}

// manyFiles are enough to look at a job that is under way. That a call is answered before anything is done is shown by
// nodes that do no jobs: it holds for a million files as well.
const manyFiles = 40_000

// node-63 and node-64: a tree is counted and removed by jobs, which are there before anything is done, can be stopped,
// are followed at another node, and go on there when the first is gone.
func TestJobsOnManyFiles(t *testing.T) {
	one, other := twoNodes(t)
	one.many(t, "k/big", manyFiles)
	id := one.id(t, "1", "big")
	// No node does jobs: what is answered does not wait for the work, however much there is.
	du := one.begin(t, "POST", "/files/du", `{"path":"/big"}`)
	if j := other.job(t, du.URL, "GET"); j.Status != "waiting" {
		t.Errorf("at the other node: %+v", j)
	}
	never := one.begin(t, "POST", "/files/du", `{"path":"/big"}`)
	if j := other.job(t, never.URL, "DELETE"); j.Status != "cancelled" {
		t.Errorf("stopped before it began: %+v", j)
	}
	stop := one.runJobs(t)
	j := other.until(t, du.URL, isStatus("complete"))
	if j.Usage == nil || j.Usage.FileCount != manyFiles || j.Usage.DirCount != manyFiles/10_000 {
		t.Errorf("counted: %+v", j.Usage)
	}
	again := other.begin(t, "POST", "/files/du", `{"path":"/big"}`)
	other.until(t, again.URL, func(j client.Job) bool { return j.Usage != nil && j.Usage.FileCount > 0 })
	other.job(t, again.URL, "DELETE")
	if j := other.until(t, again.URL, isStatus("cancelled")); j.Usage.FileCount >= manyFiles {
		t.Errorf("stopped: %+v", j.Usage)
	}
	// The first node begins to remove, and is gone.
	removal := one.begin(t, "DELETE", "/files/"+id, "")
	if want := "/files/" + id + "?ajq_id=" + removal.ID; removal.URL != want {
		t.Errorf("the job is at %s, want %s", removal.URL, want)
	}
	begun := other.until(t, removal.URL, func(j client.Job) bool { return j.Removed > 0 })
	nodeapi.Crash(one.server)
	stop()
	if j := other.job(t, removal.URL, "GET"); j.Status != "running" || j.Removed >= manyFiles {
		t.Fatalf("after the node is gone: %+v", j)
	}
	other.runJobs(t)
	j = other.until(t, removal.URL, isStatus("complete"))
	if j.Removed <= begun.Removed || j.Removed > manyFiles+manyFiles/10_000+1 {
		t.Errorf("the first had removed %d, all in all %d", begun.Removed, j.Removed)
	}
	if _, err := os.Lstat(filepath.Join(one.dir, "k/big")); !os.IsNotExist(err) {
		t.Errorf("the folder: %v", err)
	}
	for _, a := range []*api{one, other} {
		if code, _ := a.call(t, "ak:s", "/files/"+id, nil); code != "404" {
			t.Errorf("the folder's id: %s", code)
		}
	}
}

// A node that ends in good order leaves its jobs at once, and what was done of them is told by whoever goes on.
func TestJobsAreLeftAsFarAsTheyCame(t *testing.T) {
	one, other := twoNodes(t)
	one.many(t, "k/big", manyFiles)
	id := one.id(t, "1", "big")
	j := one.begin(t, "DELETE", "/files/"+id, "")
	stop := one.runJobs(t)
	one.until(t, j.URL, func(j client.Job) bool { return j.Removed > 0 })
	stop()
	left := 0
	err := filepath.WalkDir(filepath.Join(one.dir, "k/big"), func(_ string, _ os.DirEntry, err error) error {
		left++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const all = manyFiles + manyFiles/10_000 + 1 // with the folders
	if j := other.job(t, j.URL, "GET"); j.Removed != all-int64(left) || left == 0 {
		t.Errorf("%d of %d are left, and the job says that %d were removed", left, all, j.Removed)
	}
	other.runJobs(t)
	if j := other.until(t, j.URL, isStatus("complete")); j.Removed <= all-int64(left) || j.Removed > all {
		t.Errorf("removed: %d, want %d", j.Removed, all)
	}
}

// A job is its key's, and its user's; a folder that is renamed while it is removed takes nothing else along.
func TestJobsAreTheirOwners(t *testing.T) {
	one, other := twoNodes(t)
	one.write(t, "k/d/f", "x")
	createKey(t, one.master(t), "stranger", "s", "/k")
	team := one.id(t, "1", "d")
	one.permit(t, "user", "luke", team, "list", "delete")
	luke, leia := bearerOf(t, "user:all", "luke"), bearerOf(t, "user:all", "leia")
	code, _, body := one.curl(t, "/files/"+team, "-H", "Authorization: Bearer "+luke, "-H", "Accept-Version: 4.0",
		"-X", "DELETE")
	var j client.Job
	if err := json.Unmarshal([]byte(body), &j); err != nil || code != "202" {
		t.Fatalf("%s %s", code, body)
	}
	for _, path := range []string{"/ops/jobs/" + j.ID, "/files/" + team + "?ajq_id=" + j.ID,
		"/files/1?ajq_id=" + j.ID + "&stop=cancel"} {
		if code, _ := other.as(t, leia, "GET", path, ""); code != "404" {
			t.Errorf("another user, %s: %s", path, code)
		}
		if code, _, _ := other.curl(t, path, "-u", "stranger:s"); code != "404" {
			t.Errorf("another key, %s: %s", path, code)
		}
	}
	if code, _ := other.as(t, leia, "DELETE", "/ops/jobs/"+j.ID, ""); code != "404" {
		t.Errorf("another user stops it: %s", code)
	}
	// Renamed before it begins, and another folder has its name.
	one.call(t, "ak:s", "/files/"+team, nil, "-X", "PUT", "-d", `{"name":"moved"}`)
	one.write(t, "k/d/innocent", "x")
	one.runJobs(t)
	one.until(t, "/ops/jobs/"+j.ID, isStatus("complete"))
	if _, err := os.Lstat(filepath.Join(one.dir, "k/d/innocent")); err != nil {
		t.Errorf("what has the name now: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(one.dir, "k/moved")); !os.IsNotExist(err) {
		t.Errorf("what was to be removed: %v", err)
	}
	if code, _, _ := one.curl(t, "/ops/jobs/"+j.ID+"?stop=perhaps", "-u", "ak:s"); code != "400" {
		t.Errorf("an unknown way to stop: %s", code)
	}
}
