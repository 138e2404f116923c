package gateway

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/ticket"
)

func decode[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v: %.300s", err, r.body)
	}
	return v
}

// jsonOf is a spec with more fields.
func jsonOf(t *testing.T, spec transferspec.Spec, more map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range more {
		fields[name] = value
	}
	if text, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPublishedInfo: what public clients choose their way of uploading by. The newest one asks /info and takes version
// 3 of it; others ask /v1/info and take version 2. node-135, with TestPublishedCORS, TestPublishedDownloads (by header),
// TestPublishedAddressesExpire and TestFormUpload.
func TestPublishedInfo(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]struct{ version, upload, download string }{
		"/info":    {"3.", "/v3/upload", "/v3/download"},
		"/v3/info": {"3.", "/v3/upload", "/v3/download"},
		"/v1/info": {"2.", "/v2/upload", "/v1/download"},
	} {
		told := decode[map[string]any](t, w.do("GET", Base+path, nil).mustBe(t, 200))
		if version, _ := told["version"].(string); !strings.HasPrefix(version, want.version) {
			t.Errorf("%s: version %v", path, told["version"])
		}
		if !strings.Contains(fmt.Sprint(told["endpoints"]), want.upload) ||
			!strings.Contains(fmt.Sprint(told["download_endpoint"]), want.download) {
			t.Errorf("%s: %v", path, told)
		}
	}
}

// TestPublishedCORS: pages of other origins may use the published API, and not the addresses of the page.
func TestPublishedCORS(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/info", "/v1/info", "/v1/download", "/v3/upload", "/v3/download", "/v3/presign"} {
		r := w.do("OPTIONS", Base+path, nil, "Origin", "https://example.com", "Access-Control-Request-Method",
			"POST").mustBe(t, 204)
		h := r.header
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, h)
		}
		for _, name := range []string{"Content-Type", "Authorization", "X-Aspera-AccessKey", "X-Aspera-Spec"} {
			if !strings.Contains(h.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("%s: %s is not allowed", path, name)
			}
		}
	}
	r := w.do("GET", Base+"/v3/download", nil, "Origin", "https://example.com").mustBe(t, 400)
	for _, name := range []string{"X-Request-Id", "Content-Length", "Content-Disposition"} {
		if !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("%s is not exposed", name)
		}
	}
	for _, path := range []string{"/sessions/x", "/tickets/x"} {
		h := w.do("GET", Base+path, nil, "Origin", "https://example.com").header
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other pages", path)
		}
	}
}

func (w *world) prepared(body []byte) reply {
	w.t.Helper()
	r := w.do("POST", Base+"/v1/download", strings.NewReader(`{"transfer_spec":`+string(body)+`}`))
	told := decode[preparedAddress](w.t, r.mustBe(w.t, 200))
	if told.ID == "" || !strings.HasSuffix(told.URL, "/"+told.ID) {
		w.t.Errorf("%+v", told)
	}
	return w.do("GET", told.URL, nil)
}

// TestPublishedDownloads: a file as itself with its length, several and what zip_required says as a
// ZIP, whichever way the spec comes.
func TestPublishedDownloads(t *testing.T) {
	w := newWorld(t)
	big := noise(5, 2<<20+1)
	w.put("in/größe.bin", big)
	w.put("in/leer", nil)
	one, both := w.node.Download(t, "/in/größe.bin"), w.node.Download(t, "/in/größe.bin", "/in/leer")
	ways := map[string]func(transferspec.Spec, map[string]any) reply{
		"version 1": func(spec transferspec.Spec, more map[string]any) reply { return w.prepared(jsonOf(t, spec, more)) },
		"version 3": func(spec transferspec.Spec, more map[string]any) reply {
			return w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec",
				base64.StdEncoding.EncodeToString(jsonOf(t, spec, more)))
		},
		"presigned": func(spec transferspec.Spec, more map[string]any) reply {
			body := `{"transfer_spec":` + string(jsonOf(t, spec, more)) +
				`,"method":"GET","protocol":"http","headers":{"host":"` + strings.TrimPrefix(w.url, "http://") + `"}}`
			told := decode[presignedAddress](t, w.do("POST", Base+"/v3/presign", strings.NewReader(body)).mustBe(t, 200))
			path, found := strings.CutPrefix(told.SignedURL, w.url)
			if !found {
				t.Fatalf("the address is %s, not one of %s", told.SignedURL, w.url)
			}
			return w.do("GET", path, nil)
		},
	}
	for name, get := range ways {
		t.Run(name, func(t *testing.T) {
			r := get(one, nil).mustBe(t, 200)
			if !bytes.Equal(r.body, big) || r.header.Get("Content-Length") != fmt.Sprint(len(big)) ||
				r.header.Get("X-Request-Id") == "" ||
				!strings.HasPrefix(r.header.Get("Content-Disposition"), `attachment; filename="`) {
				t.Errorf("%d bytes, %v", len(r.body), r.header)
			}
			if name == "version 3" {
				// The public client takes what is left of this for the name.
				left := strings.TrimPrefix(r.header.Get("Content-Disposition"), `attachment; filename="`)
				if left = strings.Replace(left, `"`, "", 1); left != "gr__e.bin" {
					t.Errorf("the name is %q", left)
				}
			}
			for _, zipped := range []reply{get(both, map[string]any{"download_name": "All of it"}),
				get(one, map[string]any{"zip_required": true, "download_name": "All of it"})} {
				zipped.mustBe(t, 200)
				archive, err := zip.NewReader(bytes.NewReader(zipped.body), int64(len(zipped.body)))
				if err != nil {
					t.Fatal(err)
				}
				in, err := archive.Open(archive.File[0].Name)
				if err != nil {
					t.Fatal(err)
				}
				if content, err := io.ReadAll(in); err != nil || !bytes.Equal(content, big) ||
					!strings.HasSuffix(archive.File[0].Name, "größe.bin") {
					t.Errorf("%s has %d bytes, %v", archive.File[0].Name, len(content), err)
				}
				if !strings.Contains(zipped.header.Get("Content-Disposition"), "All of it.zip") {
					t.Error(zipped.header.Get("Content-Disposition"))
				}
			}
		})
	}
}

