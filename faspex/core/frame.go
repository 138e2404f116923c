package core

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// Frame wraps the mux. Every answer tells the product's version, is stored by nobody and is no page that could load
// anything (the pages of the login say otherwise for themselves); addresses of the API may end in a slash, and have the
// singular where the guide has it (TestSpellingsOfTheGuide); and who reads something again that has not changed is told so instead (page-47).
func (s *Server) Frame(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-IBM-Aspera", s.version)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		inAPI := strings.HasPrefix(r.URL.Path, Base+v5+"/")
		if p := published(r.URL.Path); inAPI && p != r.URL.Path {
			u := *r.URL
			u.Path, u.RawPath = p, ""
			r.URL = &u // the request itself stays the same one, for the router writes the route into it
		}
		if inAPI && r.Method == http.MethodGet && r.URL.Path != eventsPath {
			c := &conditional{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(c, r)
			c.finish(r.Header.Get("If-None-Match"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// singulars are parts of addresses that the guide has in the singular, and what they are called.
var singulars = map[string]string{"/package/": "/packages/", "/shared_inbox/": "/shared_inboxes/", "/workgroup/": "/workgroups/"}

// published is the address of a call, for one as the guide spells it.
func published(path string) string {
	path = strings.TrimRight(path, "/")
	for singular, plural := range singulars {
		if rest, found := strings.CutPrefix(path, Base+v5+singular); found {
			return Base + v5 + plural + rest
		}
	}
	return path
}

// conditional holds an answer back until it is whole, tags it by its content unless it has a tag, and leaves
// it out when the client has it.
type conditional struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader keeps the status for finish.
func (c *conditional) WriteHeader(status int) { c.status = status }

// Write keeps the body for finish.
func (c *conditional) Write(b []byte) (int, error) { return c.body.Write(b) }

func (c *conditional) finish(known string) {
	if c.status == http.StatusOK && c.body.Len() > 0 {
		tag := c.Header().Get("ETag")
		if tag == "" {
			sum := sha256.Sum256(c.body.Bytes())
			tag = `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
			c.Header().Set("ETag", tag)
		}
		if hasTag(known, tag) {
			c.Header().Del("Content-Type")
			c.Header().Del("Content-Length")
			c.ResponseWriter.WriteHeader(http.StatusNotModified)
			return
		}
	}
	c.ResponseWriter.WriteHeader(c.status)
	_, _ = c.ResponseWriter.Write(c.body.Bytes()) // a failed write means the client has gone
}

// hasTag reports whether a list of entity tags, or *, names a tag. It compares weakly, for a router that compresses
// makes tags weak.
func hasTag(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
