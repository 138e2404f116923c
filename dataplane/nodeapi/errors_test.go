package nodeapi_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"faspex.io/operator/dataplane/fileaccess"
	"faspex.io/operator/dataplane/nodeapi"
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

// pathErrors are the errors of the paths of an answer, by place.
func pathErrors(t *testing.T, body string) map[int]client.ErrorBody {
	t.Helper()
	var out struct {
		Paths []struct {
			Path  string            `json:"path"`
			Error *client.ErrorBody `json:"error"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("answer %s: %v", body, err)
	}
	failed := map[int]client.ErrorBody{-1: {Code: len(out.Paths)}}
	for i, p := range out.Paths {
		if p.Error != nil {
			failed[i] = *p.Error
		}
	}
	return failed
}

// readOnly makes the folder dir one that nothing can be made in; what is mounted in it stays as it is.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
		return
	}
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// writableBelow mounts a storage at a folder, as a node's pod has them.
func writableBelow(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return // The folder has rights of its own.
	}
	if err := syscall.Mount(t.TempDir(), dir, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// Each kind of failure has its status and a text that says what it is, and only those of the database name the database:
// node-10, with TestErrorsAreToldByWhatTheyAre for input/output errors and TestWithoutADatabase.
func TestErrorsOfFilesAreNotTheDatabases(t *testing.T) {
	a := start(t)
	for _, d := range []string{"ro", "ok"} {
		if err := os.Mkdir(filepath.Join(a.dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a.write(t, "ro/file", "x")
	readOnly(t, filepath.Join(a.dir, "ro"))
	for from, to := range map[string]string{"one": "two", "two": "one", "self": "self"} {
		if err := os.Symlink(to, filepath.Join(a.dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	loop, denied := "symbolic links lead in a circle", []string{"the file system is read-only", "permission denied"}
	for name, tt := range map[string]struct {
		call, body string
		code       int
		says       []string
	}{
		"create, read-only": {"create", `{"path":"/ro/x","type":"directory"}`, 403, denied},
		"file, read-only":   {"create", `{"path":"/ro/x","type":"file","contents":""}`, 403, denied},
		"link, read-only":   {"create", `{"path":"/ro/x","type":"symbolic_link","target":{"path":"/ok"}}`, 403, denied},
		"delete, read-only": {"delete", `{"path":"/ro/file"}`, 403, denied},
		"rename, read-only": {"rename", `{"path":"/ro","source":"file","destination":"other"}`, 403, denied},
		"create in a loop":  {"create", `{"path":"/one/x","type":"directory"}`, 409, []string{loop}},
		"info of a loop":    {"info", `{"path":"/self/x"}`, 409, []string{loop}},
		"delete in a loop":  {"delete", `{"path":"/two/x"}`, 409, []string{loop}},
		"beneath a file":    {"create", `{"path":"/ro/file/x","type":"directory"}`, 409, []string{"not a directory"}},
		"name that is large": {"create", fmt.Sprintf(`{"path":"/%s","type":"directory"}`, strings.Repeat("x", 256)), 400,
			[]string{"not a valid path"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, body := a.curl(t, "/files/"+tt.call, append(asNode, "-d", `{"paths":[`+tt.body+`]}`)...)
			e := pathErrors(t, body)[0]
			ok := false
			for _, says := range tt.says {
				ok = ok || strings.Contains(e.UserMessage, says)
			}
			if code != "200" || e.Code != tt.code || e.Reason != http.StatusText(tt.code) || !ok ||
				strings.Contains(body, "database") {
				t.Errorf("%s %s, want %d and %q", code, body, tt.code, tt.says)
			}
		})
	}
	// The same by id and outside of paths.
	code, _, body := a.curl(t, "/files/browse", append(asNode, "-d", `{"path":"/one/x"}`)...)
	if code != "409" || !strings.Contains(body, loop) {
		t.Errorf("browse of a loop: %s %s", code, body)
	}
	createKey(t, a.master(t), "ak", "s", "/ro2")
	readOnly(t, filepath.Join(a.dir, "ro2"))
	code, _, body = a.curl(t, "/files/1/files", "-u", "ak:s", "-d", `{"name":"x","type":"folder"}`)
	if code != "403" || strings.Contains(body, "database") {
		t.Errorf("create by id, read-only: %s %s", code, body)
	}
}

// Errors that no file system of a test has at hand are told by what they are.
func TestErrorsAreToldByWhatTheyAre(t *testing.T) {
	of := func(number syscall.Errno) error { return &os.PathError{Op: "read", Path: "x", Err: number} }
	for _, tt := range []struct {
		err  error
		want string
	}{
		{of(syscall.EIO), "500 the storage reports an input/output error"},
		{of(syscall.ENXIO), "500 the storage reports: no such device or address"},
		{fmt.Errorf("file ids: %w", fileaccess.ErrChanging), "409 the folder changes too quickly, try again"},
	} {
		if got := nodeapi.APIErrorOf(tt.err); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestWithoutADatabase(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName = "tcp", listener.Addr().String(), "u", "database-s3cret", "d"
	listener.Close()
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := startWith(t, s, t.TempDir())
	c := a.master(t)
	if _, err := c.UploadSetup(t.Context(), client.TransferRequest{DestinationRoot: "/x"}); err != nil {
		t.Errorf("the node user's setup needs no database: %v", err)
	}
	_, _, err = c.Transfers(t.Context(), client.TransferQuery{})
	status(t, err, 503)
	if !strings.Contains(err.Error(), "can't reach its database") {
		t.Errorf("the text is %q", err)
	}
	_, err = c.CreateAccessKey(t.Context(), client.AccessKey{Storage: &client.Storage{Type: "local", Path: "/x"}})
	status(t, err, 503)
	_, err = a.client(t, "ak", "s").Info(t.Context())
	status(t, err, 503)
	if log := a.log.String(); !strings.Contains(log, "refused") || strings.Contains(log, "database-s3cret") {
		t.Errorf("log = %s", log)
	}
}

// Who is to come again is told when: after failed logins, and when too many log in at once, which is not the database's
// fault.
func TestRefusalsThatPassSayWhen(t *testing.T) {
	a := start(t)
	for _, tt := range []struct {
		err  error
		wait string
	}{
		{token.ThrottledError{RetryAfter: 1500 * time.Millisecond}, "2"},
		{fmt.Errorf("check secret: %w", store.ErrBusy), "1"},
	} {
		got := nodeapi.Refusal(a.server, tt.err)
		got.Body.Close()
		if wait := got.Header.Get("Retry-After"); got.StatusCode != http.StatusTooManyRequests || wait != tt.wait {
			t.Errorf("%v: %d, after %q seconds, want 429, after %s", tt.err, got.StatusCode, wait, tt.wait)
		}
	}
}

// node-11: one bad path among 100 leaves 99 results and one error object.
func TestOneBadPathSpoilsNoOther(t *testing.T) {
	a := start(t)
	for _, bad := range []string{
		`{"path":"/none/x/y"}`, `{"path":7}`, `"text"`, `null`, `{}`, `{"path":"/a\u0000b"}`, "{\"path\":\"/\xff\"}",
		`{"path":"/f/under"}`,
		fmt.Sprintf(`{"path":"/%s"}`, strings.Repeat("x", 300)), `{"path":"/loop/x"}`,
	} {
		for _, call := range []string{"create", "info", "rename", "delete", "space"} {
			a.write(t, "f", "")
			_ = os.Symlink("loop", filepath.Join(a.dir, "loop"))
			elements := make([]string, 100)
			for i := range elements {
				elements[i] = fmt.Sprintf(`{"path":"/d/%d","type":"directory"}`, i)
				switch call {
				case "rename":
					elements[i] = fmt.Sprintf(`{"path":"/d","source":"%d","destination":"n%d"}`, i, i)
				case "delete":
					elements[i] = fmt.Sprintf(`{"path":"/d/n%d"}`, i)
				}
			}
			elements[42] = bad
			path, list := "/files/"+call, strings.Join(elements, ",")
			if call == "space" {
				path, list = "/space", strings.Repeat(`{"path":"/"},`, 99)+bad
			}
			code, _, body := a.curl(t, path, append(asNode, "--data-binary", `{"paths":[`+list+`]}`)...)
			if code != "200" {
				t.Errorf("%s of %q: %s %s", call, bad, code, body)
				continue
			}
			failed := pathErrors(t, body)
			if failed[-1].Code != 100 || len(failed) != 2 {
				t.Errorf("%s of %q: %+v", call, bad, failed)
			}
		}
		if err := os.RemoveAll(filepath.Join(a.dir, "d")); err != nil {
			t.Fatal(err)
		}
	}
}

// node-12: where the docroot holds only mounts, a folder at its top is refused with the names of the storages.
func TestTopOfMountsNamesTheStorages(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"default", "archive", "frozen"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	readOnly(t, dir)
	writableBelow(t, filepath.Join(dir, "default"))
	writableBelow(t, filepath.Join(dir, "archive"))
	if os.Geteuid() != 0 {
		readOnly(t, filepath.Join(dir, "frozen"))
	}
	a := startIn(t, dir)
	want := "nothing can be made at the top of the storage, only below the storages /archive, /default"
	for _, body := range []string{`{"path":"/x","type":"directory"}`, `{"path":"/x/y/z","type":"directory"}`,
		`{"path":"x","type":"file","contents":""}`} {
		_, _, answer := a.curl(t, "/files/create", append(asNode, "-d", `{"paths":[`+body+`]}`)...)
		if e := pathErrors(t, answer)[0]; e.Code != 403 || e.UserMessage != want {
			t.Errorf("%s: %s", body, answer)
		}
	}
	_, err := a.master(t).CreateAccessKey(t.Context(),
		client.AccessKey{ID: "k", Secret: "s", Storage: &client.Storage{Type: "local", Path: "/tenant"}})
	var e *client.Error
	if !asError(err, &e) || e.Status != 403 || e.UserMessage != want {
		t.Errorf("the folder of a key: %v", err)
	}
	if err := a.master(t).CreateDirectory(t.Context(), "/default/x"); err != nil {
		t.Errorf("below a storage: %v", err)
	}
}
