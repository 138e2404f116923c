package mailbox_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/internal/mailbox"
)

// What Faspex's own way to a mail server sends is shown on the page, once, and runs nothing there.
func TestMailsOfFaspexAreShown(t *testing.T) {
	box := &mailbox.Box{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := box.MailServer("")
	go func() { _ = server.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	out := mail.Server{AuthType: mail.AuthOpen, ServerAddress: "127.0.0.1",
		ServerPort: listener.Addr().(*net.TCPAddr).Port, FromUser: "Faspex", FromEmail: "faspex@example.com"}
	for range 2 {
		if err := mail.Send(t.Context(), out, "", mail.Message{ID: "job-1@x.faspex", To: "ada@example.com",
			Subject: "Grüße <b>", Text: "Hello Ada", HTML: `<p>Hello <a href="https://x.example/">Ada</a></p><script>1</script>`},
			nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	web := httptest.NewServer(box.Page())
	defer web.Close()
	get := func(path string) (string, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body), res.Header
	}
	list, _ := get("/")
	if strings.Count(list, "Grüße &lt;b&gt;") != 1 || !strings.Contains(list, "ada@example.com") {
		t.Errorf("%s", list)
	}
	one, _ := get("/mails/1")
	if !strings.Contains(one, "Hello Ada") || !strings.Contains(one, "faspex@example.com") {
		t.Errorf("%s", one)
	}
	page, header := get("/mails/1/html")
	if !strings.Contains(page, "https://x.example/") ||
		!strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") ||
		!strings.Contains(header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %s", header, page)
	}
	if body, _ := get("/mails/99"); !strings.Contains(body, "404") {
		t.Errorf("%s", body)
	}
}
