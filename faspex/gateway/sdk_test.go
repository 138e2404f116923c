package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/dataplane/transferspec"
)

// sdkPage is a page of another origin that uses the public SDK of the gateway as its guide says.
const sdkPage = `<!doctype html><title>SDK</title><script src="/sdk.js"></script><script>
const bytes = (length, seed) => { const b = new Uint8Array(length); for (let i = 0; i < length; i++) b[i] = (i * 7 + seed + (i >> 12)) % 251; return b; };
async function send(url, spec, version, made) {
	await asperaHttpGateway.initHttpGateway(url + '/v1');
	if (version === 1) asperaHttpGateway.globals.serverInfo.version = '2.2.0'; // The SDK takes version 2 from 2.3 on.
	const files = made.map(({Name, Length, Seed}) => new File([bytes(Length, Seed)], Name));
	const ended = new Promise((resolve) => asperaHttpGateway.registerActivityCallback((told) => {
		const t = told.transfers.find((t) => t.status === 'completed' || t.status === 'failed');
		if (t) resolve(t.status + (t.error_desc ? ' ' + t.error_desc : ''));
	}));
	await asperaHttpGateway.upload(spec, 'form-' + version, files);
	return ended;
}
async function receive(url, spec) {
	await asperaHttpGateway.initHttpGateway(url + '/v1');
	const told = await asperaHttpGateway.download(spec, {disableAutoDownload: true});
	const body = await (await fetch(told.url)).arrayBuffer();
	const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
	return Array.from(sum, (b) => b.toString(16).padStart(2, '0')).join('');
}
</script>`

// noiseOf is what bytes of the page makes.
func noiseOf(length, seed int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte((i*7 + seed + i>>12) % 251)
	}
	return b
}

// inBrowser opens a page of sdkPage in a Chromium without a window.
func inBrowser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.Command("../../hack/gateway-sdk.sh").Output()
	if err != nil {
		t.Fatalf("get the SDK: %v", err)
	}
	sdk, err := os.ReadFile(strings.TrimSpace(string(program)))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(sdkPage)) // The browser says what it lacks.
	})
	mux.HandleFunc("GET /sdk.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(sdk) // Likewise.
	})
	page := httptest.NewServer(mux)
	t.Cleanup(page.Close)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: install Debian's chromium (make deps)", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Headless,
		chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// node-133: the vendor's JavaScript SDK uploads by version 2 and by version 1 from a page of another origin, and
// downloads. What the reference client says is in TestSocketWords and TestPublishedDownloads.
func TestPublicSDK(t *testing.T) {
	w := newWorld(t)
	ctx := inBrowser(t)
	run := func(call string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](call, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		return got
	}
	files := []struct {
		Name         string
		Length, Seed int
	}{{"large.bin", 3<<20 + 17, 1}, {"small ü.txt", 5, 2}, {"empty", 0, 3}}
	made, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []int{2, 1} {
		folder := fmt.Sprintf("v%d", version)
		spec := w.node.Upload(t, "/"+folder)
		spec.Paths = nil
		for _, f := range files {
			spec.Paths = append(spec.Paths, transferspec.Path{Source: f.Name})
		}
		got := run(fmt.Sprintf("send(%q, %s, %d, %s)", w.url+Base, jsonOf(t, spec, nil), version, made))
		if got != "completed" {
			t.Errorf("version %d: %s", version, got)
		}
		// The SDK sends nothing of an empty file, and closes five seconds after the last byte: then it is made.
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if _, err := os.Stat(filepath.Join(w.node.Dir, folder, "empty")); err == nil {
				break
			}
		}
		for _, f := range files {
			w.has(filepath.Join(folder, f.Name), noiseOf(f.Length, f.Seed))
		}
	}
	got := run(fmt.Sprintf("receive(%q, %s)", w.url+Base, jsonOf(t, w.node.Download(t, "/v2/large.bin"), nil)))
	if want := fmt.Sprintf("%x", sha256.Sum256(noiseOf(3<<20+17, 1))); got != want {
		t.Errorf("the download has SHA-256 %s, want %s", got, want)
	}
}
