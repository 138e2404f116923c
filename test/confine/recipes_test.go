package confine

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// hostile are paths and names that try to lead out of the tenant's folder, or to break what reads them. Links named l...
// lie in the folder, see lay.
var hostile = []string{
	"..", "../other", "../other/secret", "/../other/secret", "d/../../other/secret", "./../other/secret", "../tenant/a",
	"/other/secret", "other/secret", "//other//secret", "/storage/other/secret", "/proc/self/root/etc/passwd", "/etc/passwd",
	"lout", "lout/secret", "lout/new", "lfile", "labs/secret", "lhost/secret", "lloop", "lloop/x", "lself/lout/secret", "ldot/..",
	"d/lup/other/secret", "a\x00b", "\x00", "../other\x00/a", "\xff\xfe", "d/\xff", "../\xff/secret",
	strings.Repeat("n", 300), strings.Repeat("../", 40) + "host/secret", strings.Repeat("d/../", 1000) + "../other/secret",
	"A", "D/b", "../OTHER/secret", "a.", "d./b", "../other./secret", "..../other/secret", ".. /other/secret", "...",
	"%2e%2e/other/secret", "..%2fother%2fsecret", "..%252fother", "..\\..\\secret", "~/secret", "file:///other/secret",
	"", "/", ".", "d//b", "d/b/", "a/x", "-rf", "*", "new\nline",
}

// request is one call.
type request struct {
	method, path string
	body         any
}

// placeholder is where a hostile text stands in a body; it is put there byte by byte, also where it is not UTF-8.
const placeholder = "HOSTILE"

func pathsOf(items ...map[string]any) map[string]any {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return map[string]any{"paths": all}
}

