package instance_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/test/nginxd"
)

// upstream serves handler and returns its host and port.
func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// told answers with its name and the request line as it came.
func told(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s %s %s", name, r.Method, r.RequestURI) }
}

func startRouter(t *testing.T, config instance.Router) *nginxd.Router {
	t.Helper()
	for name, address := range map[string]*string{"core": &config.Core, "ui": &config.UI, "utility": &config.Utility,
		"gateway": &config.Gateway} {
		if *address == "" {
			*address = upstream(t, told(name))
		}
	}
	return nginxd.Start(t, config)
}

func fetch(t *testing.T, client *http.Client, method, url string, header http.Header, body io.Reader) (*http.Response,
	string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// TestRouterForwards: every path goes where it belongs, as the client has written it.
func TestRouterForwards(t *testing.T) {
	router := startRouter(t, instance.Router{})
	client := router.Client(true)
	for path, want := range map[string]string{
		"/aspera/faspex/":                          "ui GET /aspera/faspex/",
		"/aspera/faspex/received/9?q=a%20b":        "ui GET /aspera/faspex/received/9?q=a%20b",
		"/aspera/faspex/api/v5/packages?q=%2F":     "core GET /aspera/faspex/api/v5/packages?q=%2F",
		"/aspera/faspex/api/v5/a%2Fb%20c/d//e":     "core GET /aspera/faspex/api/v5/a%2Fb%20c/d//e",
		"/aspera/faspex/api/v5/events":             "core GET /aspera/faspex/api/v5/events",
		"/aspera/faspex/public/send?context=a%2Bb": "core GET /aspera/faspex/public/send?context=a%2Bb",
		"/aspera/faspex/auth/authorize?state=%2B+": "core GET /aspera/faspex/auth/authorize?state=%2B+",
		"/aspera/faspex/health":                    "core GET /aspera/faspex/health",
		"/aspera/faspex/utility":                   "utility GET /aspera/faspex/utility",
		"/aspera/http-gwy/v1/info":                 "gateway GET /aspera/http-gwy/v1/info",
		"/aspera/http-gwy/tickets/a%2Fb":           "gateway GET /aspera/http-gwy/tickets/a%2Fb",
	} {
		if answer, got := fetch(t, client, http.MethodGet, router.URL+path, nil, nil); got != want ||
			answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %q, want %q", path, answer.StatusCode, got, want)
		}
	}
	for _, path := range []string{"/metrics", "/aspera/http-gwyx/v1/info", "/aspera"} {
		if answer, _ := fetch(t, client, http.MethodGet, router.URL+path, nil, nil); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, answer.StatusCode)
		}
	}
}

// TestRouterServesPathsThatBeginWithTwoSlashes, as clients make them that join an address with a slash at its end and a
// path with one at its beginning.
func TestRouterServesPathsThatBeginWithTwoSlashes(t *testing.T) {
	router := startRouter(t, instance.Router{})
	client := router.Client(true)
	for path, want := range map[string]string{
		"//aspera/faspex/api/v5/a%2Fb?q=//x": "core POST /aspera/faspex/api/v5/a%2Fb?q=//x",
		"///aspera/faspex/auth/token":        "core POST /aspera/faspex/auth/token",
		"//aspera/faspex/":                   "ui POST /aspera/faspex/",
		"//aspera/http-gwy/v3/upload":        "gateway POST /aspera/http-gwy/v3/upload",
	} {
		if answer, got := fetch(t, client, http.MethodPost, router.URL+path, nil, strings.NewReader("x")); got != want {
			t.Errorf("%s: %d %q, want %q", path, answer.StatusCode, got, want)
		}
	}
	if answer, _ := fetch(t, client, http.MethodGet, router.URL+
		"//metrics", nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("//metrics: %d, want 404", answer.StatusCode)
	}
}

