package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestFilters has each end that sends leave out what the rules say, in their order: the client and the server.
func TestFilters(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for _, name := range []string{"top.key", "a/sub.key", "a/tmp/z", "a/b/tmp/z", "a/x"} {
		files[name] = []byte("1")
	}
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, files)
	writeFiles(t, n.dir+"/out", files)
	for rules, want := range map[string]string{
		"-E /top.key":            "a/b/tmp/z a/sub.key a/tmp/z a/x",
		"-E tmp/":                "a/sub.key a/x top.key",
		"-E /**/tmp/**":          "a/sub.key a/x top.key",
		"-E a/**/z":              "a/sub.key a/x top.key",
		"-N *.key -N /**/ -E *":  "a/sub.key top.key",
		"-E *.key -N top.key":    "a/b/tmp/z a/tmp/z a/x",
		"-N top.key -E *.key":    "a/b/tmp/z a/tmp/z a/x top.key",
		"-N /a/b/tmp/z -E /**":   "a/b/tmp/z",
		"-E nothing -E b* -E t*": "a/sub.key a/x",
	} {
		up, down := t.TempDir(), t.TempDir()
		there := startNodeIn(t, up)
		if status := there.ascp(t, there.sending(t, "/"),
			append(strings.Fields(rules), from+"/.", "127.0.0.1:/")...); status != 0 {
			t.Errorf("%s: sent with status %d", rules, status)
		}
		if status := n.ascp(t, n.receiving(t, "/out"), append(strings.Fields(rules), "127.0.0.1:/out/.",
			down)...); status != 0 {
			t.Errorf("%s: received with status %d", rules, status)
		}
		for side, dir := range map[string]string{"sent": up, "received": down} {
			got := tree(t, dir)
			maps.DeleteFunc(got, func(_, what string) bool { return what == "folder" })
			if names := strings.Join(slices.Sorted(maps.Keys(got)), " "); names != want {
				t.Errorf("%s: %s %s, want %s", rules, side, names, want)
			}
		}
	}
}