// recipes say for each call of the interface how a hostile text gets into it. A call without one fails the test.
func recipes(w *world, h string) map[string][]request {
	escaped, asked := url.PathEscape(h), url.QueryEscape(h)
	byPath := func(call string) []request {
		return []request{{"POST", call, map[string]any{"path": placeholder, "filters": map[string]any{}}}}
	}
	ids := func(method, suffix string, body any) (all []request) {
		for _, id := range w.ids {
			all = append(all, request{method, "/files/" + id + suffix, body})
		}
		return append(all, request{method, "/files/" + escaped + suffix, body})
	}
	things := func(method, folder string, body any) []request {
		return []request{{method, folder + escaped, body}, {method, folder + "1", body}}
	}
	setup := func(call string) []request {
		var all []request
		for _, r := range []map[string]any{
			{"source_root": placeholder, "destination_root": placeholder},
			{"paths": []any{map[string]any{"source": placeholder}}},
			{"paths": []any{map[string]any{"destination": placeholder}}},
			{"source_root": "/d", "destination_root": "/d", "paths": []any{map[string]any{"source": placeholder,
				"destination": placeholder}}},
		} {
			all = append(all, request{"POST", call, map[string]any{"transfer_requests": []any{
				map[string]any{"transfer_request": r}}}})
		}
		return all
	}
	var jobs []request // Nobody works on them here: what they may name is looked at when they are made.
	for _, fields := range []map[string]any{
		{"direction": "send", "source_root": placeholder, "paths": []any{map[string]any{"source": "a"}}},
		{"direction": "send", "paths": []any{map[string]any{"source": placeholder}}},
		{"direction": "send", "source_root_id": placeholder, "paths": []any{map[string]any{"source": "a"}}},
		{"direction": "send", "src_base": placeholder, "paths": []any{map[string]any{"source": "a"}}},
		{"direction": "receive", "destination_root": placeholder, "paths": []any{map[string]any{"source": "a"}}},
		{"direction": "receive", "paths": []any{map[string]any{"source": "a", "destination": placeholder}}},
	} {
		fields["remote_host"], fields["token"] = "192.0.2.1", "Basic eDp5"
		jobs = append(jobs, request{"POST", "/ops/transfers", fields})
	}
	place := base64.RawURLEncoding.EncodeToString([]byte(`{"n":"` + quoted(h) + `"}`))
	none := []request{}
	return map[string][]request{
		"GET /ping": none, "GET /openapi.json": none, "GET /": none, "GET /info": none, "GET /self": none,
		"GET /access_keys": none, // It takes nothing.
		"POST /access_keys": {
			{"POST", "/access_keys", map[string]any{"id": fmt.Sprint("c", len(w.seen)), "secret": "s",
				"storage": map[string]any{"type": "local", "path": placeholder}}},
			{"POST", "/access_keys", map[string]any{"id": placeholder, "storage": map[string]any{"type": "local", "path": "/d"}}},
		},
		"GET /access_keys/{id}":    things("GET", "/access_keys/", nil),
		"DELETE /access_keys/{id}": things("DELETE", "/access_keys/", nil),
		"PUT /access_keys/{id}": {
			{"PUT", "/access_keys/" + escaped, map[string]any{"storage": map[string]any{"path": placeholder}}},
			{"PUT", "/access_keys/" + w.key, map[string]any{"storage": map[string]any{"type": "local", "path": placeholder}}},
		},
		// They are the node user's alone.
		"GET /storages/{name}":    {{"GET", "/storages/" + escaped, nil}, {"GET", "/storages/d", nil}},
		"DELETE /storages/{name}": {{"DELETE", "/storages/" + escaped, nil}, {"DELETE", "/storages/d", nil}},
		"PUT /storages/{name}": {
			{"PUT", "/storages/" + escaped, map[string]any{"storage": map[string]any{"type": "aws_s3", "bucket": "b"}}},
			{"PUT", "/storages/d", map[string]any{"storage": map[string]any{"type": "aws_s3", "bucket": placeholder, "path": placeholder}}},
		},
		"POST /files/upload_setup":   setup("/files/upload_setup"),
		"POST /files/download_setup": setup("/files/download_setup"),
		"POST /files/browse": append(byPath("/files/browse"), request{"POST", "/files/browse",
			map[string]any{"path": "/", "filters": map[string]any{"paths": []string{placeholder}}}}),
		"POST /files/page": append(byPath("/files/page"), request{"POST", "/files/page",
			map[string]any{"path": "/", "iteration_token": place}}),
		"POST /files/search": append(byPath("/files/search"), request{"POST", "/files/search",
			map[string]any{"path": "/", "filters": map[string]any{"basenames": []string{placeholder}}}}),
		"POST /files/du":     byPath("/files/du"),
		"POST /files/info":   {{"POST", "/files/info", pathsOf(map[string]any{"path": placeholder})}},
		"POST /files/delete": {{"POST", "/files/delete", pathsOf(map[string]any{"path": placeholder})}},
		"POST /space":        {{"POST", "/space", pathsOf(map[string]any{"path": placeholder})}},
		"POST /files/create": {
			{"POST", "/files/create", pathsOf(map[string]any{"path": placeholder, "type": "directory"})},
			{"POST", "/files/create", pathsOf(map[string]any{"path": placeholder, "type": "file", "contents": "eA=="})},
			{"POST", "/files/create", pathsOf(map[string]any{"path": placeholder + "/new", "type": "file", "contents": "eA=="})},
			{"POST", "/files/create", pathsOf(map[string]any{"path": "/made", "type": "symbolic_link",
				"target": map[string]any{"path": placeholder}})},
			{"POST", "/files/browse", map[string]any{"path": "/made/secret"}},
			{"GET", "/files/%2Fmade/contents", nil},
		},
		"POST /files/rename": {
			{"POST", "/files/rename", pathsOf(map[string]any{"path": placeholder, "source": "secret", "destination": "got"})},
			{"POST", "/files/rename", pathsOf(map[string]any{"path": "/", "source": placeholder, "destination": "got"})},
			{"POST", "/files/rename", pathsOf(map[string]any{"path": "/", "source": "a", "destination": placeholder})},
		},
		"GET /files/{path}/contents": {{"GET", "/files/" + escaped + "/contents", nil},
			{"GET", "/files/" + asked + "/contents", nil}, {"GET", "/files/" + h + "/contents", nil}},
		"GET /files/{id}":       ids("GET", "", nil),
		"PUT /files/{id}":       ids("PUT", "", map[string]any{"name": placeholder}),
		"DELETE /files/{id}":    things("DELETE", "/files/", nil),
		"GET /files/{id}/files": append(ids("GET", "/files", nil), request{"GET", "/files/1/files?name=" + asked, nil}),
		"POST /files/{id}/files": append(ids("POST", "/files", map[string]any{"name": placeholder, "type": "folder"}),
			request{"POST", "/files/1/files", map[string]any{"name": placeholder, "type": "file", "contents": "eA=="}}),
		"GET /files/{id}/content": ids("GET", "/content", nil),
		"GET /permissions":        {{"GET", "/permissions?file_id=" + asked, nil}, {"GET", "/permissions?inherited=true&file_id=" + w.ids[0], nil}},
		"POST /permissions": {{"POST", "/permissions", map[string]any{"file_id": placeholder, "access_type": "user",
			"access_id": "u", "access_level": "edit"}}},
		"GET /permissions/{id}":      things("GET", "/permissions/", nil),
		"PUT /permissions/{id}":      things("PUT", "/permissions/", map[string]any{"access_level": "view"}),
		"DELETE /permissions/{id}":   things("DELETE", "/permissions/", nil),
		"GET /ops/transfers":         {{"GET", "/ops/transfers?tag=" + asked, nil}, {"GET", "/ops/transfers?access_key=" + asked, nil}},
		"POST /ops/transfers":        jobs,
		"GET /ops/transfers/{id}":    things("GET", "/ops/transfers/", nil),
		"DELETE /ops/transfers/{id}": things("DELETE", "/ops/transfers/", nil),
		"PUT /ops/transfers/{id}":    things("PUT", "/ops/transfers/", map[string]any{"status": "canceled"}),
		"CANCEL /ops/transfers/{id}": things("CANCEL", "/ops/transfers/", nil),
		"GET /ops/transfers/bandwidth": {{"GET", "/ops/transfers/bandwidth?start_time=" + asked, nil},
			{"GET", "/ops/transfers/bandwidth?duration=" + asked, nil}},
		"GET /events": {{"GET", "/events?type=" + asked, nil}, {"GET", "/events?iteration_token=" + asked, nil},
			{"GET", "/events?after_time=" + asked, nil}},
		"GET /events/{id}":      things("GET", "/events/", nil),
		"GET /usage":            {{"GET", "/usage?access_key=" + asked, nil}},
		"GET /usage/{id}":       things("GET", "/usage/", nil),
		"GET /ops/jobs/{id}":    append(things("GET", "/ops/jobs/", nil), request{"GET", "/files/1?ajq_id=" + asked, nil}),
		"DELETE /ops/jobs/{id}": things("DELETE", "/ops/jobs/", nil),
		"POST /ops/revocations": {{"POST", "/ops/revocations", map[string]any{"tags": map[string]any{"x": placeholder}}}},
		"transfers":             nil,
	}
}

// quoted is a text within a JSON text, byte by byte.
func quoted(h string) string {
	var b strings.Builder
	for _, c := range []byte(h) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