// TestRouterRedirectsAbsolutely: with the address that people use, whatever the client
// calls the host, and with the query.
//
// faspex-AG9: a port of the URL is in every redirect (here), in the address that the login leads back to (TestRunTwice
// in faspex/seed), in links of mails and in the gateway's address (TestWelcomeMail in faspex/service).
func TestRouterRedirectsAbsolutely(t *testing.T) {
	const external = "https://faspex.example.com:8443"
	router := startRouter(t, instance.Router{
		ExternalURL: external,
		Core: upstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(http.StatusFound)
		}),
	})
	client := router.Client(true)
	for address, want := range map[string]string{
		router.URL + "/":             external + "/aspera/faspex/",
		router.URL + "/?local=true":  external + "/aspera/faspex/?local=true",
		router.URL + "//?local=true": external + "/aspera/faspex/?local=true",
		router.URL + "/aspera/faspex?context=abc%3D&x=%26": external +
			"/aspera/faspex/?context=abc%3D&x=%26",
		router.PlainURL + "/aspera/faspex/x%2Fy?context=1": external +
			"/aspera/faspex/x%2Fy?context=1",
		router.PlainURL + "//evil.example.com/":                                     external + "//evil.example.com/",
		router.URL + "/aspera/faspex/auth/x?to=/aspera/faspex/%3Fa=b":               external + "/aspera/faspex/?a=b",
		router.URL + "/aspera/faspex/auth/x?to=https://other.example.com/%3Fcode=1": "https://other.example.com/?code=1",
	} {
		answer, _ := fetch(t, client, http.MethodGet, address, nil, nil)
		if got := answer.Header.Get("Location"); got != want || answer.StatusCode/100 != 3 {
			t.Errorf("%s: %d to %q, want %q", address, answer.StatusCode, got, want)
		}
	}
}

// TestRouterCompresses: answers in JSON and text above 1 KB, over HTTP/1.1 and HTTP/2. Answers of the login repeat what
// an address says beside secrets, and those of the gateway have a length and ranges, so neither is compressed.
func TestRouterCompresses(t *testing.T) {
	long := strings.Repeat(`{"id":1},`, 1000)
	answers := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		body := long
		if r.URL.Query().Has("short") {
			body = body[:1000]
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = io.WriteString(w, body)
	}
	router := startRouter(t, instance.Router{Core: upstream(t, answers), UI: upstream(t, answers),
		Gateway: upstream(t, answers)})
	for _, http2 := range []bool{false, true} {
		client := router.Client(http2)
		for _, test := range []struct {
			path       string
			compressed bool
		}{
			{"/aspera/faspex/api/v5/packages?type=application/json", true},
			{"/aspera/faspex/api/v5/packages?type=application/json%3B+charset%3Dutf-8", true},
			{"/aspera/faspex/api/v5/packages?type=application/problem%2Bjson", true},
			{"/aspera/faspex/api/v5/packages?type=text/csv", true},
			{"/aspera/faspex/x?type=text/html", true},
			{"/aspera/faspex/x?type=text/javascript", true},
			{"/aspera/faspex/api/v5/packages?type=application/json&short", false},
			{"/aspera/faspex/api/v5/events?type=text/event-stream", false},
			{"/aspera/faspex/x?type=image/png", false},
			{"/aspera/faspex/auth/authorize?type=text/html", false},
			{"/aspera/http-gwy/tickets/x?type=text/plain", false},
		} {
			header := http.Header{"Accept-Encoding": {"gzip"}, "Via": {"1.1 proxy"}}
			answer, text := fetch(t, client, http.MethodGet, router.URL+test.path, header, nil)
			if (answer.ProtoMajor == 2) != http2 {
				t.Errorf("HTTP/%d, want HTTP/2: %t", answer.ProtoMajor, http2)
			}
			if got := answer.Header.Get("Content-Encoding") == "gzip"; got != test.compressed {
				t.Errorf("%s: compressed %t, want %t", test.path, got, test.compressed)
				continue
			}
			if test.compressed {
				if reader, err := gzip.NewReader(strings.NewReader(text)); err != nil {
					t.Error(err)
				} else if plain, err := io.ReadAll(reader); err != nil || string(plain) != long {
					t.Errorf("%s: another content: %v", test.path, err)
				}
				if answer.Header.Get("Vary") != "Accept-Encoding" {
					t.Errorf("%s: Vary is %q", test.path, answer.Header.Get("Vary"))
				}
			}
			if answer, text := fetch(t, client, http.MethodGet, router.URL+
				test.path, nil, nil); answer.Header.Get("Content-Encoding") != "" || !strings.HasPrefix(long, text) {
				t.Errorf("%s: compressed for a client that asks for none", test.path)
			}
		}
	}
}

