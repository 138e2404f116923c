//go:build screenshots

package browser_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"faspex.io/operator/faspex/api"
)

var screenshots = flag.String("screenshots", "",
	"the folder that pictures of every page are written to (make screenshots)")

// looks are the ways in which a picture of each page is taken.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"light", 1280, 900, "light"},
	{"dark", 1280, 900, "dark"},
	{"phone", 390, 844, "light"},
}

// Pictures of every page with something on it, for people to look at.
var _ = journey("screenshots", func(t *testing.T, w *world) {
	if err := os.MkdirAll(*screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	maria, jonas := w.person(t, "Maria", "Keller"), w.person(t, "Jonas", "Berg")
	aiko, sam := w.person(t, "Aiko", "Tanaka"), w.person(t, "Sam", "Okafor")
	shoot := func(name string, from person, to ...person) api.Package { return w.sent(t, from, name, to...) }
	footage := shoot("Dailies of day 14", jonas, maria, aiko)
	w.released(t, jonas, footage, map[string]string{
		"read me.txt": strings.Repeat("notes ", 400), "camera-a/A001_C003.mov": strings.Repeat("x", 3<<20),
		"camera-a/A001_C004.mov": strings.Repeat("x", 5<<20),
		"camera-b/B001_C001.mov": strings.Repeat("x", 4<<20), "sound/boom.wav": strings.Repeat("x", 1<<20),
	})
	for i, title := range []string{"Contract drafts", "Genome run 2211", "Satellite tiles, north", "Press kit",
		"Concert master, 96 kHz"} {
		from := []person{aiko, sam, jonas}[i%3]
		w.released(t, from, shoot(title, from, maria), map[string]string{"data.bin": strings.Repeat("x", 1<<(12+i*2))})
	}
	waiting := shoot("Colour-graded reels", maria, jonas, aiko, sam)
	w.released(t, maria, shoot("Storyboards", maria, sam), map[string]string{"boards.pdf": strings.Repeat("x", 90_000)})
	date := time.Now().Add(72 * time.Hour).UTC().Format(time.RFC3339)
	held, err := maria.CreatePackage(t.Context(), api.PackageCreate{Title: "Trailer, embargoed",
		Note:          "Please do not share before the date.",
		ReleasePolicy: "on_date", ReleaseDate: &date, Recipients: []api.RecipientName{{Name: jonas.login},
			{Name: aiko.login}}})
	if err != nil {
		t.Fatal(err)
	}
	w.released(t, maria, held, map[string]string{"trailer.mov": strings.Repeat("x", 2<<20)})

	login := w.open(t)
	login.goTo("/packages/received")
	login.do("see the login form", chromedp.WaitVisible(chromedp.CSS("#password")))
	login.picture("login")

	b := w.open(t)
	b.logIn(maria, "/packages/received")
	for name, path := range map[string]string{
		"received": "/packages/received", "sent": "/packages/sent", "pending": "/packages/pending",
		"history":       "/packages/history",
		"nothing-found": "/packages/received?q=nowhere", "package": "/packages/received/" +
			footage.ID, "folder": "/packages/received/" + footage.ID + "?folder=%2Fcamera-a",
		"package-waiting": "/packages/sent/" + waiting.ID, "package-held": "/packages/pending/" +
			held.ID, "new": "/packages/new",
		"profile": "/account/profile", "preferences": "/account/preferences", "password": "/account/password",
		"key": "/account/key", "not-found": "/nowhere",
	} {
		b.goTo(path)
		b.settled()
		b.picture(name)
	}
	b.goTo("/packages/sent/" + waiting.ID)
	b.press("Delete for everyone")
	b.dialog()
	b.picture("delete")

	a := w.open(t)
	a.logIn(w.firstAdmin(), "/packages/received")
	links := map[string]string{"all": "/packages/all"}
	for _, path := range value[[]string](a, `[...document.querySelectorAll('header nav a')].map(e => e.pathname)`) {
		if strings.Contains(path, "/admin") {
			a.goTo(strings.TrimPrefix(path, base))
			a.settled()
			for _, item := range value[[]string](a,
				`[...document.querySelectorAll('nav.cds--side-nav__navigation a.cds--side-nav__link')].map(e => e.pathname)`) {
				links["admin-"+filepath.Base(item)] = strings.TrimPrefix(item, base)
			}
		}
	}
	for name, path := range links {
		a.goTo(path)
		a.settled()
		a.picture(name)
	}
})

// settled waits until a page shows what it is about.
func (b *tab) settled() {
	b.t.Helper()
	b.until("see the page",
		`document.querySelectorAll('h1').length === 1 && !document.querySelector('main [role=status][aria-label], main .cds--skeleton, main .cds--skeleton__text')`)
}

// picture writes a picture of the page in every look.
func (b *tab) picture(name string) {
	b.t.Helper()
	for _, look := range looks {
		b.viewport(look.width, look.height)
		b.media("", map[string]string{"prefers-color-scheme": look.scheme})
		value[any](b,
			`(async () => { await document.fonts.ready; document.activeElement?.blur(); await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))); await Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0))); return null })()`)
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.fail("take a picture", err.Error())
		}
		if err := os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%s.png", name, look.name)), png,
			0o644); err != nil {
			b.t.Fatal(err)
		}
	}
}
