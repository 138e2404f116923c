//go:build figures

// Figures of the page beside others on this machine: make bench-page. They are no part of the tests, because a busy
// machine has others.

package browser_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
)

var (
	figureBytes = flag.Int64("page.bytes", 1<<30, "the size of the file that is uploaded beside curl")
	figureTotal = flag.Int64("page.total", 50e9, "how much is sent while the memory of the page is watched")
	figureRuns  = flag.Int("page.runs", 5, "runs of each kind")
)

// sparse makes a file of zeros that takes no room.
func sparse(t *testing.T, name string, size int64) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(p, size); err != nil {
		t.Fatal(err)
	}
	return p
}

// stateOf is the state of a transfer that the panel shows; empty before it does.
func (b *tab) stateOf(title string) string {
	return value[string](b, `[...document.querySelectorAll('.transfer')].find(e => e.innerText.includes(`+quote(title)+`))?.dataset.state ?? ''`)
}

// complete waits without a limit.
func (b *tab) complete(title string) {
	b.t.Helper()
	for state := ""; state != "completed"; state = b.stateOf(title) {
		if state == "failed" {
			b.fail("send "+title, state)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// An upload by a browser beside one by curl to the same endpoint, in turn.
func TestUploadBesideCurl(t *testing.T) {
	w := newWorld(t, os.DirFS(builtPage(t)))
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := sparse(t, "film.mov", *figureBytes)
	b := w.open(t)
	b.logIn(ada, "/packages/received")
	var browser, curl, ratios []float64
	for i := range *figureRuns {
		title := fmt.Sprintf("Run %d", i)
		b.goTo("/packages/new")
		b.choose("#send-files", local)
		b.fill(title, ben)
		begin := time.Now()
		b.press("Send")
		b.complete(title)
		browser = append(browser, float64(*figureBytes)/time.Since(begin).Seconds()/1e6)
		w.forget(t, b.sentPackage(ada, title))

		p := w.sent(t, ada, "By curl "+title, ben)
		begin = time.Now()
		w.curl(t, ada, p, local)
		curl = append(curl, float64(*figureBytes)/time.Since(begin).Seconds()/1e6)
		w.forget(t, p)
		ratios = append(ratios, browser[i]/curl[i])
		t.Logf("browser %.0f MB/s, curl %.0f MB/s", browser[i], curl[i])
	}
	t.Logf("median: browser %.0f MB/s, curl %.0f MB/s, ratio %.2f (bar 0.80)", median(browser), median(curl), median(ratios))
}

// curl begins a session at the gateway as the page does, and has curl give the bytes.
func (w *world) curl(t *testing.T, from person, p api.Package, local string) {
	t.Helper()
	info, err := os.Stat(local)
	if err != nil {
		t.Fatal(err)
	}
	spec := w.call(t, from, http.MethodPost, "/packages/"+p.ID+"/transfer_spec/upload?transfer_type=http_gateway", map[string]any{})
	body, err := json.Marshal(map[string]any{"transfer_spec": spec, "folders": []string{},
		"files": []any{map[string]any{"path": info.Name(), "size": info.Size()}}})
	if err != nil {
		t.Fatal(err)
	}
	const gateway = "/aspera/http-gwy/sessions"
	res, err := http.Post(w.in.URL+gateway, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var made struct {
		ID    string
		Files []struct{ URL string }
	}
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || len(made.Files) != 1 {
		t.Fatalf("%s %+v %v", res.Status, made, err)
	}
	if out, err := exec.Command("curl", "-sSf", "-X", "PATCH", "-T", local, "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
		"-H", "Content-Type: application/offset+octet-stream", "-H", "Expect:", w.in.URL+made.Files[0].URL).CombinedOutput(); err != nil {
		t.Fatalf("curl: %v %s", err, out)
	}
	done, err := http.Post(w.in.URL+gateway+"/"+made.ID+"/complete", "application/json", nil)
	if err != nil || done.StatusCode != http.StatusOK {
		t.Fatal(err, done)
	}
	done.Body.Close()
}

// forget removes what the node has of a package.
func (w *world) forget(t *testing.T, p api.Package) {
	t.Helper()
	if err := os.RemoveAll(w.atNode(p)); err != nil {
		t.Fatal(err)
	}
}

// renderers is the memory of the processes that run pages, in bytes.
func renderers(t *testing.T) (sum int64) {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		line, err := os.ReadFile(p)
		if err != nil || !bytes.Contains(line, []byte("--type=renderer")) {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(p), "status"))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		if kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err == nil {
			sum += kib << 10
		}
	}
	return sum
}

// pageGrowth is by how many bytes the memory of a page may grow while much is sent.
const pageGrowth = 100_000_000

// serversMost bounds the memory of this process, in which gateway, core and node are.
const serversMost = 200 << 20

// serversPeak is the most memory that this process had.
func serversPeak(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// page-28: the memory of the page while much is sent, in files of 2 GB that the node loses as soon as it has them.
// node-136, with the journey "a reload" (the end of a page that sends): the memory of the gateway meanwhile.
func TestMemoryOfThePage(t *testing.T) {
	const each = 2_000_000_000
	w := newWorld(t, os.DirFS(builtPage(t)))
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	local := make([]string, *figureTotal/each)
	for i := range local {
		local[i] = sparse(t, fmt.Sprintf("reel %03d.mov", i), each)
	}
	b := w.open(t)
	b.logIn(ada, "/packages/new")
	b.choose("#send-files", local...)
	b.fill("Much", ben)
	time.Sleep(2 * time.Second)
	before, most := renderers(t), int64(0)
	begin := time.Now()
	b.press("Send")
	p := b.sentPackage(ada, "Much")
	passed := w.gate.bytes
	for looks := 0; passed() < int64(len(local))*each; looks++ {
		if state := b.stateOf("Much"); state == "failed" || state == "waiting" {
			b.fail("send much", state)
		}
		time.Sleep(500 * time.Millisecond)
		most = max(most, renderers(t))
		whole, err := filepath.Glob(filepath.Join(w.atNode(p), "*.mov"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range whole {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		if looks%60 == 0 {
			t.Logf("%s: %d GB sent, %d MB of memory, %d before", time.Since(begin).Round(time.Second), passed()/1e9,
				renderers(t)/1e6, before/1e6)
		}
	}
	t.Logf("%d files of 2 GB in %s: the memory of the page grew from %d MB to at most %d MB, by %d MB (bar %d)",
		len(local), time.Since(begin).Round(time.Second), before/1e6, most/1e6, (most-before)/1e6, pageGrowth/1_000_000)
	if most-before >= pageGrowth {
		t.Errorf("the memory of the page grew by %d MB", (most-before)/1e6)
	}
	peak := serversPeak(t)
	t.Logf("gateway, core and node had at most %d MiB together (bar %d for the gateway alone)", peak>>20, serversMost>>20)
	if peak >= serversMost {
		t.Errorf("gateway, core and node had %d MiB", peak>>20)
	}
}

// The login form and the list on 400 kbit/s with 400 ms and a slow processor, with nothing cached.
func TestSlowLink(t *testing.T) {
	w := newWorld(t, os.DirFS(builtPage(t)))
	ada, ben := w.person(t, "Ada", "Sender"), w.person(t, "Ben", "Receiver")
	w.sent(t, ada, "On the list", ben)
	var form, list []float64
	for range *figureRuns {
		b := w.open(t)
		if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 50_000}},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Call(b.ctx, emulation.SetCPUThrottlingRate,
			emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		b.goTo("/packages/sent")
		b.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
		form = append(form, time.Since(begin).Seconds())
		b.enter("#username", ada.login)
		b.enter("#password", ada.password)
		begin = time.Now()
		b.click("button[type=submit]")
		b.until("see the list", `document.querySelector('table')?.innerText.includes('On the list')`)
		list = append(list, time.Since(begin).Seconds())
		t.Logf("the form after %.2f s, the list after %.2f s", form[len(form)-1], list[len(list)-1])
	}
	t.Logf("median: the form after %.2f s (bar 2.5), the list %.2f s after the login (bar 5)", median(form), median(list))
}
