package core_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// onePixel is a PNG image.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// faspex-AE7: logo, background, header and instructions of the login are an admin's choice. The login page shows them to
// everybody, the menu bar is told of the logo, and what is no image is refused.
func TestBranding(t *testing.T) {
	in := install(t)
	ulf := in.user(t, "ulf", "user")
	const path = "/api/v5/configuration/branding/"
	login := func() string {
		t.Helper()
		status, _, page := in.call(t, nil, "GET", "/auth/authorize?client_id=ui-client&response_type=code&code_challenge_method=S256&"+
			"code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&redirect_uri="+externalURL+"/aspera/faspex/", nil)
		if status != http.StatusOK {
			t.Fatalf("login page: %d %s", status, page)
		}
		return page
	}
	if page := login(); strings.Contains(page, "<img") {
		t.Errorf("by default: %s", page)
	}
	svg := base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`))
	for name, c := range map[string]struct{ contents, kind string }{"logo": {onePixel, "image/png"},
		"background": {"data:image/svg+xml;base64," + svg, "image/svg+xml"}} {
		if status, _, body := in.call(t, ulf, "PUT", path+name, map[string]any{"file_name": "x", "file_contents": onePixel}); status != http.StatusForbidden {
			t.Errorf("%s by a user: %d %s", name, status, body)
		}
		for what, bad := range map[string]string{"text": base64.StdEncoding.EncodeToString([]byte("<html>")), "not base64": "&&&",
			"too large": strings.Repeat("A", 2_900_000)} {
			if status, _, body := in.call(t, in.admin, "PUT", path+name, map[string]any{"file_name": "x", "file_contents": bad}); status != http.StatusBadRequest {
				t.Errorf("%s, %s: %d %s", name, what, status, body)
			}
		}
		status, _, body := in.call(t, in.admin, "PUT", path+name, map[string]any{"file_name": name + ".img", "file_contents": c.contents})
		shown := object(t, body)
		if status != http.StatusOK || shown["file_name"] != name+".img" || shown["login_label"] != "Faspex" ||
			!strings.HasSuffix(c.contents, shown["file_contents"].(string)) {
			t.Fatalf("%s: %d %s", name, status, body)
		}
		address := shown["image_path"].(string)
		if !strings.Contains(login(), `src="`+address+`"`) {
			t.Errorf("the login page does not show %s", address)
		}
		status, header, image := in.call(t, nil, "GET", strings.TrimPrefix(address, "/aspera/faspex"), nil)
		if status != http.StatusOK || header.Get("Content-Type") != c.kind || len(image) == 0 ||
			!strings.Contains(header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %d %v", address, status, header)
		}
	}
	logo := object(t, bodyOf(t, in, path+"logo"))["image_path"].(string)
	if got := object(t, bodyOf(t, in, "/api/v5/account"))["logo_path"]; got != logo {
		t.Errorf("the menu bar is told of %v", got)
	}
	if got := object(t, bodyOf(t, in, "/api/v5/configuration"))["app_logo_image_url"]; got != externalURL+logo {
		t.Errorf("clients are told of %v", got)
	}
	in.configure(t, map[string]any{"login_page_title": "Welcome to Films", "login_instructions": "Ask Ada for an account.",
		"login_label": "Films"})
	for _, want := range []string{"<h1>Welcome to Films</h1>", "Ask Ada for an account.", ">Films</span>"} {
		if !strings.Contains(login(), want) {
			t.Errorf("the login page lacks %s", want)
		}
	}
	in.call(t, in.admin, "PUT", path+"logo", map[string]any{"file_name": "", "file_contents": ""})
	if strings.Contains(login(), "/branding/logo") || object(t, bodyOf(t, in, path+"logo"))["image_path"] != "" {
		t.Error("a logo that was removed is shown")
	}
	if status, _, _ := in.call(t, nil, "GET", "/auth/branding/nothing", nil); status != http.StatusNotFound {
		t.Errorf("another image: %d", status)
	}
}

func bodyOf(t *testing.T, in *installation, path string) string {
	t.Helper()
	status, _, body := in.call(t, in.admin, "GET", path, nil)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, status, body)
	}
	return body
}
