package faspextest

import (
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"
)

// Page is a page of the login as a browser without scripts has it.
type Page struct {
	Status  int
	Body    string
	browser *http.Client
	address string
}

// OpenPage opens an address in a new browser.
func OpenPage(t testing.TB, address string) *Page {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return readPage(t, browser, res)
}

func readPage(t testing.TB, browser *http.Client, res *http.Response) *Page {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Page{Status: res.StatusCode, Body: string(body), browser: browser, address: res.Request.URL.String()}
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)

// Submit sends the first form of the page with its hidden fields and those that were typed.
func (p *Page) Submit(t testing.TB, typed map[string]string) *Page {
	t.Helper()
	fields := map[string]string{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.Body, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	maps.Copy(fields, typed)
	to := *p
	if action := formAction.FindStringSubmatch(p.Body); action != nil {
		page, err := url.Parse(p.address)
		if err != nil {
			t.Fatal(err)
		}
		if page, err = page.Parse(html.UnescapeString(action[1])); err != nil {
			t.Fatal(err)
		}
		to.address = page.String()
	}
	return to.SubmitForm(t, fields)
}

// SubmitForm sends exactly these fields to the address of the page.
func (p *Page) SubmitForm(t testing.TB, fields map[string]string) *Page {
	t.Helper()
	form := url.Values{}
	for k, v := range fields {
		form.Set(k, v)
	}
	res, err := p.browser.PostForm(p.address, form)
	if err != nil {
		t.Fatal(err)
	}
	return readPage(t, p.browser, res)
}
