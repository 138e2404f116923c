package instance_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/controllers/desired/instance"
)

// TestRouterServesARenewedCertificate without a restart: new connections get it, a request that is under way ends well,
// and none fails meanwhile. One that nginx refuses changes nothing.
func TestRouterServesARenewedCertificate(t *testing.T) {
	release := make(chan struct{})
	router := startRouter(t, instance.Router{Core: upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			fmt.Fprintln(w, "begun")
			w.(http.Flusher).Flush()
			<-release
		}
		fmt.Fprint(w, "done")
	})})
	started := processStart(t, router.Pid)
	served := func() *tls.ConnectionState {
		t.Helper()
		config := router.TLS.Clone()
		config.InsecureSkipVerify = true // #nosec G402 -- what is served is looked at below
		conn, err := tls.Dial("tcp", strings.TrimPrefix(router.URL, "https://"), config)
		if err != nil {
			t.Fatalf("a connection fails meanwhile: %v", err)
		}
		state := conn.ConnectionState()
		_ = conn.Close()
		return &state
	}
	first := served().PeerCertificates[0]
	answer, err := router.Client(false).Get(router.URL + "/aspera/faspex/api/v5/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	slow := bufio.NewReader(answer.Body)
	if line, err := slow.ReadString('\n'); line != "begun\n" {
		t.Fatalf("%q, %v", line, err)
	}

	router.Renew(t)
	for deadline := time.Now().Add(time.Minute); served().PeerCertificates[0].Equal(first); {
		if time.Now().After(deadline) {
			t.Fatalf("the renewed certificate is not served\n%s", router.Log())
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, text := fetch(t, router.Client(true), http.MethodGet, router.URL+"/aspera/faspex/api/v5/x", nil, nil); text != "done" {
		t.Errorf("a client that trusts the renewed certificate alone gets %q", text)
	}
	close(release)
	if rest, err := io.ReadAll(slow); string(rest) != "done" || err != nil {
		t.Errorf("the request that was under way ends with %q, %v", rest, err)
	}
	if processStart(t, router.Pid) != started {
		t.Error("nginx was restarted")
	}

	second := served().PeerCertificates[0]
	router.Spoil(t)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(router.Log(), "cannot load certificate"); {
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not look at the certificate\n%s", router.Log())
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !served().PeerCertificates[0].Equal(second) {
		t.Error("another certificate than the last good one is served")
	}
}

// processStart is when a process began, as the kernel tells it.
func processStart(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return fields[19]
}
