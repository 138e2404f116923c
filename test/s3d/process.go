package s3d

import (
	"bytes"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faspex.io/operator/test/freeport"
)

// StartProcess builds the server's own program and runs it as a process with an empty bucket until the test ends. As it
// speaks no TLS, a proxy does that for it. Nothing can be done behind its back.
func StartProcess(t testing.TB) *Server {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gofakes3")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/johannesboyne/gofakes3/cmd/gofakes3")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the S3 server: %v: %s", err, out)
	}
	port, err := freeport.New()
	if err != nil {
		t.Fatal(err)
	}
	address := url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(port)}
	s := &Server{Bucket: bucket}
	var said bytes.Buffer
	process := exec.Command(program, "-backend", "memory", "-host", address.Host, "-initialbucket",
		s.Bucket)
	process.Stdout, process.Stderr = &said, &said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // It was killed.
		if t.Failed() {
			t.Logf("the S3 server said: %.4000s", said.String())
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get(address.String())
		if err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the S3 server does not answer: %v", err)
		}
	}
	s.serve(t, "127.0.0.1", httputil.NewSingleHostReverseProxy(&address))
	return s
}
