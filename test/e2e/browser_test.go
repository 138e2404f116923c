package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// personSeesPackage logs in as Bob with a real Chromium, through the router, and finds the package that Alice sent.
func personSeesPackage(t *testing.T) {
	web, err := cluster.Web(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors", true), // the demo's certificate is its own
		chromedp.UserDataDir(t.TempDir()),
	)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	browser, cancel = context.WithTimeout(browser, time.Minute)
	defer cancel()
	err = chromedp.Do(browser,
		chromedp.Navigate(web),
		chromedp.WaitVisible(chromedp.CSS(`input[name="username"]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name="username"]`), bob.Name),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), bob.Password),
		chromedp.Submit(chromedp.CSS(`input[name="password"]`)),
		chromedp.WaitVisible(chromedp.Search(`//*[contains(text(), "`+packageTitle+`")]`)),
	)
	if err != nil {
		saveScreenshot(browser, t)
		t.Fatalf("log in at %s and see the package: %v", web, err)
	}
}

// saveScreenshot keeps what the browser showed, for the person who reads the failure.
func saveScreenshot(browser context.Context, t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(browser), 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Logf("no screenshot: %v", err)
		return
	}
	path := filepath.Join(os.TempDir(), "faspex-e2e-browser.png")
	if err := os.WriteFile(path, png, 0o600); err == nil {
		t.Logf("screenshot: %s", path)
	}
}
