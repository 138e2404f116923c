package nodeapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/test/s3d"
)

// twoNodesOfABucket are two nodes of one database, whose key "ak" has a bucket with a folder "big" of n objects in it.
func twoNodesOfABucket(t *testing.T, n int) (one, other *api, s *s3d.Server) {
	t.Helper()
	one, other = twoNodes(t)
	s = s3d.Start(t)
	for _, a := range []*api{one, other} {
		a.authorities.AppendCertsFromPEM(s.CA)
	}
	node := one.master(t)
	if err := node.DeleteAccessKey(t.Context(), "ak"); err != nil {
		t.Fatal(err)
	}
	if _, err := node.CreateAccessKey(t.Context(), client.AccessKey{ID: "ak", Secret: "s",
		Storage: bucketStorage(s)}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		s.Put(t, fmt.Sprintf("k/big/%d/%05d", i%10, i), fmt.Sprint(i))
	}
	return one, other, s
}

// bucketStorage is the folder "k" of a server's bucket.
func bucketStorage(s *s3d.Server) *client.Storage {
	return &client.Storage{
		Type: "aws_s3", Endpoint: s.Endpoint, Region: "us-east-1", Bucket: s.Bucket, Path: "/k",
		Credentials: &client.StorageCredentials{AccessKeyID: "id", SecretAccessKey: "secret"},
	}
}

// holds says that a folder of the bucket has all objects, or none.
func holds(t *testing.T, s *s3d.Server, folder string, want int) {
	t.Helper()
	n := 0
	for _, o := range s.Objects(t, folder+"/") {
		if !strings.HasSuffix(o, "/") {
			n++
		}
	}
	if n != want {
		t.Errorf("%s has %d objects, want %d", folder, n, want)
	}
}

// nth is how often something has to happen for fn to be called.
func nth(n int32, is func(*http.Request) bool, fn func()) func(http.ResponseWriter, *http.Request) bool {
	var seen atomic.Int32
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if is(r) && seen.Add(1) == n {
			fn()
		}
		return true
	}
}

func copies(r *http.Request) bool  { return r.Header.Get("X-Amz-Copy-Source") != "" }
func removes(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("delete") }

// node-115: a folder of 10,000 objects is renamed by a job, which another node ends when the first is killed, be it while
// it copies or while it removes.
func TestRenameOfManyObjects(t *testing.T) {
	for name, is := range map[string]struct {
		objects int
		request func(*http.Request) bool
		nth     int32
		// left is of the former folder when the node is gone.
		left  int
		whole bool
	}{
		"killed while it copies":  {10_000, copies, 5_000, 10_000, false},
		"killed while it removes": {3_000, removes, 2, 2_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			one, other, s := twoNodesOfABucket(t, is.objects)
			id := one.id(t, "1", "big")
			file := one.id(t, one.id(t, id, "3"), "00003")
			killed, gone := make(chan struct{}), make(chan struct{})
			s.Before(nth(is.nth, is.request, func() {
				nodeapi.Crash(one.server)
				close(killed)
				<-gone
			}))
			stop := one.runJobs(t)
			renamed := one.begin(t, "PUT", "/files/"+id, `{"name":"moved"}`)
			<-killed
			if j := other.job(t, renamed.URL, "GET"); j.Status != "running" || j.Whole != is.whole {
				t.Errorf("after the node is gone: %+v", j)
			}
			holds(t, s, "k/big", is.left)
			s.Before(s3d.Refuse) // What is on its way from the node that is gone goes nowhere.
			close(gone)
			stop()
			s.Before(nil)
			other.runJobs(t)
			other.until(t, renamed.URL, isStatus("complete"))
			holds(t, s, "k/big", 0)
			holds(t, s, "k/moved", is.objects)
			if got := s.Content(t, "k/moved/3/00003"); got != "3" {
				t.Errorf("an object holds %q", got)
			}
			if got := other.id(t, "1", "moved"); got != id {
				t.Errorf("the folder has id %s, it was %s", got, id)
			}
			if got := other.id(t, other.id(t, id, "3"), "00003"); got != file {
				t.Errorf("a file has id %s, it was %s", got, file)
			}
		})
	}
}

// A rename that is stopped before the copy is whole leaves nothing of it.
func TestRenameOfManyObjectsIsStopped(t *testing.T) {
	const objects = 2_000
	one, other, s := twoNodesOfABucket(t, objects)
	reached, proceed := make(chan struct{}), make(chan struct{})
	s.Before(nth(500, copies, func() {
		close(reached)
		<-proceed
	}))
	one.runJobs(t)
	job := one.begin(t, "PUT", "/files/"+one.id(t, "1", "big"), `{"name":"never"}`)
	<-reached
	other.job(t, "/ops/jobs/"+job.ID, "DELETE")
	close(proceed)
	other.until(t, job.URL, isStatus("cancelled"))
	holds(t, s, "k/big", objects)
	holds(t, s, "k/never", 0)
}