// TestPublishedDownloadRefusals: a spec without a valid token moves nothing; and addresses are sealed: what core gives
// for one download is no address of a spec.
func TestPublishedDownloadRefusals(t *testing.T) {
	w := newWorld(t)
	w.put("in/f", []byte("secret"))
	good := w.node.Download(t, "/in/f")
	changed := func(change func(*transferspec.Spec)) string {
		spec := good
		spec.Paths = slices.Clone(good.Paths)
		change(&spec)
		return base64.StdEncoding.EncodeToString(jsonOf(t, spec, nil))
	}
	for name, test := range map[string]struct {
		reply  reply
		status int
	}{
		"no spec":   {w.do("GET", Base+"/v3/download", nil), 400},
		"no base64": {w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec", "%"), 400},
		"no token": {w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec",
			changed(func(s *transferspec.Spec) { s.Token = "" })), 403},
		"wrong token": {w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec",
			changed(func(s *transferspec.Spec) { s.Token += "x" })), 403},
		"other path": {w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec",
			changed(func(s *transferspec.Spec) { s.Paths[0].Source = "/other" })), 404},
		"other host": {w.do("GET", Base+"/v3/download", nil, "X-Aspera-Spec",
			changed(func(s *transferspec.Spec) { s.RemoteHost = "192.0.2.1" })), 403},
		"no JSON":    {w.do("POST", Base+"/v1/download", strings.NewReader("x")), 400},
		"nothing":    {w.do("POST", Base+"/v1/download", strings.NewReader("{}")), 400},
		"no address": {w.do("GET", Base+"/v1/download/x", nil), 404},
		"a host": {w.do("POST", Base+"/v3/presign",
			strings.NewReader(`{"transfer_spec":{},"headers":{"host":"a/b"}}`)), 400},
		"a protocol": {w.do("POST", Base+"/v3/presign", strings.NewReader(`{"transfer_spec":{},"protocol":"ftp"}`)), 400},
		"core's ticket": {w.do("GET", Base+"/v1/download/"+
			strings.TrimPrefix(w.ticket(good, "f", false), Base+"/tickets/"), nil), 404},
	} {
		if test.reply.status != test.status {
			t.Errorf("%s: %d, want %d: %.300s", name, test.reply.status, test.status, test.reply.body)
		}
		if strings.Contains(string(test.reply.body), "secret") {
			t.Errorf("%s gives the file", name)
		}
	}
	if strings.Contains(w.log.String(), good.Token) {
		t.Error("the log holds a token")
	}
}