// TestRouterStreamsEvents: each one arrives before the next is sent.
func TestRouterStreamsEvents(t *testing.T) {
	next := make(chan struct{})
	router := startRouter(t, instance.Router{Core: upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "id: %d\n", i)
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	})})
	for _, http2 := range []bool{false, true} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, router.URL+
			"/aspera/faspex/api/v5/events?since=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "gzip")
		answer, err := router.Client(http2).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(answer.Body)
		for i := range 3 {
			if !lines.Scan() || lines.Text() != fmt.Sprintf("id: %d", i) {
				t.Fatalf("event %d: %q, %v", i, lines.Text(), lines.Err())
			}
			next <- struct{}{}
		}
		answer.Body.Close()
	}
}

// TestRouterCarriesUploadsAsTheyCome: the gateway has the first bytes of a body before the client has sent
// the next, whatever its length.
func TestRouterCarriesUploadsAsTheyCome(t *testing.T) {
	const size = 80 << 20 // more than any other location takes
	piece := bytes.Repeat([]byte("x"), 1<<20)
	begun := make(chan struct{})
	router := startRouter(t, instance.Router{Gateway: upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.ReadFull(r.Body, make([]byte, len(piece))); err != nil {
			t.Errorf("first piece: %d, %v", n, err)
		}
		begun <- struct{}{}
		rest, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%d more, %v", rest, err)
	})})
	for _, http2 := range []bool{false, true} {
		reader, writer := io.Pipe()
		go func() {
			_, _ = writer.Write(piece)
			<-begun
			for range size/len(piece) - 1 {
				_, _ = writer.Write(piece)
			}
			_ = writer.Close()
		}()
		_, got := fetch(t, router.Client(http2), http.MethodPatch, router.URL+
			"/aspera/http-gwy/sessions/1/files/0", nil, reader)
		if want := fmt.Sprintf("%d more, <nil>", size-len(piece)); got != want {
			t.Errorf("HTTP/2 %t: %q, want %q", http2, got, want)
		}
	}
}

// TestRouterCarriesDownloadsAsTheyCome: the client has the first bytes before the gateway sends the next.
func TestRouterCarriesDownloadsAsTheyCome(t *testing.T) {
	next := make(chan struct{})
	router := startRouter(t, instance.Router{Gateway: upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-next
		_, _ = io.WriteString(w, "second\n")
	})})
	for _, http2 := range []bool{false, true} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, router.URL+"/aspera/http-gwy/tickets/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := router.Client(http2).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(answer.Body)
		if !lines.Scan() || lines.Text() != "first" {
			t.Fatalf("%q, %v", lines.Text(), lines.Err())
		}
		next <- struct{}{}
		if !lines.Scan() || lines.Text() != "second" {
			t.Errorf("%q, %v", lines.Text(), lines.Err())
		}
		answer.Body.Close()
	}
}

