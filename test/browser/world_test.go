package browser_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/test/faspextest"
)

// world is what journeys share: one server, one node and one browser. Each journey makes people of its own, so that none
// sees what one before it did.
type world struct {
	in      *faspextest.Instance
	node    *faspextest.Node
	browser context.Context
	gate    *gate
	people  atomic.Int64
	// rounds counts the rounds of the service. Its clock goes on by two minutes with each, so that what it put off is due.
	rounds atomic.Int64
}

// journeys by name; a file adds its own by journey.
var journeys = map[string]func(*testing.T, *world){}

// journey adds a journey to TestPage: `var _ = journey("lists", func(t *testing.T, w *world) { ... })`.
// It runs alone by `go test ./test/browser -run TestPage/lists`.
func journey(name string, run func(*testing.T, *world)) bool {
	journeys[name] = run
	return true
}

// TestPage runs each journey in a browser profile of its own, and as many at once as there are worlds: each journey has one
// for itself.
func TestPage(t *testing.T) {
	const atOnce = 2
	page := os.DirFS(builtPage(t))
	worlds := make(chan *world, atOnce)
	for range atOnce {
		worlds <- newWorld(t, page)
	}
	for _, name := range slices.Sorted(maps.Keys(journeys)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := <-worlds
			t.Cleanup(func() { worlds <- w }) // after what the journey cleans up
			journeys[name](t, w)
		})
	}
}

// newWorld starts the servers and the browser of a world.
func newWorld(t *testing.T, page fs.FS) *world {
	t.Helper()
	w := &world{in: faspextest.Start(t, page), node: faspextest.StartTransferNode(t), browser: startBrowser(t),
		gate: newGate()}
	w.in.Register(t, "north", w.node)
	w.in.StartGateway(t, w.node, w.gate.before)
	return w
}

// builtPage builds the web page if it is not current, and gives its directory.
func builtPage(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "../../hack/web-build.sh").CombinedOutput()
	if err != nil {
		t.Fatalf("build the web page: %v\n%s", err, out)
	}
	return "../../faspex/ui/web/dist"
}

// startBrowser starts Chromium with an empty profile.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: install Debian's chromium (make deps)", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	// The browser lives as long as the context of the first call, so this one has no limit of its own.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return ctx
}

// person has an account.
type person struct {
	*client.Client
	id, first, name, login, password string
}

// person makes an account of the role user, whose login no other journey has.
func (w *world) person(t *testing.T, first, last string) person {
	t.Helper()
	p := person{first: first, name: first + " " + last, password: "Own-Word-1"}
	p.login = fmt.Sprintf("%s.%d@example.com", strings.ToLower(first), w.people.Add(1))
	role := "user"
	made, err := w.in.Admin.CreateAccount(t.Context(), api.AccountChange{
		Name: &p.login, FirstName: &first, LastName: &last, Email: &p.login, Role: &role,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.in.SetPassword(t, p.login, p.password)
	p.id = made.ID
	p.Client = w.in.Admin.As(p.login)
	return p
}

// prefer sets the language of somebody's account.
func (w *world) prefer(t *testing.T, p person, locale string) {
	t.Helper()
	id, err := strconv.ParseInt(p.id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.in.Store.UpdatePreferences(t.Context(), id,
		fmt.Appendf(nil, `{"locale": %q, "rows_per_page": 25}`, locale)); err != nil {
		t.Fatal(err)
	}
}

// sent makes a package that has no files yet.
func (w *world) sent(t *testing.T, from person, title string, to ...person) api.Package {
	t.Helper()
	create := api.PackageCreate{Title: title}
	for _, p := range to {
		create.Recipients = append(create.Recipients, api.RecipientName{Name: p.login})
	}
	p, err := from.CreatePackage(t.Context(), create)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// released uploads files, by path, into a package and lets the service release it.
func (w *world) released(t *testing.T, from person, p api.Package, files map[string]string) {
	t.Helper()
	w.uploaded(t, from, p, files)
	w.service(t, p.ID)
}

// service lets the service do what is due, in three rounds: a transfer's news, the release of its package and the mail of
// that are three jobs, and none waits for another. The worker's name must be a new one.
func (w *world) service(t *testing.T, name string) {
	t.Helper()
	var now time.Time
	worker := w.in.Worker(t, fmt.Sprintf("worker-%s-%d", name, w.rounds.Load()), func() time.Time { return now })
	for range 3 {
		now = time.Now().Add(time.Duration(w.rounds.Add(1)) * 2 * time.Minute)
		if err := worker.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// uploaded uploads files into a package; what becomes of it is the service's.
func (w *world) uploaded(t *testing.T, from person, p api.Package, files map[string]string) {
	t.Helper()
	spec, err := from.UploadSpec(t.Context(), p.ID, []string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	session := w.node.Begin(t, spec)
	for path, content := range files {
		w.node.Write(t, filepath.Join(faspextest.PackageFolder(p), path), content)
	}
	session.Finish(t, "")
}