// TestPublishedAddressesExpire after minutes, and not at once.
func TestPublishedAddressesExpire(t *testing.T) {
	w := newWorld(t)
	w.put("in/f", []byte("secret"))
	spec := w.node.Download(t, "/in/f")
	body := `{"transfer_spec":` + string(jsonOf(t, spec, nil)) + `}`
	signed := decode[presignedAddress](t, w.do("POST", Base+"/v3/presign", strings.NewReader(body)).mustBe(t, 200))
	_, sealed, _ := strings.Cut(signed.SignedURL, "/v1/download/")
	for after, want := range map[time.Duration]error{9 * time.Minute: nil, 10 * time.Minute: ticket.ErrExpired} {
		if _, err := ticket.Open(w.ring, sealed, time.Now().Add(after)); !errors.Is(err, want) {
			t.Errorf("after %v: %v, want %v", after, err, want)
		}
	}
	old, err := ticket.Seal(w.ring, ticket.Ticket{ID: preparedPrefix + "x", Expires: time.Now().Add(-time.Second),
		Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", Base+"/v1/download/"+old, nil).mustBe(t, 404)
}

// formOf is a form as a browser makes it.
func formOf(t *testing.T, spec []byte, files []given, announced func(given) int) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	field := func(name, value string) {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	field("x-aspera-spec", string(spec))
	for _, f := range files {
		field("Content-Length", fmt.Sprint(announced(f)))
		part, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="file"; filename="` + f.name + `"`},
			"Content-Type":        {"application/octet-stream"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return body, form.FormDataContentType()
}

// TestFormUpload is an upload of version 3. node-138: the empty file is there at the end.
func TestFormUpload(t *testing.T) {
	w := newWorld(t)
	files := []given{{"folder/a.bin", noise(7, 3<<20)}, {"leer", nil}, {"ü.txt", []byte("hello")}}
	body, kind := formOf(t, jsonOf(t, withPaths(w.node.Upload(t, "/in"), files...), nil), files,
		func(f given) int { return len(f.content) })
	r := w.do("POST", Base+"/v3/upload", body, "Content-Type", kind).mustBe(t, 200)
	if diff := cmp.Diff(uploadedForm{3, 3<<20 + 5}, decode[uploadedForm](t, r)); diff != "" ||
		r.header.Get("X-Request-Id") == "" {
		t.Errorf("%s, %v", diff, r.header)
	}
	for _, f := range files {
		w.has("in/"+f.name, f.content)
	}
	transfer := w.node.Last(t).Transfer
	if !strings.HasPrefix(transfer.Cookie, "cookie of") || !strings.Contains(string(transfer.Tags), "xfer_id") {
		t.Errorf("the node recorded cookie %q and tags %s", transfer.Cookie, transfer.Tags)
	}
}

// TestFormRefusals: each has a sentence in JSON, and nothing is visible at the node.
func TestFormRefusals(t *testing.T) {
	w := newWorld(t)
	good := w.node.Upload(t, "/in")
	f := given{"f", noise(3, 1000)}
	exact := func(f given) int { return len(f.content) }
	wrong := good
	wrong.Token += "x"
	for name, test := range map[string]struct {
		spec      transferspec.Spec
		files     []given
		announced func(given) int
		cut       int
		status    int
	}{
		"fewer bytes":  {withPaths(good, f), []given{f}, func(given) int { return 1001 }, 0, 400},
		"more bytes":   {withPaths(good, f), []given{f}, func(given) int { return 999 }, 0, 413},
		"broken off":   {withPaths(good, f), []given{f}, exact, 500, 400},
		"a file more":  {withPaths(good, f), []given{f, {"g", nil}}, exact, 0, 400},
		"wrong token":  {withPaths(wrong, f), []given{f}, exact, 0, 403},
		"no size":      {withPaths(good, f), []given{f}, func(given) int { return -5 }, 0, 400},
		"nothing else": {withPaths(good), nil, exact, 0, 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			body, kind := formOf(t, jsonOf(t, test.spec, nil), test.files, test.announced)
			body.Truncate(body.Len() - test.cut)
			r := w.do("POST", Base+"/v3/upload", body, "Content-Type", kind)
			if told := decode[struct{ Code, Message string }](t, r); r.status != test.status || told.Message == "" ||
				told.Code == "" {
				t.Errorf("%d, want %d: %s", r.status, test.status, r.body)
			}
			if name != "a file more" {
				w.lacks("in/f")
			}
		})
	}
	if r := w.do("POST", Base+"/v3/upload", strings.NewReader("{}"), "Content-Type",
		"application/json"); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: %d", r.status)
	}
}

func TestAnnouncedFiles(t *testing.T) {
	for _, test := range []struct{ sources, want []string }{
		{[]string{"a"}, []string{"a"}},
		{[]string{"a/b", "./c"}, []string{"a/b", "c"}},
		{[]string{"/home/me/pics/a", "/home/me/pics/deep/b", "c"}, []string{"pics/a", "pics/deep/b", "c"}},
		{[]string{"/pics/a"}, []string{"pics/a"}},
		{[]string{"/a"}, []string{"a"}},
		{[]string{"/a/b", "/c/d"}, []string{"a/b", "c/d"}},
		{[]string{`C:\Users\me\pics\a`, `C:/Users/me/pics/b/c`}, []string{"pics/a", "pics/b/c"}},
		{[]string{`a\b`}, []string{`a\b`}},
		{[]string{"../a"}, nil}, {[]string{"a/../../b"}, nil}, {[]string{"/.."}, nil}, {[]string{""}, nil},
		{[]string{"."}, nil}, {nil, nil},
	} {
		spec := transferspec.Spec{}
		for _, source := range test.sources {
			spec.Paths = append(spec.Paths, transferspec.Path{Source: source})
		}
		files, err := announcedFiles(spec)
		var got []string
		for _, f := range files {
			got = append(got, f.path)
		}
		if (err != nil) != (test.want == nil) || err == nil && !cmp.Equal(test.want, got) {
			t.Errorf("%q: %q, %v; want %q", test.sources, got, err, test.want)
		}
	}
}