// TestRouterUpgradesToWebSockets: those of the gateway, and nobody else's.
func TestRouterUpgradesToWebSockets(t *testing.T) {
	seen := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q", r.Header.Get("Upgrade"), r.Header.Get("Connection"))
	}
	router := startRouter(t, instance.Router{Core: upstream(t, seen),
		Gateway: upstream(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "upgrade" {
				seen(w, r)
				return
			}
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(http.StatusSwitchingProtocols)
			conn, both, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.Copy(conn, both)
		})})
	header := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	client := router.Client(false)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, router.URL+"/aspera/http-gwy/v2/upload", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	echo, ok := answer.Body.(io.ReadWriter)
	if answer.StatusCode != http.StatusSwitchingProtocols || !ok {
		t.Fatalf("%d, want 101", answer.StatusCode)
	}
	got := make([]byte, 5)
	if _, err := io.WriteString(echo, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(echo, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	for path, upgrade := range map[string]string{
		"/aspera/faspex/api/v5/packages": "websocket", "/aspera/http-gwy/v1/info": "h2c", "/aspera/http-gwy/info": "",
	} {
		_, got := fetch(t, client, http.MethodGet, router.URL+
			path, http.Header{"Upgrade": {upgrade}, "Connection": {"Upgrade"}}, nil)
		if diff := cmp.Diff(`"" ""`, got); diff != "" {
			t.Errorf("%s with %q: -want +got:\n%s", path, upgrade, diff)
		}
	}
}

// TestRouterWithoutAGateway: its paths are nobody's, and the router starts without its address.
func TestRouterWithoutAGateway(t *testing.T) {
	router := nginxd.Start(t, instance.Router{UI: upstream(t, told("ui"))})
	if answer, _ := fetch(t, router.Client(true), http.MethodGet, router.URL+
		"/aspera/http-gwy/v1/info", nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("%d, want 404", answer.StatusCode)
	}
}

// TestRouterWithAGatewayThatIsAway: the rest of the page is served.
func TestRouterWithAGatewayThatIsAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := listener.Addr().String()
	listener.Close()
	router := startRouter(t, instance.Router{Gateway: away})
	client := router.Client(true)
	if answer, _ := fetch(t, client, http.MethodGet, router.URL+
		"/aspera/http-gwy/v1/info", nil, nil); answer.StatusCode != http.StatusBadGateway {
		t.Errorf("%d, want 502", answer.StatusCode)
	}
	if _, got := fetch(t, client, http.MethodGet, router.URL+
		"/aspera/faspex/", nil, nil); got != "ui GET /aspera/faspex/" {
		t.Error(got)
	}
}

// TestRouterLogsNoSecret: neither a query nor the address of a download or an upload session is in the log.
func TestRouterLogsNoSecret(t *testing.T) {
	router := startRouter(t, instance.Router{})
	client := router.Client(true)
	for _, path := range []string{
		"/aspera/faspex/auth/authorize?code=geheim", "/aspera/faspex/public/send?context=geheim", "/aspera/http-gwy/tickets/geheim",
		"/aspera/http-gwy/sessions/geheim/files/0",
		"//aspera/http-gwy/v1/download/geheim", "/aspera/http-gwy/v1/info",
	} {
		fetch(t, client, http.MethodGet, router.URL+path, nil, nil)
	}
	for !strings.Contains(router.Log(), "/aspera/http-gwy/v1/info") {
		runtime.Gosched()
	}
	if log := router.Log(); strings.Contains(log, "geheim") ||
		!strings.Contains(log, `"path":"/aspera/http-gwy/tickets/..."`) {
		t.Errorf("the log is\n%s", log)
	}
}

// TestRouterSpreadsRequestsOfOneConnection (operator-74): before core is what a Service is, which gives each new
// connection to one of two pods; a client that makes 60 requests over one connection reaches both.
func TestRouterSpreadsRequestsOfOneConnection(t *testing.T) {
	var pods []string
	for _, name := range []string{"a", "b"} {
		pods = append(pods, upstream(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, name) }))
	}
	service, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Close() })
	go func() {
		for n := 0; ; n++ {
			client, err := service.Accept()
			if err != nil {
				return
			}
			pod, err := net.Dial("tcp", pods[n%len(pods)])
			if err != nil {
				_ = client.Close()
				continue
			}
			// Both ends are closed when either side is done.
			forward := func(to, from net.Conn) {
				_, _ = io.Copy(to, from)
				_, _ = to.Close(), from.Close()
			}
			go forward(pod, client)
			go forward(client, pod)
		}
	}()
	router := startRouter(t, instance.Router{Core: service.Addr().String()})
	client, seen := router.Client(true), map[string]int{}
	for range 60 {
		_, name := fetch(t, client, http.MethodGet, router.URL+"/aspera/faspex/api/v5/packages", nil, nil)
		seen[name]++
	}
	if seen["a"] < 20 || seen["b"] < 20 {
		t.Errorf("requests: %v", seen)
	}
}
